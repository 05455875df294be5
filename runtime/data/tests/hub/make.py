"""Makes the Parquet files of this folder: three images and two as Hugging Face's hub has CIFAR-10, CIFAR-100 and MNIST, with the
compression and the metadata of its `datasets` library. Needs Pillow, NumPy and pyarrow. Value p of image i, `[C, H, W]`, is
(i * 101 + p * 7) % 256, its label i + 3; test images are numbered from 5."""

import io
import json
import pathlib

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from PIL import Image

HERE = pathlib.Path(__file__).parent
IMAGE = pa.struct([("bytes", pa.binary()), ("path", pa.string())])


def png(number, shape):
    values = np.array([(number * 101 + p * 7) % 256 for p in range(int(np.prod(shape)))], np.uint8).reshape(shape)
    image = Image.fromarray(values[0] if shape[0] == 1 else values.transpose(1, 2, 0))
    file = io.BytesIO()
    image.save(file, format="PNG")
    return {"bytes": file.getvalue(), "path": None}


def write(name, shape, image, labels):
    for part, numbers in [("train", [0, 1, 2]), ("test", [5, 6])]:
        columns = {image: pa.array([png(i, shape) for i in numbers], IMAGE)}
        for label in labels:
            values = [i + 3 for i in numbers] if label != "coarse_label" else [19] * len(numbers)
            columns[label] = pa.array(values, pa.int64())
        info = {"info": {"features": {image: {"_type": "Image"}}}}
        table = pa.table(columns).replace_schema_metadata({"huggingface": json.dumps(info)})
        folder = HERE / name
        folder.mkdir(exist_ok=True)
        pq.write_table(table, folder / f"{part}-00000-of-00001.parquet", compression="snappy")


write("cifar10", (3, 32, 32), "img", ["label"])
write("cifar100", (3, 32, 32), "img", ["fine_label", "coarse_label"])
write("mnist", (1, 28, 28), "image", ["label"])
