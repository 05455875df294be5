"""What emitted PyTorch source carries of these functions, as far as it calls them."""

import math

import torch
import torch.nn.functional as F
from torch import nn


def standardize(x, dims, eps=1e-5):
    """Zero mean and unit biased variance over `dims`."""
    variance, mean = torch.var_mean(x, dims, correction=0, keepdim=True)
    return (x - mean) / torch.sqrt(variance + eps)


def standardize_scaled(x, scale):
    """`standardize(x * scale, (2, 3))` for positive factors, without the cancelling product."""
    # The reciprocal first: the gradient of `1 / scale ** 2` divides by `scale ** 4`.
    variance, mean = torch.var_mean(x, (2, 3), correction=0, keepdim=True)
    return (x - mean) / torch.sqrt(variance + 1e-5 * scale.clamp_min(1e-12).reciprocal() ** 2)


def standardize_groups(x, groups):
    """Equal groups of channels, even ones over the batch, odd ones each image by itself."""
    parts = enumerate(x.chunk(groups, 1))
    return torch.cat([standardize(part, (2, 3) if i % 2 else (0, 2, 3)) for i, part in parts], 1)


def standardize_odd(x, groups):
    """Equal groups of channels, odd ones each image by itself, even ones left as they are."""
    parts = enumerate(x.chunk(groups, 1))
    return torch.cat([standardize(part, (2, 3)) if i % 2 else part for i, part in parts], 1)


def normalize(x, dims):
    """`x / max(||x||, 1e-12)` with the L2 norm over `dims`."""
    return x / x.square().sum(dims, keepdim=True).clamp_min(1e-24).sqrt()


def depthwise(x, kernel):
    """Depthwise convolution, zero padding; the kernel is `[1, C, height, width]`, sides odd."""
    padding = [(size - 1) // 2 for size in kernel.shape[2:]]
    return F.conv2d(x, kernel.transpose(0, 1), padding=padding, groups=x.shape[1])


def long_conv_circular(x, kernel):
    """Convolution with a kernel of as many positions; indices go round at the edges."""
    sizes = x.shape[2:]
    return torch.fft.irfft2(torch.fft.rfft2(x) * torch.fft.rfft2(kernel), sizes)


def long_conv_zero(x, kernel):
    """The same with zeros beyond the edges, the kernel's centre at `(n - 1) / 2`, rounded down."""
    height, width = x.shape[2:]
    rows = long_conv_full(x, kernel).narrow(2, (height - 1) // 2, height)
    return rows.narrow(3, (width - 1) // 2, width)


def long_conv_causal(x, kernel):
    """Each position of a line with itself and those before."""
    return long_conv_full(x, kernel).narrow(2, 0, x.shape[2])


def long_conv_full(x, kernel):
    """The convolution at all positions where anything meets."""
    sizes = [2 * size - 1 for size in x.shape[2:]]
    return torch.fft.irfft2(torch.fft.rfft2(x, sizes) * torch.fft.rfft2(kernel, sizes), sizes)


def concat(parts):
    """Joined along channels; parts of one image are repeated for each image of the others."""
    images = max(len(part) for part in parts)
    return torch.cat([part.expand(images, -1, -1, -1) for part in parts], 1)


def flatten(x):
    """All positions as channels."""
    return x.reshape(len(x), -1, 1, 1)


def dropout(x, rate, shared, training):
    """One draw for all of the axes `shared`."""
    if not training:
        return x
    dims = shared if isinstance(shared, tuple) else (shared,)
    shape = [1 if axis in dims else size for axis, size in enumerate(x.shape)]
    return x * F.dropout(torch.ones(shape, device=x.device), rate)


def axis(length):
    """`length` equal steps over [-1, 1] in float64; a single position is at -1."""
    return torch.linspace(-1, 1, length, dtype=torch.float64)


def exact(sizes):
    """The coordinates of a grid, `[1, axes, H, W]`, in float64."""
    grid = torch.stack(torch.meshgrid(*map(axis, sizes), indexing="ij"))
    return grid.reshape(1, len(sizes), *sizes, *[1] * (2 - len(sizes)))


def coordinates(sizes, device):
    """The coordinates of a grid, `[1, axes, H, W]`, as exact as other values."""
    return exact(sizes).to(device, torch.float32)


def fourier(grid, linear):
    """`sin(weight grid + bias)` in float64, of coordinates made anew: the argument reaches 1e5."""
    weight, bias = linear.tensors()
    grid = exact(grid.shape[2:][: grid.shape[1]]).to(grid.device)
    argument = F.conv2d(grid, weight.double()[:, :, None, None], bias.double())
    return torch.sin(argument).to(weight.dtype)


class Linear(nn.Module):
    """A linear map of the channels: weight `[outputs, inputs]` and bias `[outputs]`."""

    def __init__(self, outputs, inputs, weight=None, bias=("constant", 0.0)):
        super().__init__()
        if weight is None:
            # As PyTorch starts its own.
            weight = bias = ("kaiming_uniform", 1 / math.sqrt(3))
        self.weight = draw(weight, (outputs, inputs), inputs)
        self.bias = draw(bias, (outputs,), inputs)

    def tensors(self):
        return self.weight, self.bias

    def forward(self, x):
        return F.conv2d(x.to(self.weight.dtype), self.weight[:, :, None, None], self.bias)


class Unbiased(nn.Module):
    """A linear map of the channels without a bias: weight `[outputs, inputs]`."""

    def __init__(self, outputs, inputs, weight=("kaiming_uniform", 1 / math.sqrt(3))):
        super().__init__()
        self.weight = draw(weight, (outputs, inputs), inputs)

    def tensors(self):
        return self.weight, self.weight.new_zeros(len(self.weight))

    def forward(self, x):
        return F.conv2d(x.to(self.weight.dtype), self.weight[:, :, None, None])


class Conv(nn.Module):
    """A convolution: kernels `[outputs, inputs of a group, height, width]` and bias `[outputs]`."""

    def __init__(self, outputs, inputs, height, width, weight=None, bias=("constant", 0.0)):
        super().__init__()
        if weight is None:
            # As PyTorch starts its own.
            weight = bias = ("kaiming_uniform", 1 / math.sqrt(3))
        fan = inputs * height * width
        self.weight = draw(weight, (outputs, inputs, height, width), fan)
        self.bias = draw(bias, (outputs,), fan)

    def forward(self, x, stride, padding, groups):
        return F.conv2d(x, self.weight, self.bias, stride, padding, 1, groups)


class UnbiasedConv(nn.Module):
    """A convolution without a bias: kernels `[outputs, inputs of a group, height, width]`."""

    def __init__(self, outputs, inputs, height, width, weight=None):
        super().__init__()
        # As PyTorch starts its own, if nothing else is said.
        weight = weight or ("kaiming_uniform", 1 / math.sqrt(3))
        fan = inputs * height * width
        self.weight = draw(weight, (outputs, inputs, height, width), fan)

    def forward(self, x, stride, padding, groups):
        return F.conv2d(x, self.weight, None, stride, padding, 1, groups)


class Running(nn.Module):
    """Running mean and unbiased variance of each channel; in training the batch's own."""

    def __init__(self, channels):
        super().__init__()
        self.register_buffer("mean", torch.zeros(channels))
        self.register_buffer("var", torch.ones(channels))

    def forward(self, x, momentum, eps):
        return F.batch_norm(x, self.mean, self.var, None, None, self.training, momentum, eps)


class Rescale(nn.Module):
    """A factor and a summand per channel: a standardization with known statistics."""

    def __init__(self, channels, scale, shift=("constant", 0.0)):
        super().__init__()
        self.scale = draw(scale, (channels,))
        self.shift = draw(shift, (channels,))

    def forward(self, x):
        return x * self.scale[:, None, None] + self.shift[:, None, None]


def fixed(module, *names):
    """The same, with tensors that are never trained: these, or all."""
    for name in names:
        getattr(module, name).requires_grad_(False)
    return module if names else module.requires_grad_(False)


def draw(start, shape, inputs=1):
    """A fresh parameter; gains are relative to the inputs to each output."""
    kind, gain, *more = start
    if kind == "constant":
        return nn.Parameter(torch.full(shape, gain))
    if kind.startswith("kaiming"):
        gain *= (math.sqrt(3) if kind == "kaiming_uniform" else 1) / math.sqrt(inputs)
    if kind.endswith("normal"):
        return nn.Parameter(torch.randn(shape) * gain)
    bound = (torch.rand(shape) * 2 - 1) * gain
    if kind == "gamma_uniform":
        bound *= torch._standard_gamma(torch.full(shape, more[0]))
    return nn.Parameter(bound)
