"""Makes the pickles of this folder: two images as the Python version of CIFAR has them, by every protocol of Python 3. Needs
NumPy. Pixel p of image i is (i * 101 + p * 7) % 256, its label i + 3."""

import pathlib
import pickle

import numpy as np

HERE = pathlib.Path(__file__).parent
data = np.array([[(i * 101 + p * 7) % 256 for p in range(3072)] for i in range(2)], np.uint8)
for protocol in [2, 3, 4, 5]:
    batch = {b"batch_label": b"training batch 1 of 5", b"labels": [3, 4], b"data": data, b"filenames": [b"a", b"b"]}
    (HERE / f"protocol{protocol}").write_bytes(pickle.dumps(batch, protocol=protocol))
