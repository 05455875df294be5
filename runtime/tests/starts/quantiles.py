"""Writes how the fresh weights of a PyTorch reference are distributed, with which `starts.rs` compares termc's:
`python quantiles.py REFERENCE OUT`. For every tensor of 20 fresh CIFAR-10 models, pooled: its quantiles 0.05, 0.10, ... 0.95, their
mean and their deviation, one row of 21 numbers each, under the published names."""

import sys
from pathlib import Path

import torch
from safetensors.torch import save_file

sys.dont_write_bytecode = True
sys.path.insert(0, str(Path(__file__).resolve().parents[3] / "benches"))
from learning import load

reference, out = sys.argv[1:]
program = load(reference)
models = [program.init(program.Config(), seed) for seed in range(1_000, 1_020)]
found = {}
for name in models[0]:
    values = torch.cat([model[name].double().flatten() for model in models])
    levels = values.sort().values[[max(0, -(-len(values) * i // 20) - 1) for i in range(1, 20)]]
    found[name] = torch.cat([levels, values.mean()[None], values.std(correction=0)[None]]).float()
save_file(found, out)
