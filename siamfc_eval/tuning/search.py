"""Search for a tracker's best hyper-parameters, and say honestly what that is worth on sequences held out of it."""

from __future__ import annotations

import math
import random
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol, Self, runtime_checkable

from pydantic import BaseModel

from siamfc_eval.errors import IncompleteError, InputError, MissingDependencyError, UnknownNameError
from siamfc_eval.tracking.family import FAMILIES, Range


@runtime_checkable
class Tunable(Protocol):
    """A tracker whose hyper-parameters can be changed without loading its network again."""

    @property
    def name(self) -> str:
        """Name in messages."""
        ...

    @property
    def parameters(self) -> BaseModel:
        """The hyper-parameters in use."""
        ...

    def with_parameters(self, **values: Any) -> Self:
        """The same tracker with other hyper-parameters."""
        ...


@dataclass(frozen=True)
class Split:
    """Names of the sequences to tune on and of those held out, which judge."""

    tuning: tuple[str, ...]
    held_out: tuple[str, ...]


@dataclass(frozen=True)
class Tuned:
    """What a search found."""

    parameters: dict[str, float]
    """The best values, of the parameters searched."""
    tuning_before: float
    """Score on the sequences tuned on, with the values that the tracker had."""
    tuning_after: float
    held_out_before: float
    """Score on the sequences held out, with the values that the tracker had."""
    held_out_after: float
    split: Split
    trials: list[tuple[dict[str, float], float]] = field(default_factory=list)
    """Every set of values with its score on the sequences tuned on, in order; the first is the tracker's own."""
    higher_is_better: bool = True

    @property
    def is_confirmed(self) -> bool:
        """Whether the sequences held out, which the search never saw, score better than with the tracker's values."""
        gain = self.held_out_after - self.held_out_before
        return gain > 0 if self.higher_is_better else gain < 0


Evaluate = Callable[[Any, tuple[str, ...]], float]
"""Score of a tracker on the sequences named."""
OnTrial = Callable[[int, dict[str, float], float], None]
"""Receives the number of a trial, from 1, its values and its score."""


def split_sequences(names: Sequence[str], held_out: float = 0.3, seed: int = 0) -> Split:
    """Hold a share of the sequences out of the search.

    Targets of one video (Jogging-1 and Jogging-2) stay on one side: the same frames on both would be no test.

    Args:
        names: all sequences.
        held_out: share to keep out, in (0, 1); each side gets at least one video.
        seed: another seed, another split.

    Raises:
        InputError: fewer than two videos, or a share that is no share.
    """
    if not 0 < held_out < 1:
        raise InputError(f"held-out share {held_out}: expected a number between 0 and 1, such as 0.3.")
    videos: dict[str, list[str]] = {}
    for name in names:
        videos.setdefault(re.sub(r"[-.]\d+$", "", name), []).append(name)
    if len(videos) < 2:
        raise InputError(
            f"{len(names)} sequence(s) of {len(videos)} video(s): tuning needs at least two videos, one to tune "
            "on and one to judge by."
        )
    order = sorted(videos)
    random.Random(seed).shuffle(order)
    count = min(max(1, round(held_out * len(order))), len(order) - 1)
    held_out_names = {name for video in order[:count] for name in videos[video]}
    return Split(
        tuple(name for name in names if name not in held_out_names),
        tuple(name for name in names if name in held_out_names),
    )


def choose_ranges(tracker: Tunable, names: Sequence[str] = ()) -> dict[str, Range]:
    """What to search: the named parameters, or all that the tracker's family has a range for.

    Raises:
        InputError: the tracker has no hyper-parameters to search.
        UnknownNameError: no range for a name.
    """
    kind = type(tracker.parameters) if isinstance(tracker, Tunable) else None
    family = next((family for family in FAMILIES.values() if kind is not None and family.parameters is kind), None)
    if family is None or not family.ranges:
        raise InputError(f"tracker {tracker.name} has no hyper-parameters to tune.")
    ranges = family.ranges
    for name in names:
        if name not in ranges:
            raise UnknownNameError("tunable parameter", name, ranges)
    return {name: ranges[name] for name in (names or ranges)}


def tune(
    tracker: Tunable,
    ranges: Mapping[str, Range],
    evaluate: Evaluate,
    split: Split,
    trials: int,
    *,
    higher_is_better: bool = True,
    seed: int = 0,
    on_trial: OnTrial = lambda number, values, score: None,
) -> Tuned:
    """Search with Optuna's TPE sampler; the first trial is the tracker as it is.

    Args:
        tracker: its own values are where the search starts.
        ranges: parameter -> least and greatest value.
        evaluate: scores a tracker on sequences.
        split: what to tune on and what to judge by.
        trials: sets of values to try, the tracker's own included.
        higher_is_better: direction of the score.
        seed: of the search.
        on_trial: receives the number of each trial, from 1, its values and its score.

    Raises:
        MissingDependencyError: Optuna is not installed.
        IncompleteError: a score is missing.
    """
    try:
        import optuna
    except ModuleNotFoundError as error:
        raise MissingDependencyError("optuna", "tune", "tuning") from error
    optuna.logging.set_verbosity(optuna.logging.ERROR)  # It warns of an interrupt with a traceback.
    study = optuna.create_study(
        direction="maximize" if higher_is_better else "minimize", sampler=optuna.samplers.TPESampler(seed=seed)
    )
    own = {name: float(getattr(tracker.parameters, name)) for name in ranges}
    study.enqueue_trial({name: min(max(value, ranges[name][0]), ranges[name][1]) for name, value in own.items()})
    tried: list[tuple[dict[str, float], float]] = []

    def objective(trial: Any) -> float:
        values = {name: float(trial.suggest_float(name, *limits)) for name, limits in ranges.items()}
        if not tried:
            values = own
        value = _scored(evaluate, tracker.with_parameters(**values), split.tuning)
        tried.append((values, value))
        on_trial(len(tried), values, value)
        return value

    study.optimize(objective, n_trials=trials)
    choose = max if higher_is_better else min
    best, after = choose(tried, key=lambda entry: entry[1])
    return Tuned(
        parameters=best,
        tuning_before=tried[0][1],
        tuning_after=after,
        held_out_before=_scored(evaluate, tracker, split.held_out),
        held_out_after=_scored(evaluate, tracker.with_parameters(**best), split.held_out),
        split=split,
        trials=tried,
        higher_is_better=higher_is_better,
    )


def _scored(evaluate: Evaluate, tracker: Any, names: tuple[str, ...]) -> float:
    value = evaluate(tracker, names)
    if math.isnan(value):
        raise IncompleteError(f"no score on {', '.join(names)}: these sequences cannot be tuned on.")
    return value
