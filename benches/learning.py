"""Does termc learn as PyTorch learns? Trains an example and a PyTorch reference with the released recipe on the same images, each from
starts, orders, augmentations and dropout of its own, and prints losses and test accuracies by step: means over the seeds, standard
errors, and how many of these lie between the two means.

    python benches/learning.py OUT --peer terminator_torch.py [--model cifar10 --data DIR | --model digits [--omega 2000]]
                               [--termc target/release/termc] [--seeds 0,1,2 | --seeds 30] [--epochs 2] [--batch 64]
                               [--limit N [--val 0.2]] [--device cpu] [--jobs 1] [--minutes M]

DIR holds `cifar-10-batches-bin`; the digits are the ones that are part of termc. The peer is a program like `oracle/terminator_torch.py`
in the folder that TERMC_SHARED names; of it are used `Config`, `SIZES`, `init`, `total_loss`, `forward` and `Kar3`. Crops, flips, order
and schedule of its side are written here. With `--limit` every training draws N of the training images by its seed; with `--val` this part
of them tests, instead of the test images. What is done already in OUT is not done again; a training that `--minutes` or Ctrl-C stopped
goes on the next time (the peer's from its last epoch).
"""

import argparse
import importlib.util
import itertools
import json
import math
import os
import random
import signal
import statistics
import subprocess
import sys
import time
from collections import namedtuple
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
# Of the released recipe: the schedule is one of 100 epochs, however many of them are trained.
SCHEDULE_EPOCHS, WARMUP, RATE = 100, 8, 0.001215
# Of each model: its training images, by how many pixels crops move, and every how many steps a row is written. The digits' rows are
# epochs of batches of 32.
Model = namedtuple("Model", "images padding log_every")
MODELS = {"cifar10": Model(50_000, 4, 50), "digits": Model(1_438, 1, 45)}
# Ways to divide the runs into two sides, where there are more.
DIVISIONS = 2000


# ---------------------------------------------------------------- one training of PyTorch's side
def rate(step, per_epoch):
    """The released code's learning rate: a warm-up and a cosine that starts before its top, multiplied."""
    warm = WARMUP * per_epoch
    length = SCHEDULE_EPOCHS * per_epoch - warm
    rise = 1e-8 + (1 - 1e-8) * min(step / warm, 1)
    return RATE * rise * (1 + math.cos(math.pi * (step - warm) / length)) / (1 + math.cos(math.pi * warm / length))


def augmented(torch, pixels, padding):
    """Bytes [N, C, S, S] to values in 0..1: crops of S from S + 2 padding with the edge mirrored, edge pixel repeated, and flips, half
    and half."""
    x = pixels.float() / 255
    x = torch.cat([x[:, :, :padding].flip(2), x, x[:, :, -padding:].flip(2)], 2)
    x = torch.cat([x[:, :, :, :padding].flip(3), x, x[:, :, :, -padding:].flip(3)], 3)
    n, channels, size = pixels.shape[:3]
    down, right = torch.randint(0, 2 * padding + 1, (2, n, 1), device=x.device)
    side = torch.arange(size, device=x.device)
    images = torch.arange(n, device=x.device).view(-1, 1, 1, 1)
    channels = torch.arange(channels, device=x.device).view(1, -1, 1, 1)
    x = x[images, channels, (down + side).view(-1, 1, size, 1), (right + side).view(-1, 1, 1, size)]
    return torch.where((torch.rand(n, device=x.device) < 0.5).view(-1, 1, 1, 1), x.flip(3), x)


def pictures(torch, program, options):
    """Training and test images in bytes with their classes, and the mean and deviation that they are normalized with."""
    if options.model == "cifar10":
        parts = [program.load_cifar(options.data / "cifar-10-batches-bin", part) for part in ("train", "test")]
        return *parts, [0.4914, 0.4822, 0.4465], [0.2470, 0.2435, 0.2616]
    # As `runtime/data/src/digits.rs` reads them: every fifth is a test image.
    records = torch.frombuffer(bytearray((ROOT / "runtime/data/files/optdigits.bin").read_bytes()), dtype=torch.uint8).view(-1, 65)
    images = ((records[:, 1:].int() * 255 + 8) // 16).to(torch.uint8).view(-1, 1, 8, 8)
    test = torch.arange(len(records)) % 5 == 4
    parts = [(images[part], records[part, 0].long()) for part in (~test, test)]
    values = parts[0][0].double() / 255
    return *parts, [values.mean().item()], [values.std(correction=0).item()]


def stratified(torch, labels, seed):
    """The images in an order that the seed decides, in which every beginning holds the classes in proportion, as termc draws them
    (`runtime/data/src/split.rs`)."""
    generator, place = torch.Generator().manual_seed(seed), torch.empty(len(labels))
    for label in labels.unique():
        members = (labels.cpu() == label.item()).nonzero().flatten()
        place[members] = (torch.randperm(len(members), generator=generator) + 0.5) / len(members)
    return place.argsort()


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
    torch.set_num_threads(max(1, os.cpu_count() // options.jobs))
    train_part, test_part, mean, deviation = pictures(torch, program, options)
    mean, deviation = (torch.tensor(v, device=device).view(1, -1, 1, 1) for v in (mean, deviation))
    images, labels = (t.to(device) for t in train_part)
    test, truth = (t.to(device) for t in test_part)
    # The network answers for an image depending on its batch, and files may hold the classes in turn: batches in which all are equally
    # frequent are easier by a point of accuracy.
    order = torch.randperm(len(test), generator=torch.Generator().manual_seed(0)).to(device)
    test, truth = test[order], truth[order]
    if options.limit:
        chosen = stratified(torch, labels, seed)[: options.limit].to(device)
        images, labels = images[chosen], labels[chosen]
    if options.val:
        held_out = len(images) - trained(options)
        test, truth, images, labels = images[:held_out], labels[:held_out], images[held_out:], labels[held_out:]
    cfg = program.Config(**program.SIZES[options.model])
    cfg.omega = options.omega or cfg.omega
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
            x = (augmented(torch, images[chosen], MODELS[options.model].padding) - mean) / deviation
            loss, cross_entropy, _, logits = program.total_loss(p, cfg, x, labels[chosen])
            loss.backward()
            for t in optimizer.params:
                if t.grad is None:
                    t.grad = torch.zeros_like(t)
            optimizer.step()
            step, count = step + 1, count + len(chosen)
            right = (logits.detach().argmax(1) == labels[chosen]).sum()
            sums += torch.stack([cross_entropy.detach() * len(chosen), right])
            if step % MODELS[options.model].log_every == 0:
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


def trained(options):
    """How many images are trained on."""
    images = min(options.limit or math.inf, MODELS[options.model].images)
    return images - round(images * options.val)


def command(options, side, seed):
    """What trains one seed of one side, or goes on with it."""
    folder = options.out / f"{side}-{seed}"
    drawn = (["--limit", options.limit] if options.limit else []) + (["--val", options.val] if options.val else [])
    if side == "torch":
        folder.mkdir(parents=True, exist_ok=True)
        words = [sys.executable, __file__, options.out, "--model", options.model, "--peer", options.peer, "--one", seed]
        words += ["--data", options.data] if options.data else []
        words += ["--omega", options.omega] if options.omega else []
        words += ["--jobs", options.jobs, "--epochs", options.epochs, "--batch", options.batch, "--device", options.device]
        return words + drawn
    words = [options.termc, "train"]
    saved = (int(path.stem.removeprefix("step-")) for path in folder.glob("checkpoints/step-*.safetensors"))
    steps = options.epochs * math.ceil(trained(options) / options.batch) - max(saved, default=0)
    steps = ["--stop-after", steps, "--device", options.device]
    if (folder / "config.json").exists():
        return words + ["--resume", folder, *steps]
    words += [ROOT / "examples" / f"{options.model}.term", "--out", folder, *steps]
    if options.model == "cifar10":
        words += ["--dataset", "CIFAR10", "--data-dir", options.data]
    else:
        changes = [f"optimizer=kar3(lr={RATE}, betas=[0.5, 0.95])", f"schedule=chained_cosine(warmup={WARMUP})", f"epochs={SCHEDULE_EPOCHS}",
                   f"augment=[random_crop(padding={MODELS['digits'].padding}, mode=symmetric), horizontal_flip]"]
        words += ["--dataset", "digits", "--set", "without train.ema"]
        words += ["--set", f"omega={options.omega}"] if options.omega else []
        words += [word for change in changes for word in ("--set", f"train.{change}")]
    words += ["--protocol", "honest" if options.val else "published", "--seed", seed, "--batch", options.batch]
    return words + drawn + ["--log-every", MODELS[options.model].log_every, "--keep", 1]


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
            if row["span"] == span and row["split"] == split and row["step"] % MODELS[options.model].log_every * (span == "step") == 0:
                found.setdefault(row["step"], []).append(row[key])
    return found


def standard_errors(a, b):
    """By how many standard errors the means of two lists are apart."""
    error = math.sqrt(statistics.variance(a) / len(a) + statistics.variance(b) / len(b))
    return (statistics.mean(a) - statistics.mean(b)) / error if error else 0.0


def splits(ours, theirs, steps):
    """In how many steps the sides are more than two standard errors apart, and how much at most; then the same for all ways to divide the
    same runs into two sides, or for `DIVISIONS` of them: what chance does, where runs differ from step to step together."""
    number, count = len(ours[steps[0]]), len(ours[steps[0]]) + len(theirs[steps[0]])
    runs = [ours[step] + theirs[step] for step in steps if len(ours[step]) + len(theirs[step]) == count]
    draws = random.Random(0)
    if math.comb(count, number) <= DIVISIONS:
        sides = list(itertools.combinations(range(count), number))
    else:
        sides = [range(number), *(draws.sample(range(count), number) for _ in range(DIVISIONS - 1))]

    def apart(side):
        here = set(side)
        parts = [([run[i] for i in side], [v for i, v in enumerate(run) if i not in here]) for run in runs]
        differences = [abs(standard_errors(a, b)) for a, b in parts]
        return sum(d > 2 for d in differences), max(differences)

    return len(runs), [apart(side) for side in sides]


def table(options):
    print("| step | what | termc, n | mean | s | PyTorch, n | mean | s | difference in standard errors |\n|---|---|---|---|---|---|---|---|---|")
    told = []
    for what, span, split, key in [("training cross entropy", "step", "train", "loss.cross_entropy"),
                                   ("training accuracy", "step", "train", "top1"), ("test accuracy", "epoch", "val", "top1")]:
        ours, theirs = (values(options, side, span, split, key) for side in ("termc", "torch"))
        steps = [step for step in sorted(set(ours) & set(theirs)) if min(len(ours[step]), len(theirs[step])) > 1]
        every = 4 if span == "step" and len(steps) > 12 else 1
        for number, step in enumerate(steps):
            a, b = ours[step], theirs[step]
            apart = standard_errors(a, b)
            if number % every == every - 1 or span == "epoch":
                cells = [f"{len(v)} | {statistics.mean(v):.4f} | {statistics.stdev(v):.4f}" for v in (a, b)]
                print(f"| {step} | {what} | {cells[0]} | {cells[1]} | {apart:+.2f} |")
        if steps:
            of, each = splits(ours, theirs, steps)
            found, largest = each[0]
            as_many, as_large = (sum(other[i] >= each[0][i] for other in each) / len(each) for i in (0, 1))
            runs = [list(zip(*(side[step] for step in steps))) for side in (ours, theirs)]
            means = [[statistics.mean(run) for run in side] for side in runs]
            told.append(f"{what}: over all steps {statistics.mean(means[0]):.4f} and {statistics.mean(means[1]):.4f}, {standard_errors(*means):+.2f} "
                        f"standard errors apart; {found} of {of} steps more than two apart, as many or more in {as_many:.0%} of the ways to "
                        f"divide the same runs into two sides; {largest:.2f} at most, as much or more in {as_large:.0%}")
    print()
    print("\n".join(told))


def seeds(text):
    return [int(word) for word in text.split(",")] if "," in text else list(range(int(text)))


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    shared = os.environ.get("TERMC_SHARED")
    parser.add_argument("out", type=Path)
    parser.add_argument("--model", choices=MODELS, default="cifar10")
    parser.add_argument("--data", type=Path)
    parser.add_argument("--peer", type=Path, default=Path(shared) / "oracle" / "terminator_torch.py" if shared else None)
    parser.add_argument("--termc", type=Path, default=ROOT / "target" / "release" / "termc")
    parser.add_argument("--seeds", type=seeds, default=[0, 1, 2], help="a list, or how many")
    parser.add_argument("--epochs", type=int, default=2)
    parser.add_argument("--limit", type=int)
    parser.add_argument("--val", type=float, default=0.0)
    parser.add_argument("--batch", type=int, default=64)
    parser.add_argument("--omega", type=float, help="another frequency of the digits' slow nets")
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--jobs", type=int, default=1)
    parser.add_argument("--minutes", type=float, default=math.inf)
    parser.add_argument("--one", type=int, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.peer is None:
        parser.error("no PyTorch reference: name one with --peer")
    if options.val and not options.limit:
        parser.error("--val: only of images that are drawn, so it needs --limit")
    if options.omega and options.model != "digits":
        parser.error("--omega: only the digits have a frequency to set")
    if options.model == "cifar10" and options.data is None:
        parser.error("--data: which folder holds cifar-10-batches-bin?")
    for name in ["out", "data", "peer", "termc"]:
        path = getattr(options, name)
        setattr(options, name, path and path.resolve())
    if options.one is not None:
        peer(options, options.one, options.out / f"torch-{options.one}")
        return
    train(options)
    table(options)


if __name__ == "__main__":
    main()
