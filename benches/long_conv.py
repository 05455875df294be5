"""The same as `cargo bench --bench long_conv` with torch.fft, for pairs: `python benches/long_conv.py [shortest] [longest]`."""

import sys
import time

import torch

numbers = [int(text) for text in sys.argv[1:]] + [1024, 65536, 16, 64][len(sys.argv) - 1 :]
length, longest, images, channels = numbers
while length <= longest:
    x, kernel = (torch.randn(images, channels, length, requires_grad=True) for _ in range(2))
    times = []
    for _ in range(7):
        began = time.perf_counter()
        size = 2 * length
        y = torch.fft.irfft(torch.fft.rfft(x, size) * torch.fft.rfft(kernel, size), size)[..., :length]
        y.sum().backward()
        times.append(time.perf_counter() - began)
    print(f"{length:8} {min(times) * 1e3:10.2f} ms")
    length *= 2
