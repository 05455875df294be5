"""Writes a data set of small images for scripts/cuda-check: `images.py FOLDER`, four classes of 6 x 6 colour images."""
import pathlib
import struct
import sys
import zlib

SIZE, CLASSES, IMAGES = 6, 4, {"train": 40, "test": 12}


def chunk(kind, data):
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def png(seed):
    """A picture whose bytes are a function of the seed."""
    rows = [bytes([0]) + bytes((seed * 37 + y * 11 + x * 5) % 256 for x in range(3 * SIZE)) for y in range(SIZE)]
    header = struct.pack(">IIBBBBB", SIZE, SIZE, 8, 2, 0, 0, 0)
    body = zlib.compress(b"".join(rows))
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", body) + chunk(b"IEND", b"")


for part, images in IMAGES.items():
    for name in range(CLASSES):
        folder = pathlib.Path(sys.argv[1], part, f"class{name}")
        folder.mkdir(parents=True, exist_ok=True)
        for image in range(images):
            (folder / f"{image}.png").write_bytes(png(name * 1000 + image))
