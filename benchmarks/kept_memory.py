"""What it is worth that freed memory is kept on a CPU: training steps and frames, with it and as the C library has it.

    python -m benchmarks.kept_memory
    python -m benchmarks.kept_memory siamfc-slim siamrpn-stretched-slim --pairs 8

Each side of a case is a process of its own, in one thread, the two in turns. A training step is a pass of random pairs
through the network and back, and a frame the mean of frames of the embedded benchmark, as not each of them has memory
cleared; the figure is the least processor time of `--repeats`.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import statistics
import subprocess
import sys
import time
from collections.abc import Callable

from benchmarks.frame_times import milliseconds
from siamfc_eval.catalogue import catalogue_folder

AS_IT_IS = {"GLIBC_TUNABLES": "glibc.malloc.check=0"}
"""Leaves malloc as it is without it, and says that the user has set it up."""
FRAMES = 40
"""That are measured, after as many."""
WARM = 3
"""Steps before memory has settled."""


def training_step(name: str, pairs: int) -> Callable[[], object]:
    """A pass of random pairs through a network of the catalogue and back."""
    import torch

    from siamfc_eval.models.allocation import keep_freed_memory
    from siamfc_eval.models.checkpoints import load_model

    keep_freed_memory()
    torch.set_num_threads(1)
    torch.manual_seed(0)
    network = load_model(catalogue_folder("trackers") / f"{name}.safetensors").train()
    exemplars, searches = (255 * torch.rand(pairs, 3, side, side) for side in (127, 223))

    def step() -> None:
        answers = network(exemplars, searches)
        sum(part.square().mean() for part in (answers if isinstance(answers, tuple) else (answers,))).backward()

    return step


def measured(case: str, name: str, pairs: int) -> dict[str, float]:
    """Milliseconds of a step, or of a frame, and the most memory that there was."""
    if case == "tracking":
        needed = statistics.fmean(milliseconds(name, 2 * FRAMES)[FRAMES:])
    else:
        step, times = training_step(name, pairs), []
        for _ in range(WARM + 2):
            begun = time.process_time()
            step()
            times.append((time.process_time() - begun) * 1e3)
        needed = min(times[WARM:])
    return {"ms": needed, "MB": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024}


def main() -> None:
    """Print a line for each case."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("trackers", nargs="*", default=["siamfc-slim", "siamfc-res22-slim"])
    parser.add_argument("--pairs", type=int, default=24)
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--one", choices=("training", "tracking"), help=argparse.SUPPRESS)
    asked = parser.parse_args()
    if asked.one:
        print(json.dumps(measured(asked.one, asked.trackers[0], asked.pairs)))
        return
    print(f"{'':24}{'':10}{'kept':>10}{'as it is':>10}  times as fast   MB kept, as it is")
    for name in asked.trackers:
        for case in ("training", "tracking"):
            sides: list[list[dict[str, float]]] = [[], []]
            for _ in range(asked.repeats):
                for side, variables in zip(sides, ({}, AS_IT_IS), strict=True):
                    command = [
                        sys.executable,
                        "-m",
                        "benchmarks.kept_memory",
                        name,
                        "--pairs",
                        str(asked.pairs),
                        "--one",
                        case,
                    ]
                    answer = subprocess.run(
                        command, env={**os.environ, **variables}, stdout=subprocess.PIPE, check=True
                    )
                    side.append(json.loads(answer.stdout))
            kept, plain = (min(one["ms"] for one in side) for side in sides)
            memory = [max(one["MB"] for one in side) for side in sides]
            line = f"{name:24}{case:10}{kept:7.1f} ms{plain:7.1f} ms{plain / kept:13.2f}"
            print(f"{line}   {memory[0]:9.0f} {memory[1]:6.0f}", flush=True)


if __name__ == "__main__":
    main()
