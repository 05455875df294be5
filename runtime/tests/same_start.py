"""Trains an emitted module by AdamW from given weights on given batches and writes the loss of each step:
`python same_start.py MODULE WEIGHTS BATCHES OUT LEARNING_RATE`."""

import importlib.util
import sys

import torch
import torch.nn.functional as F
from safetensors.torch import load_file, save_file

module, weights, batches, out, rate = sys.argv[1:]
spec = importlib.util.spec_from_file_location("emitted", module)
emitted = importlib.util.module_from_spec(spec)
spec.loader.exec_module(emitted)
network = emitted.load(weights).train()
given = load_file(batches)
optimizer = torch.optim.AdamW(network.parameters(), lr=float(rate), betas=(0.9, 0.99), weight_decay=0.05)
losses = []
for images, targets in zip(given["images"], given["targets"]):
    loss = F.cross_entropy(network(images), targets, label_smoothing=0.1)
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    losses.append(loss.item())
save_file({"losses": torch.tensor(losses)}, out)
