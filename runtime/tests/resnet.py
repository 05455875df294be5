"""A residual network as PyTorch's users write it, with weights of its own: writes its state dict, images, and what it makes of them."""

import sys

import torch
import torch.nn.functional as F
from safetensors.torch import save_file
from torch import nn


class BasicBlock(nn.Module):
    def __init__(self, inputs, outputs, stride):
        super().__init__()
        self.conv1 = nn.Conv2d(inputs, outputs, 3, stride, 1, bias=False)
        self.bn1 = nn.BatchNorm2d(outputs)
        self.conv2 = nn.Conv2d(outputs, outputs, 3, 1, 1, bias=False)
        self.bn2 = nn.BatchNorm2d(outputs)
        self.downsample = None
        if stride != 1 or inputs != outputs:
            convolution = nn.Conv2d(inputs, outputs, 1, stride, bias=False)
            self.downsample = nn.Sequential(convolution, nn.BatchNorm2d(outputs))

    def forward(self, x):
        y = F.relu(self.bn1(self.conv1(x)))
        y = self.bn2(self.conv2(y))
        return F.relu(y + (x if self.downsample is None else self.downsample(x)))


class ResNet(nn.Module):
    def __init__(self, width, depth, stages, classes):
        super().__init__()
        self.conv1 = nn.Conv2d(3, width, 3, 1, 1, bias=False)
        self.bn1 = nn.BatchNorm2d(width)
        inputs = width
        for stage in range(stages):
            outputs = width * 2**stage
            blocks = []
            for block in range(depth):
                stride = 2 if stage and not block else 1
                blocks.append(BasicBlock(inputs, outputs, stride))
                inputs = outputs
            setattr(self, f"layer{stage + 1}", nn.Sequential(*blocks))
        self.stages = stages
        self.fc = nn.Linear(inputs, classes)

    def forward(self, x):
        x = F.relu(self.bn1(self.conv1(x)))
        for stage in range(self.stages):
            x = getattr(self, f"layer{stage + 1}")(x)
        return self.fc(x.mean((2, 3)))


torch.manual_seed(1)
torch.set_default_dtype(torch.float64)
model = ResNet(16, 3, 3, 10)
with torch.no_grad():
    for name, parameter in model.named_parameters():
        if "bn" in name or "downsample.1" in name:
            parameter.add_(0.2 * torch.randn_like(parameter))
    # Running statistics that are not those of a fresh network.
    for _ in range(3):
        model(torch.randn(16, 3, 32, 32))
    # What float32 holds.
    for tensor in model.state_dict().values():
        if tensor.is_floating_point():
            tensor.copy_(tensor.float())
state = {name: tensor.clone() for name, tensor in model.state_dict().items()}
images, labels = torch.randn(8, 3, 32, 32).float().double(), torch.arange(8) % 10
with torch.no_grad():
    evaluated = model.eval()(images)
logits = model.train()(images)
F.cross_entropy(logits, labels).backward()
save = {f"state.{name}": tensor.float() for name, tensor in state.items() if tensor.is_floating_point()}
save |= {f"grad.{name}": p.grad.float() for name, p in model.named_parameters()}
moved = model.state_dict().items()
save |= {f"moved.{name}": tensor.float() for name, tensor in moved if "running" in name}
save |= {"images": images.float(), "evaluated": evaluated.float(), "logits": logits.detach().float()}
save_file({name: tensor.contiguous() for name, tensor in save.items()}, sys.argv[1])
