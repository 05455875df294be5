"""Writes the checkpoints of this folder, as training programs lay them out and every PyTorch writes them. Needs torch.

All hold the same two tensors, however they are stored: `out_layer.weight` [4, 6], counting up by 1/8 from 0, and
`out_layer.bias` [4], counting down by 1/4 from 1.
"""

import argparse
import collections
import pathlib

import torch
from torch import nn

here = pathlib.Path(__file__).parent
weight = torch.arange(24, dtype=torch.float32).reshape(4, 6) / 8
bias = 1 - torch.arange(4, dtype=torch.float32) / 4


def state(prefix="", scale=1.0, weight=weight, bias=bias):
    names = {prefix + "out_layer.weight": weight * scale if scale != 1 else weight}
    names[prefix + "out_layer.bias"] = bias * scale if scale != 1 else bias
    result = collections.OrderedDict(names)
    result._metadata = {"": {"version": 1}}
    return result


def save(name, what, **how):
    torch.save(what, here / name, **how)


# Wrappers.
save("wrapped.pt", state("_orig_mod.module."))
save("wrapped_often.pt", {"net": state("module._orig_mod.network.model.")})

# Containers. The averaged weights are half the others.
adam = {"state": {0: {"step": torch.tensor(3.0), "exp_avg": weight}}, "param_groups": [{"lr": 1e-3, "params": [0]}]}
save("choice.pt", {"epoch": 3, "optimizer": adam, "state_dict_ema": state(scale=0.5), "state_dict": state()})
inner = state("model.") | state("model_ema.module.", 0.5) | {"criterion.weight": bias, "model_ema.n_averaged": torch.tensor(7)}
lightning = {
    "epoch": 3,
    "global_step": 2**40,
    "pytorch-lightning_version": "2.0",
    "state_dict": inner,
    "optimizer_states": [adam | {"big": 2**70, "none": None, "flag": True}],
    "callbacks": {"best": pathlib.PurePosixPath("a/b"), "set": {1, 2}, "bytes": b"abc"},
    "hyper_parameters": argparse.Namespace(lr=0.1),
}
save("lightning.ckpt", lightning)

# Counters, and tensors of kinds that are no weights.
unused = {
    "total_ops": torch.zeros(1, dtype=torch.float64),
    "total_params": torch.zeros(1, dtype=torch.float64),
    "norm.num_batches_tracked": torch.tensor(5),
    "mask": torch.ones(3, dtype=torch.bool),
    "angles": torch.ones(2, dtype=torch.complex64),
    "table": torch.eye(3).to_sparse(),
    "small": torch.ones(2).to(torch.float8_e4m3fn),
    "later": torch.empty(2, device="meta"),
}
unused |= {f"extra.{i}": torch.ones(1) for i in range(5)}
save("unused.pt", {"model": state() | unused})

# Formats and protocols.
for protocol in range(6):
    save(f"legacy{protocol}.pt", state(), pickle_protocol=protocol, _use_new_zipfile_serialization=False)
    save(f"protocol{protocol}.pt", state(), pickle_protocol=protocol)


# Whole objects.
class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.out_layer = nn.Linear(6, 4)
        self.out_layer.load_state_dict({"weight": weight, "bias": bias})

    def forward(self, x):
        return self.out_layer(x)


save("module.pt", {"model": Net(), "epoch": 3})
torch.jit.script(Net()).save(here / "script.pt")
save("settings.pt", {"lr": 0.1, "names": ["a", "b"]})
save("object.pt", argparse.Namespace(lr=0.1))

# Layouts.
both = torch.cat([torch.full((5,), 9.0), weight.t().flatten(), bias, weight.flatten()])
shared = state(weight=both[5:29].view(6, 4).t(), bias=both[29:33])
save("shared.pt", shared)
save("channels_last.pt", state(weight=weight.reshape(4, 6, 1, 1).contiguous(memory_format=torch.channels_last)))
save("half.pt", state(weight=weight.half(), bias=bias.bfloat16()))
save("double.pt", {k: nn.Parameter(v.double()) for k, v in state().items()})
save("expanded.pt", state(weight=torch.arange(6.0).expand(4, 6), bias=torch.tensor(0.5).expand(4)))


class Untyped:
    """A tensor as PyTorch writes those whose type of number has no storage of its own."""

    def __init__(self, tensor):
        self.tensor = tensor

    def __reduce_ex__(self, protocol):
        t = self.tensor
        arguments = (t.untyped_storage(), t.storage_offset(), tuple(t.size()), t.stride(), False, {}, t.dtype, None)
        return torch._utils._rebuild_tensor_v3, arguments


save("untyped.pt", {k: Untyped(v) for k, v in state(weight=both[33:].view(4, 6)).items()})


# What a malicious file does: it would write a file where it is loaded.
class Harm:
    def __reduce__(self):
        return exec, ("open('harm-was-done', 'w').close()",)


save("harm.pt", state() | {"x": Harm()})
