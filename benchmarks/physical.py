"""What the machine can do at best: multiply-adds of a second, and what a frame of a tracker needs of them."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import torch
from torch.utils.flop_counter import FlopCounterMode

from siamfc_eval.models.siamese import SiameseNetwork


def searches_of(network: SiameseNetwork) -> int:
    """Search regions in a frame: three scales, or one for a network with anchors."""
    return 3 if network.kind == "fc" else 1


def frame_gflop(network: Any) -> float:
    """Billions of floating-point operations in a frame of one target, counted by torch."""
    device = next(network.parameters()).device
    template = network.template(torch.zeros(1, 3, network.exemplar_size, network.exemplar_size, device=device))
    images = torch.zeros(searches_of(network), 3, network.search_size, network.search_size, device=device)
    with FlopCounterMode(display=False) as counter, torch.no_grad():
        network.detect(template, images)
    return counter.get_total_flops() / 1e9


def peak_gflops(device: torch.device) -> float:
    """Billions of operations a second in float32: of one core in processor time, or of a card; the best of several
    products of large matrices, whose speed convolutions do not pass (but by Winograd's trick)."""
    side = 8192 if device.type == "cuda" else 768
    one = torch.rand(side, side, device=device)
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        least = min(_seconds(lambda: one @ one, device) for _ in range(6))
    finally:
        torch.set_num_threads(threads)
    return 2 * side**3 / least / 1e9


def _seconds(work: Callable[[], object], device: torch.device) -> float:
    """Processor time on a CPU, wall-clock time on a card."""
    clock = time.perf_counter if device.type == "cuda" else time.process_time
    if device.type == "cuda":
        torch.cuda.synchronize(device)
    start = clock()
    work()
    if device.type == "cuda":
        torch.cuda.synchronize(device)
    return clock() - start
