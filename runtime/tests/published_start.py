"""Trains the PyTorch reference in float64 by the released recipe, without dropout, from given weights on given batches and writes the
loss of each step: `python published_start.py REFERENCE WEIGHTS BATCHES OUT STEPS_PER_EPOCH`."""

import importlib.util
import math
import sys

import torch
from safetensors.torch import load_file, save_file

reference, weights, batches, out, per_epoch = sys.argv[1:]
spec = importlib.util.spec_from_file_location("reference", reference)
program = importlib.util.module_from_spec(spec)
sys.modules["reference"] = program
spec.loader.exec_module(program)


def rate(step, epochs=100, warmup=8, peak=0.001215):
    """A warm-up and a cosine that starts before its top, multiplied."""
    warm = warmup * int(per_epoch)
    length = epochs * int(per_epoch) - warm
    rise = 1e-8 + (1 - 1e-8) * min(step / warm, 1)
    return peak * rise * (1 + math.cos(math.pi * (step - warm) / length)) / (1 + math.cos(math.pi * warm / length))


cfg = program.Config()
torch.set_default_dtype(torch.float64)
p = {name: tensor.double().requires_grad_() for name, tensor in load_file(weights).items()}
optimizer = program.Kar3(list(p.values()), 0.0)
given = load_file(batches)
losses = []
for step, (images, targets) in enumerate(zip(given["images"], given["targets"])):
    loss = program.total_loss(p, cfg, images.double(), targets.argmax(1), train=False)[0]
    loss.backward()
    for tensor in optimizer.params:
        if tensor.grad is None:
            tensor.grad = torch.zeros_like(tensor)
    optimizer.lr = rate(step)
    optimizer.step()
    losses.append(loss.item())
save_file({"losses": torch.tensor(losses)}, out)
