"""Learning rates start, bend and end where they should."""

from __future__ import annotations

import itertools

import pytest
import torch

from siamfc_eval.training.schedules import ScheduleKind, build_schedule


def _rates(kind: ScheduleKind, steps: int, **options: object) -> list[float]:
    optimiser = torch.optim.SGD([torch.nn.Parameter(torch.zeros(1))], lr=1.0)
    schedule = build_schedule(optimiser, kind, steps, **options)  # type: ignore[arg-type]
    rates = []
    for _ in range(steps):
        rates.append(float(optimiser.param_groups[0]["lr"]))
        optimiser.step()
        schedule.step()
    return [*rates, float(optimiser.param_groups[0]["lr"])]


@pytest.mark.parametrize("kind", ["log", "linear", "cosine"])
def test_a_falling_schedule_goes_from_the_rate_to_its_final_share(kind: ScheduleKind) -> None:
    rates = _rates(kind, 50, final=0.01)
    assert rates[0] == 1.0
    assert rates[-1] == pytest.approx(0.01, rel=1e-6)
    assert all(later < earlier for earlier, later in itertools.pairwise(rates))


def test_the_log_schedule_has_equal_ratios_and_the_linear_one_equal_differences() -> None:
    log, linear = _rates("log", 4, final=0.0001), _rates("linear", 4, final=0.2)
    assert log == pytest.approx([1.0, 0.1, 0.01, 0.001, 0.0001])
    assert linear == pytest.approx([1.0, 0.8, 0.6, 0.4, 0.2])


def test_step_and_multi_step_cut_by_the_factor() -> None:
    assert _rates("step", 4, every=2, factor=0.5) == pytest.approx([1.0, 1.0, 0.5, 0.5, 0.25])
    assert _rates("multi-step", 4, milestones=(1, 3), factor=0.1) == pytest.approx([1.0, 0.1, 0.1, 0.01, 0.01])


@pytest.mark.parametrize("kind", ["constant", "log", "step", "multi-step", "linear", "cosine"])
def test_warm_up_rises_in_front_of_any_schedule(kind: ScheduleKind) -> None:
    rates = _rates(kind, 20, warmup=5, every=100, milestones=(18,))
    assert rates[:6] == pytest.approx([0.1, 0.28, 0.46, 0.64, 0.82, 1.0])


def test_milestones_count_from_the_start_of_the_training_with_warm_up_too() -> None:
    rates = _rates("multi-step", 10, warmup=4, milestones=(7,), factor=0.1)
    assert rates[6] == pytest.approx(1.0)
    assert rates[7] == pytest.approx(0.1)
