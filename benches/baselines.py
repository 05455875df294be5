"""Trains a Terminator and baselines of about as many parameters on the first 5,000 images of CIFAR-10, three seeds each, and prints a
table: parameters, multiply-adds, seconds a step, accuracy on the test part (mean and deviation).

    python benches/baselines.py TERMC DATA_DIR OUT [--epochs N] [--device cpu]

What is done already in OUT is not done again, and what was begun is gone on with.
"""

import argparse
import json
import statistics
import subprocess
from pathlib import Path

EXAMPLES = Path(__file__).resolve().parent.parent / "examples"

# Name, file, and what brings it to between 270,000 and 300,000 parameters.
MODELS = [
    ("Terminator", "families.term", "Small", ["expand=[24,2]"]),
    ("ResNet", "baselines/resnet.term", "ResNet", []),
    ("gMLP-like", "baselines/gmlp.term", "Gmlp", ["width=64", "depth=7"]),
    ("CCNN-like", "baselines/ccnn.term", "CcnnCifar10", ["width=96", "hidden=150"]),
]
SEEDS = [1, 2, 3]


def run(command):
    """What a command prints."""
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode:
        raise SystemExit(f"{' '.join(command)}\n{done.stderr}")
    return done.stdout


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("termc")
    parser.add_argument("data_dir")
    parser.add_argument("out", type=Path)
    parser.add_argument("--epochs", default="30")
    parser.add_argument("--device", default="auto")
    arguments = parser.parse_args()
    print("| model | parameters | multiply-adds | ms a step of 64 | accuracy, % |\n|---|---|---|---|---|")
    for title, file, model, sets in MODELS:
        chosen = [str(EXAMPLES / file), "--model", model]
        chosen += [word for change in sets for word in ("--set", change)]
        summary = json.loads(run([arguments.termc, "summary", *chosen, "--format", "json"]))
        bench = [arguments.termc, "bench", *chosen, "--batch", "64", "--device", arguments.device, "--format", "json"]
        step = json.loads(run(bench))
        found = []
        for seed in SEEDS:
            folder = arguments.out / f"{model}-{seed}"
            if not (folder / "result.json").exists():
                words = ["--dataset", "CIFAR10", "--data-dir", arguments.data_dir, "--limit", "5000"]
                words += ["--epochs", arguments.epochs, "--seed", str(seed), "--device", arguments.device]
                begun = (folder / "config.json").exists()
                new = [*chosen, *words, "--out", str(folder)]
                run([arguments.termc, "train", *(["--resume", str(folder)] if begun else new)])
                told = run([arguments.termc, "eval", str(folder), "--device", arguments.device, "--format", "json"])
                (folder / "result.json").write_text(told)
            result = json.loads((folder / "result.json").read_text())
            found.append(100 * result["top1"])
        mean, deviation = statistics.mean(found), statistics.stdev(found)
        root = summary["root"]
        parameters = root["fast_parameters"] + root["slow_parameters"]
        cells = [title, parameters, root["cost"]["multiply_adds"], round(1e3 * step["train_step_s"], 1)]
        print("| " + " | ".join(map(str, cells)) + f" | {mean:.1f} ± {deviation:.1f} |", flush=True)


if __name__ == "__main__":
    main()
