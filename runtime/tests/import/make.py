"""Writes lightning.ckpt, a training checkpoint as PyTorch Lightning lays it out, and plain.pt. Needs torch."""
import collections
import pathlib

import torch

base = torch.arange(24, dtype=torch.float32).reshape(4, 6)
state = collections.OrderedDict(
    {
        "network.blocks.0.bias": torch.tensor([0.5]),
        "network.out_layer.weight": base.t(),  # a transposed view: strides count
        "network.out_layer.bias": base[1:3, 2:4],  # a window: the offset counts
        "network.half": torch.tensor([1.0, -2.0], dtype=torch.float16),
        "network.train_length": torch.tensor(9),
    }
)
state._metadata = {"": {"version": 1}}
here = pathlib.Path(__file__).parent
checkpoint = {
    "epoch": 3,
    "global_step": 2**40,
    "pytorch-lightning_version": "2.0",
    "state_dict": state,
    "optimizer_states": [{"state": {0: {"m": torch.ones(2)}}, "lr": 1e-3, "big": 2**70, "none": None, "flag": True}],
    "callbacks": {"best": pathlib.PurePosixPath("a/b"), "set": {1, 2}, "bytes": b"abc"},
}
torch.save(checkpoint, here / "lightning.ckpt")
torch.save({k: torch.nn.Parameter(v) for k, v in state.items() if v.is_floating_point()}, here / "plain.pt")
