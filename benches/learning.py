"""Does termc learn as PyTorch learns? Trains `examples/cifar10.term` and a PyTorch reference with the same recipe on the same CIFAR-10
images, each from starts, orders, augmentations and dropout of its own, and prints losses and test accuracies by step: means over the
seeds, standard errors, and how many of these lie between the two means.

    python benches/learning.py OUT --data DIR --peer terminator_torch.py [--termc target/release/termc] [--seeds 0,1,2]
                               [--epochs 2] [--limit N] [--batch 64] [--device cpu] [--jobs 1] [--minutes M]

DIR holds `cifar-10-batches-bin`. The peer is a program like `oracle/terminator_torch.py` in the folder that TERMC_SHARED names; of it are
used `Config`, `init`, `total_loss`, `forward` and `Kar3`. Crops, flips, order and schedule of its side are written here. What is done
already in OUT is not done again; a training that `--minutes` or Ctrl-C stopped goes on the next time (the peer's from its last epoch).
"""

import argparse
import importlib.util
import itertools
import json
import math
import os
import signal
import statistics
import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
# Of the released recipe: the schedule is one of 100 epochs, however many of them are trained.
SCHEDULE_EPOCHS, WARMUP, RATE, LOG_EVERY = 100, 8, 0.001215, 50
MEAN, DEVIATION = [0.4914, 0.4822, 0.4465], [0.2470, 0.2435, 0.2616]


# ---------------------------------------------------------------- one training of PyTorch's side
def rate(step, per_epoch):
    """The released code's learning rate: a warm-up and a cosine that starts before its top, multiplied."""
    warm = WARMUP * per_epoch
    length = SCHEDULE_EPOCHS * per_epoch - warm
    rise = 1e-8 + (1 - 1e-8) * min(step / warm, 1)
    return RATE * rise * (1 + math.cos(math.pi * (step - warm) / length)) / (1 + math.cos(math.pi * warm / length))


def augmented(torch, pixels):
    """Bytes [N, 3, 32, 32] to values in 0..1: crops of 32 from 40 with the edge mirrored, edge pixel repeated, and flips, half and half."""
    x = pixels.float() / 255
    x = torch.cat([x[:, :, :4].flip(2), x, x[:, :, -4:].flip(2)], 2)
    x = torch.cat([x[:, :, :, :4].flip(3), x, x[:, :, :, -4:].flip(3)], 3)
    n = len(x)
    down, right = torch.randint(0, 9, (2, n, 1), device=x.device)
    side = torch.arange(32, device=x.device)
    images = torch.arange(n, device=x.device).view(-1, 1, 1, 1)
    channels = torch.arange(3, device=x.device).view(1, -1, 1, 1)
    x = x[images, channels, (down + side).view(-1, 1, 32, 1), (right + side).view(-1, 1, 1, 32)]
    return torch.where((torch.rand(n, device=x.device) < 0.5).view(-1, 1, 1, 1), x.flip(3), x)


def load(path):
    """A Python file as a module."""
    spec = importlib.util.spec_from_file_location("peer", path)
    program = importlib.util.module_from_spec(spec)
    sys.modules["peer"] = program
    spec.loader.exec_module(program)
    return program


def peer(options, seed, folder):
    """Trains the reference; writes rows like those of termc's metrics.jsonl into `folder`."""
    import torch

    program = load(options.peer)
    device = torch.device(options.device)
    mean, deviation = (torch.tensor(v, device=device).view(1, 3, 1, 1) for v in (MEAN, DEVIATION))
    batches = options.data / "cifar-10-batches-bin"
    images, labels = (t.to(device) for t in program.load_cifar(batches, "train"))
    test, truth = (t.to(device) for t in program.load_cifar(batches, "test"))
    # The network answers for an image depending on its batch, and files may hold the classes in turn: batches in which all are equally
    # frequent are easier by a point of accuracy.
    order = torch.randperm(len(test), generator=torch.Generator().manual_seed(0)).to(device)
    test, truth = test[order], truth[order]
    if options.limit:
        images, labels = images[: options.limit], labels[: options.limit]
    cfg = program.Config()
    torch.manual_seed(seed)
    p = {name: t.to(device).requires_grad_() for name, t in program.init(cfg, seed).items()}
    optimizer = program.Kar3(list(p.values()), 0.0)
    per_epoch = math.ceil(len(images) / options.batch)
    saved, first = folder / "state.pt", 0
    if saved.exists():
        state = torch.load(saved, map_location=device)
        first = state["epoch"]
        with torch.no_grad():
            for name, t in p.items():
                t.copy_(state["p"][name])
        optimizer.m = state["m"]
        torch.manual_seed(seed + 1000 * first)
    log = folder / "metrics.jsonl"
    rows = [row for row in read(log) if row["epoch"] <= first]
    log.write_text("".join(json.dumps(row) + "\n" for row in rows))

    def write(**row):
        with open(log, "a") as file:
            file.write(json.dumps(row) + "\n")

    step = first * per_epoch
    for epoch in range(first, options.epochs):
        order = torch.randperm(len(images), device=device)
        sums, count, began = torch.zeros(2, device=device), 0, time.perf_counter()
        for chosen in order.split(options.batch):
            optimizer.lr = rate(step, per_epoch)
            x = (augmented(torch, images[chosen]) - mean) / deviation
            loss, cross_entropy, _, logits = program.total_loss(p, cfg, x, labels[chosen])
            loss.backward()
            for t in optimizer.params:
                if t.grad is None:
                    t.grad = torch.zeros_like(t)
            optimizer.step()
            step, count = step + 1, count + len(chosen)
            right = (logits.detach().argmax(1) == labels[chosen]).sum()
            sums += torch.stack([cross_entropy.detach() * len(chosen), right])
            if step % LOG_EVERY == 0:
                entropy, right = (sums / count).tolist()
                speed = count / (time.perf_counter() - began)
                row = {"loss.cross_entropy": entropy, "top1": right, "images_per_second": speed}
                write(span="step", split="train", epoch=epoch + 1, step=step, **row)
                sums, count, began = torch.zeros(2, device=device), 0, time.perf_counter()
        with torch.no_grad():
            hits = 0
            for x, y in zip(test.split(options.batch), truth.split(options.batch)):
                hits += int((program.forward(p, cfg, (x.float() / 255 - mean) / deviation)[0].argmax(1) == y).sum())
        write(span="epoch", split="val", epoch=epoch + 1, step=step, top1=hits / len(test))
        torch.save({"epoch": epoch + 1, "p": p, "m": optimizer.m}, folder / "state.new")
        (folder / "state.new").replace(saved)


# ---------------------------------------------------------------- all trainings
def read(log):
    if not log.exists():
        return []
    return [json.loads(line) for line in log.read_text().splitlines() if line.endswith("}")]


def done(folder, epochs):
    return any(row["span"] == "epoch" and row["split"] == "val" and row["epoch"] >= epochs for row in read(folder / "metrics.jsonl"))


def command(options, side, seed):
    """What trains one seed of one side, or goes on with it."""
    folder = options.out / f"{side}-{seed}"
    if side == "torch":
        folder.mkdir(parents=True, exist_ok=True)
        words = [sys.executable, __file__, options.out, "--data", options.data, "--peer", options.peer, "--one", seed]
        words += ["--epochs", options.epochs, "--batch", options.batch, "--device", options.device]
        return words + (["--limit", options.limit] if options.limit else [])
    images = options.limit or 50_000
    words = [options.termc, "train"]
    saved = (int(path.stem.removeprefix("step-")) for path in folder.glob("checkpoints/step-*.safetensors"))
    steps = options.epochs * math.ceil(images / options.batch) - max(saved, default=0)
    steps = ["--stop-after", steps, "--device", options.device]
    if (folder / "config.json").exists():
        return words + ["--resume", folder, *steps]
    words += [ROOT / "examples" / "cifar10.term", "--dataset", "CIFAR10", "--data-dir", options.data, "--out", folder, *steps]
    words += ["--protocol", "published", "--seed", seed, "--batch", options.batch, "--log-every", LOG_EVERY, "--keep", 1]
    return words + (["--limit", options.limit] if options.limit else [])


def train(options):
    """Trains what is not done, `jobs` at a time, the two sides in turn, until the time is over."""
    waiting = [(side, seed) for seed in options.seeds for side in ("termc", "torch")]
    waiting = [(side, seed) for side, seed in waiting if not done(options.out / f"{side}-{seed}", options.epochs)]
    options.out.mkdir(parents=True, exist_ok=True)
    end = time.monotonic() + 60 * options.minutes
    environment = {**os.environ, "TORCH_ALLOW_TF32_CUBLAS_OVERRIDE": "1"}
    running = []
    while waiting or running:
        while waiting and len(running) < options.jobs:
            side, seed = waiting.pop(0)
            log = open(options.out / f"{side}-{seed}.log", "a")
            words = [str(word) for word in command(options, side, seed)]
            running.append((subprocess.Popen(words, stdout=log, stderr=subprocess.STDOUT, env=environment), f"{side}-{seed}"))
        time.sleep(0.2)
        for process, name in [(p, n) for p, n in running if p.poll() is not None]:
            running.remove((process, name))
            if process.returncode:
                print(f"{name} ended with status {process.returncode}: see {options.out / name}.log", flush=True)
        if time.monotonic() > end:
            for process, _ in running:
                process.send_signal(signal.SIGINT)
            for process, _ in running:
                try:
                    process.wait(timeout=20)
                except subprocess.TimeoutExpired:
                    process.kill()
            return


# ---------------------------------------------------------------- the table
def values(options, side, span, split, key):
    """By step, the value of each seed of a side."""
    found = {}
    for seed in options.seeds:
        for row in read(options.out / f"{side}-{seed}" / "metrics.jsonl"):
            if row["span"] == span and row["split"] == split and row["step"] % LOG_EVERY * (span == "step") == 0:
                found.setdefault(row["step"], []).append(row[key])
    return found


def standard_errors(a, b):
    """By how many standard errors the means of two lists are apart."""
    error = math.sqrt(statistics.variance(a) / len(a) + statistics.variance(b) / len(b))
    return (statistics.mean(a) - statistics.mean(b)) / error if error else 0.0


def splits(ours, theirs, steps):
    """In how many steps the sides are more than two standard errors apart, and in how many they are for each way to divide the same runs
    into two sides: what chance does, where runs differ from step to step together."""
    number, count = len(ours[steps[0]]), len(ours[steps[0]]) + len(theirs[steps[0]])
    runs = {step: ours[step] + theirs[step] for step in steps if len(ours[step]) + len(theirs[step]) == count}

    def apart(side):
        parts = [([runs[step][i] for i in side], [runs[step][i] for i in range(count) if i not in side]) for step in runs]
        return sum(abs(standard_errors(a, b)) > 2 for a, b in parts)

    each = [apart(side) for side in itertools.combinations(range(count), number)]
    return each[0], len(runs), each


def table(options):
    print("| step | what | termc, n | mean | s | PyTorch, n | mean | s | difference in standard errors |\n|---|---|---|---|---|---|---|---|---|")
    worst, told = 0.0, []
    for what, span, split, key in [("training cross entropy", "step", "train", "loss.cross_entropy"),
                                   ("training accuracy", "step", "train", "top1"), ("test accuracy", "epoch", "val", "top1")]:
        ours, theirs = (values(options, side, span, split, key) for side in ("termc", "torch"))
        steps = [step for step in sorted(set(ours) & set(theirs)) if min(len(ours[step]), len(theirs[step])) > 1]
        every = 4 if span == "step" and len(steps) > 12 else 1
        for number, step in enumerate(steps):
            a, b = ours[step], theirs[step]
            apart = standard_errors(a, b)
            worst = max(worst, abs(apart))
            if number % every == every - 1 or span == "epoch":
                cells = [f"{len(v)} | {statistics.mean(v):.4f} | {statistics.stdev(v):.4f}" for v in (a, b)]
                print(f"| {step} | {what} | {cells[0]} | {cells[1]} | {apart:+.2f} |")
        if steps:
            found, of, each = splits(ours, theirs, steps)
            as_many = sum(other >= found for other in each)
            told.append(f"{what}: in {found} of {of} steps more than two standard errors apart; so are at least as many of {as_many} of the "
                        f"{len(each)} ways to divide the runs into two sides")
    print(f"\nlargest difference of any step: {worst:.2f} standard errors")
    print("\n".join(told))


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    shared = os.environ.get("TERMC_SHARED")
    parser.add_argument("out", type=Path)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--peer", type=Path, default=Path(shared) / "oracle" / "terminator_torch.py" if shared else None)
    parser.add_argument("--termc", type=Path, default=ROOT / "target" / "release" / "termc")
    parser.add_argument("--seeds", type=lambda text: [int(word) for word in text.split(",")], default=[0, 1, 2])
    parser.add_argument("--epochs", type=int, default=2)
    parser.add_argument("--limit", type=int)
    parser.add_argument("--batch", type=int, default=64)
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--jobs", type=int, default=1)
    parser.add_argument("--minutes", type=float, default=math.inf)
    parser.add_argument("--one", type=int, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.peer is None:
        parser.error("no PyTorch reference: name one with --peer")
    for name in ["out", "data", "peer", "termc"]:
        setattr(options, name, getattr(options, name).resolve())
    if options.one is not None:
        peer(options, options.one, options.out / f"torch-{options.one}")
        return
    train(options)
    table(options)


if __name__ == "__main__":
    main()
