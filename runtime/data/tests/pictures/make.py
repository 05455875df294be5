"""Makes the pictures of this folder and values.txt, which says what Pillow makes of them. Needs Pillow and NumPy.

Each line of values.txt: name, width, height, red-green-blue pixels in hexadecimal, grey pixels in hexadecimal. Pixels are
as Pillow shows the picture: EXIF orientation applied, transparency over white, `convert("RGB")` and `convert("L")`.
Grey of 16 bits is reduced to its high byte; Pillow's own conversion clips it instead.

fitted.txt has rgb.png fitted to other sizes as torchvision's transforms do it with Pillow images: the way, the width, the
height, red-green-blue pixels.
"""

import io
import pathlib
import struct
import zlib

import numpy as np
from PIL import Image, ImageFile, ImageOps

# For JPEGs without their end marker.
ImageFile.LOAD_TRUNCATED_IMAGES = True

HERE = pathlib.Path(__file__).parent
WIDTH, HEIGHT = 20, 12

y, x = np.mgrid[0:HEIGHT, 0:WIDTH]
RED = 20 + 10 * x
GREEN = 240 - 17 * y
BLUE = 128 + 60 * np.sin(x / 4) * np.cos(y / 3)
PIXELS = np.stack([RED, GREEN, BLUE], -1).clip(0, 255).astype(np.uint8)
ALPHA = ((x * 13 + y * 7) % 256).astype(np.uint8)
RGB = Image.fromarray(PIXELS)
RGBA = Image.fromarray(np.concatenate([PIXELS, ALPHA[..., None]], -1))
GREY = RGB.convert("L")


def png(name, pixels, colour, depth, interlaced=False, extra=b""):
    """A PNG file as Pillow cannot write it: 16 bits a channel, interlaced, further chunks."""

    def chunk(kind, data):
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    def rows(part):
        kind = ">u2" if depth == 16 else "u1"
        return b"".join(b"\0" + row.astype(kind).tobytes() for row in part)

    passes = [(0, 0, 8, 8), (0, 4, 8, 8), (4, 0, 8, 4), (0, 2, 4, 4), (2, 0, 4, 2), (0, 1, 2, 2), (1, 0, 2, 1)]
    if interlaced:
        parts = [pixels[top::down, left::right] for top, left, down, right in passes]
        data = b"".join(rows(part) for part in parts if part.size)
    else:
        data = rows(pixels)
    header = struct.pack(">IIBBBBB", pixels.shape[1], pixels.shape[0], depth, colour, 0, 0, interlaced)
    chunks = chunk(b"IHDR", header) + extra_chunk(extra, chunk) + chunk(b"IDAT", zlib.compress(data)) + chunk(b"IEND", b"")
    (HERE / name).write_bytes(b"\x89PNG\r\n\x1a\n" + chunks)


def extra_chunk(extra, chunk):
    return chunk(extra[:4], extra[4:]) if extra else b""


def exif(orientation):
    tags = Image.Exif()
    tags[0x0112] = orientation
    return tags


def save(image, name, **options):
    image.save(HERE / name, **options)


def make():
    wide = PIXELS.astype(np.uint16) * 257 - 100
    save(RGB, "rgb.png")
    save(GREY, "grey.png")
    save(RGB.quantize(16), "palette.png")
    save(RGB.quantize(16), "palette_transparent.png", transparency=bytes(range(0, 256, 16)))
    save(RGBA, "alpha.png")
    save(GREY.convert("1"), "one_bit.png")
    grey_alpha = Image.merge("LA", [GREY, RGBA.getchannel("A")])
    save(grey_alpha, "grey_alpha.png")
    save(GREY, "grey_transparent.png", transparency=GREY.getpixel((3, 3)))
    png("rgb16.png", wide, 2, 16)
    png("grey16.png", wide[..., 1], 0, 16)
    png("interlaced.png", PIXELS, 2, 8, interlaced=True)
    save(RGB, "exif6.png", exif=exif(6))
    save(RGB, "rgb.jpg", quality=95, subsampling=0)
    save(RGB, "subsampled.jpg", quality=90, subsampling=2)
    save(RGB, "progressive.jpg", quality=90, progressive=True)
    save(GREY, "grey.jpg", quality=90)
    cmyk = RGB.convert("CMYK")
    cmyk = np.asarray(cmyk).copy()
    cmyk[..., 3] = (ALPHA // 3).astype(np.uint8)
    save(Image.fromarray(cmyk, "CMYK"), "cmyk.jpg", quality=95, subsampling=0)
    # The same with the Adobe marker's transform set to 2: luma, chroma and black.
    data = (HERE / "cmyk.jpg").read_bytes()
    place = data.index(b"Adobe") + 11
    assert data[place] == 0
    (HERE / "ycck.jpg").write_bytes(data[:place] + b"\2" + data[place + 1 :])
    for orientation in range(1, 9):
        save(RGB, f"exif{orientation}.jpg", quality=95, subsampling=0, exif=exif(orientation))
    data = (HERE / "rgb.jpg").read_bytes()
    (HERE / "trailing.jpg").write_bytes(data + b"\xff\xda appended by a camera \xff\xd8" + data[2:200])
    for name in ["rgb", "subsampled", "grey"]:
        data = (HERE / f"{name}.jpg").read_bytes()
        assert data[-2:] == b"\xff\xd9"
        (HERE / f"{name}_without_end.jpg").write_bytes(data[:-2])
    save(RGB, "lossless.webp", lossless=True)
    save(RGB, "lossy.webp", quality=95)
    save(RGBA, "alpha.webp", lossless=True, exact=True)
    save(RGB, "exif6.webp", lossless=True, exif=exif(6))
    # The same with the prefix that EXIF data have in JPEG files.
    data = (HERE / "exif6.webp").read_bytes()
    place = data.index(b"EXIF") + 4
    exif_size = int.from_bytes(data[place : place + 4], "little")
    tail = struct.pack("<I", exif_size + 6) + b"Exif\0\0" + data[place + 4 :]
    riff_size = struct.pack("<I", int.from_bytes(data[4:8], "little") + 6)
    (HERE / "exif6_prefix.webp").write_bytes(data[:4] + riff_size + data[8:place] + tail)
    save(RGB, "rgb.bmp")
    save(GREY, "grey.bmp")
    save(RGB.quantize(16), "palette.bmp")
    save(RGB.quantize(64), "palette.gif")
    save(GREY, "grey.gif", interlace=1)
    second = ImageOps.invert(RGB).quantize(64)
    save(RGB.quantize(64), "animated.gif", save_all=True, append_images=[second], duration=100)
    save(RGB.quantize(16), "transparent.gif", transparency=3)
    save(RGB, "rgb.tif")
    save(RGB, "lzw.tif", compression="tiff_lzw")
    save(RGB, "deflate.tif", compression="tiff_adobe_deflate")
    save(GREY, "grey.tif")
    save(GREY.convert("1"), "one_bit.tif")
    save(Image.fromarray(wide[..., 1]), "grey16.tif")
    save(RGBA, "alpha.tif")
    save(Image.fromarray(cmyk, "CMYK"), "cmyk.tif")
    tags = Image.Exif()
    tags[0x0112] = 6
    save(RGB, "exif6.tif", exif=tags)
    # Names that say nothing.
    (HERE / "a_png.jpg").write_bytes((HERE / "rgb.png").read_bytes())
    (HERE / "no_extension").write_bytes((HERE / "grey.png").read_bytes())


def shown(path):
    image = Image.open(io.BytesIO(path.read_bytes()))
    image = ImageOps.exif_transpose(image)
    if image.mode.startswith("I"):
        image = Image.fromarray((np.asarray(image).astype(np.uint32) >> 8).astype(np.uint8))
    if "A" in image.mode or "transparency" in image.info:
        image = image.convert("RGBA")
        white = Image.new("RGBA", image.size, "white")
        image = Image.alpha_composite(white, image).convert("RGB")
    return image


def main():
    make()
    lines = []
    for path in sorted(HERE.iterdir()):
        if path.name in ("make.py", "values.txt", "fitted.txt"):
            continue
        image = shown(path)
        rgb, grey = image.convert("RGB").tobytes(), image.convert("L").tobytes()
        lines.append(f"{path.name} {image.width} {image.height} {rgb.hex()} {grey.hex()}\n")
    (HERE / "values.txt").write_text("".join(lines))
    lines = []
    for way in ["crop", "stretch", "pad"]:
        for size in [(8, 8), (7, 9), (9, 4), (12, 12), (32, 32), (5, 13), (20, 12)]:
            image = fitted(RGB, way, *size)
            assert image.size == size
            lines.append(f"{way} {size[0]} {size[1]} {image.tobytes().hex()}\n")
    (HERE / "fitted.txt").write_text("".join(lines))


def fitted(image, way, width, height):
    if way == "stretch":
        return image.resize((width, height), Image.BILINEAR)
    wider = image.width * height >= image.height * width
    if wider == (way == "crop"):
        size = max(1, image.width * height // image.height), height
    else:
        size = width, max(1, image.height * width // image.width)
    image = image.resize(size, Image.BILINEAR)
    # torchvision.transforms.CenterCrop; with a larger size it pads.
    left, top = round((image.width - width) / 2), round((image.height - height) / 2)
    if way == "crop":
        return image.crop((left, top, left + width, top + height))
    whole = Image.new("RGB", (width, height))
    whole.paste(image, (round((width - image.width) / 2), round((height - image.height) / 2)))
    return whole


main()
