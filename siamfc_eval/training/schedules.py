"""Learning rates over the steps of a training, built on torch.optim.lr_scheduler."""

from __future__ import annotations

from typing import Literal

from torch.optim import Optimizer
from torch.optim.lr_scheduler import (
    CosineAnnealingLR,
    ExponentialLR,
    LinearLR,
    LRScheduler,
    MultiStepLR,
    SequentialLR,
    StepLR,
)

ScheduleKind = Literal["constant", "log", "step", "multi-step", "linear", "cosine"]


def build_schedule(
    optimiser: Optimizer,
    kind: ScheduleKind,
    steps: int,
    *,
    final: float = 1e-3,
    warmup: int = 0,
    warmup_start: float = 0.1,
    every: int = 1,
    factor: float = 0.1,
    milestones: tuple[int, ...] = (),
) -> LRScheduler:
    """A schedule that is stepped once after each optimiser step.

    Args:
        optimiser: its groups' rates are the starting rates.
        kind: log goes from the rate to `final` times it in equal ratios, linear in equal differences, cosine in half a
            wave; step multiplies by `factor` each `every` steps, multi-step at each of `milestones`.
        steps: of the whole training, warm-up included.
        final: last rate over first rate.
        warmup: steps in front in which the rate grows linearly from `warmup_start` times the rate.
        every, factor, milestones: see `kind`; milestones count from the training's start.
    """
    rest = max(steps - warmup, 1)
    main: LRScheduler
    if kind == "log":
        main = ExponentialLR(optimiser, final ** (1.0 / rest))
    elif kind == "linear":
        main = LinearLR(optimiser, 1.0, final, rest)
    elif kind == "cosine":
        base = max(group["lr"] for group in optimiser.param_groups)
        main = CosineAnnealingLR(optimiser, rest, eta_min=base * final)
    elif kind == "step":
        main = StepLR(optimiser, every, factor)
    elif kind == "multi-step":
        main = MultiStepLR(optimiser, [milestone - warmup for milestone in milestones], factor)
    else:
        main = LinearLR(optimiser, 1.0, 1.0, rest)
    if warmup == 0:
        return main
    return SequentialLR(optimiser, [LinearLR(optimiser, warmup_start, 1.0, warmup), main], [warmup])
