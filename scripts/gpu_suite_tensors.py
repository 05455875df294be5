"""Reads and writes .safetensors files of numbers with the standard library alone, and compares them."""
import array
import json
import math
import struct

KINDS = {"F32": "f", "F64": "d", "I64": "q", "I32": "i"}


def read(path):
    """The tensors of a file: name to (shape, numbers)."""
    raw = path.read_bytes()
    (size,) = struct.unpack("<Q", raw[:8])
    header = json.loads(raw[8:8 + size])
    found = {}
    for name, entry in header.items():
        if name == "__metadata__":
            continue
        start, end = entry["data_offsets"]
        numbers = array.array(KINDS[entry["dtype"]])
        numbers.frombytes(raw[8 + size + start:8 + size + end])
        found[name] = (entry["shape"], numbers)
    return found


def write(path, tensors):
    """Writes tensors as 32-bit floats."""
    header, parts, at = {}, [], 0
    for name, (shape, numbers) in tensors.items():
        data = array.array("f", numbers).tobytes()
        header[name] = {"dtype": "F32", "shape": shape, "data_offsets": [at, at + len(data)]}
        parts.append(data)
        at += len(data)
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)
    path.write_bytes(struct.pack("<Q", len(text)) + text + b"".join(parts))


def norm(numbers):
    return math.sqrt(math.fsum(x * x for x in numbers))


def distance(found, expected):
    """||found - expected|| / ||expected||; infinite where sizes differ or something is not a number."""
    if len(found) != len(expected):
        return math.inf
    difference = norm([a - b for a, b in zip(found, expected)])
    return difference / max(norm(expected), 1e-300) if math.isfinite(difference) else math.inf
