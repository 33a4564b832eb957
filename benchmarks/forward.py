"""Forward time of every model, beside the way upstream trackers run it.

    python benchmarks/forward.py                         # all models, on the CPU and on the GPU where there is one
    python benchmarks/forward.py SiamFC SiamRPN++ --json

One frame of one target is three search regions of 255 pixels for a fully convolutional model and one for an RPN; the
template is computed beforehand. Three ways are timed:

- upstream: one target at a time, contiguous memory, eager, batch norms as modules, correlation as a convolution;
- one target: the same frame as this library runs it (batch norms folded, channels-last, correlation as a product);
- lanes: several targets in one batch, per target.

Weights are random: time does not depend on them. Each figure is the median of `--repeats` runs after two to warm up.
"""

from __future__ import annotations

import argparse
import json
import platform
import statistics
import time
from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor
from torch.nn import functional as F

from siamfc_eval.models.acceleration import prepare_for_inference
from siamfc_eval.models.heads.correlation import Correlation
from siamfc_eval.models.registry import build_model, model_names


def milliseconds(
    step: Callable[[], object], device: torch.device, repeats: int, clock: Callable[[], float] = time.perf_counter
) -> float:
    """Median time of a step, the device's own work included."""
    times = []
    for index in range(repeats + 2):
        start = clock()
        step()
        if device.type == "cuda":
            torch.cuda.synchronize(device)
        if index >= 2:
            times.append((clock() - start) * 1e3)
    return statistics.median(times)


def convolved(exemplar: Tensor, searches: Tensor) -> Tensor:
    """Correlation the upstream way, for one exemplar."""
    return F.conv2d(searches, exemplar)


def time_model(
    name: str, device: torch.device, lanes: int, repeats: int, *, clock: Callable[[], float] = time.perf_counter
) -> dict[str, Any]:
    """The three figures of one model, in milliseconds per target and frame."""
    model: Any = build_model(name).eval().requires_grad_(False).to(device)
    prepared: Any = prepare_for_inference(model)
    searches = 3 if model.kind == "fc" else 1
    exemplars = torch.rand(lanes, 3, model.exemplar_size, model.exemplar_size, device=device) * 255
    regions = torch.rand(lanes * searches, 3, model.search_size, model.search_size, device=device) * 255
    with torch.inference_mode():
        template, single = model.template(exemplars[:1]), prepared.template(exemplars[:1])
        several = prepared.template(exemplars)
        last = regions.contiguous(memory_format=torch.channels_last)

        def upstream() -> object:
            if isinstance(model.head, Correlation):
                return model.head.adjust(convolved(template, model.embed(regions[:searches])) * model.head.scale)
            return model.detect(template, regions[:searches])

        figures = {
            "upstream_ms": milliseconds(upstream, device, repeats, clock),
            "one_target_ms": milliseconds(lambda: prepared.detect(single, last[:searches]), device, repeats, clock),
            "lanes_ms": milliseconds(lambda: prepared.detect(several, last), device, repeats, clock) / lanes,
        }
    figures = {key: round(value, 3) for key, value in figures.items()}
    return {"model": name, "device": str(device), "searches": searches, "lanes": lanes, **figures}


def main() -> None:
    """Time the models named, or all, and print a table or JSON."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("models", nargs="*", default=model_names(), help="known names; default all")
    parser.add_argument("--device", help="cpu or cuda; default the CPU, and the GPU where there is one")
    parser.add_argument("--lanes", type=int, default=4, help="targets in a batch")
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--threads", type=int, help="CPU threads; default torch's own choice")
    parser.add_argument("--cpu-time", action="store_true", help="count CPU time: on a busy machine, with --threads 1")
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    if options.threads:
        torch.set_num_threads(options.threads)
    names = [options.device] if options.device else ["cpu"] + (["cuda"] if torch.cuda.is_available() else [])
    rows = []
    for device in map(torch.device, names):
        hardware = torch.cuda.get_device_name(device) if device.type == "cuda" else platform.processor() or "CPU"
        if not options.json:
            print(f"{device}: {hardware}, torch {torch.__version__}, {torch.get_num_threads()} threads")
            print(
                f"{'model':18}{'upstream':>12}{'one target':>12}{f'{options.lanes} lanes':>12}"
                "   ms per target and frame; frames/s"
            )
        for name in options.models:
            clock = time.process_time if options.cpu_time else time.perf_counter
            row = time_model(name, device, options.lanes, options.repeats, clock=clock)
            rows.append(row | {"hardware": hardware, "threads": torch.get_num_threads()})
            if not options.json:
                figures = [row["upstream_ms"], row["one_target_ms"], row["lanes_ms"]]
                print(
                    f"{name:18}"
                    + "".join(f"{f:12.2f}" for f in figures)
                    + f"   {' '.join(f'{1e3 / f:7.1f}' for f in figures)}"
                )
    if options.json:
        print(json.dumps(rows, indent=2))


if __name__ == "__main__":
    main()
