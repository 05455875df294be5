"""Trains the PyTorch reference in float64 by the released recipe, without dropout, from given weights on given batches and writes the
loss of each step: `python published_start.py REFERENCE WEIGHTS BATCHES OUT STEPS_PER_EPOCH`."""

import sys
from pathlib import Path

import torch
from safetensors.torch import load_file, save_file

sys.dont_write_bytecode = True
sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "benches"))
from learning import load, rate

reference, weights, batches, out, per_epoch = sys.argv[1:]
program = load(reference)
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
    optimizer.lr = rate(step, int(per_epoch))
    optimizer.step()
    losses.append(loss.item())
save_file({"losses": torch.tensor(losses)}, out)
