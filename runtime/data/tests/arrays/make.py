"""Makes the `.npz` files of this folder: three images and two as Keras has MNIST, and as others have CIFAR-10. Needs NumPy. Value p
of image i, `[C, H, W]`, is (i * 101 + p * 7) % 256, its label i + 3; test images are numbered from 5."""

import pathlib

import numpy as np

HERE = pathlib.Path(__file__).parent


def images(numbers, shape):
    size = int(np.prod(shape))
    return np.array([[(i * 101 + p * 7) % 256 for p in range(size)] for i in numbers], np.uint8).reshape(-1, *shape)


def labels(numbers, kind):
    return np.array([i + 3 for i in numbers], kind)


train, test = [0, 1, 2], [5, 6]
mnist = {
    "x_train": images(train, (28, 28)),
    "y_train": labels(train, np.uint8),
    "x_test": images(test, (28, 28)),
    "y_test": labels(test, np.uint8),
}
np.savez_compressed(HERE / "mnist.npz", **mnist)
rows = (0, 2, 3, 1)
cifar = {
    "x_train": images(train, (3, 32, 32)).transpose(rows).copy(),
    "y_train": labels(train, np.int64)[:, None],
    "x_test": images(test, (3, 32, 32)).transpose(rows).copy(),
    "y_test": labels(test, np.int64)[:, None],
}
np.savez_compressed(HERE / "cifar10.npz", **cifar)
planar = {
    "train_images": images(train, (3, 32, 32)),
    "train_labels": labels(train, np.int32),
    "test_images": images(test, (3, 32, 32)),
    "test_labels": labels(test, np.int32),
}
np.savez(HERE / "planar.npz", **planar)
wrong = {name: value.astype(np.float32) / 255 if name.startswith("x") else value for name, value in mnist.items()}
np.savez_compressed(HERE / "floats.npz", **wrong)
