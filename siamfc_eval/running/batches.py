"""Calls for many targets at once: filled up to one size, tried one by one where they fail, halved where memory ends."""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable, Sequence
from typing import TypeVar

from siamfc_eval.errors import TrackerError

Member = TypeVar("Member")
Answer = TypeVar("Answer")


class BatchSize:
    """How many targets a call has; the same for all threads.

    Args:
        tracker: its name, for the note.
        lanes: targets in a call, as long as the device has memory for them.
        tell: told when it becomes fewer.
    """

    def __init__(self, tracker: str, lanes: int, tell: Callable[[str], None] = lambda text: None) -> None:
        self.value = lanes
        self._tracker = tracker
        self._tell = tell
        self._lock = threading.Lock()

    def halve(self, tried: int) -> None:
        """A call for so many targets found too little memory.

        Raises:
            TrackerError: it was for one.
        """
        with self._lock:
            _free_memory()
            if self.value < tried:
                return  # another thread was told before
            if tried == 1:
                raise TrackerError(
                    f"{self._tracker}: the device's memory is too small for one target. End what else uses it, or give "
                    "another with --device."
                )
            self.value = (tried + 1) // 2
        self._tell(
            f"{self._tracker}: the device's memory is too small for {tried} targets in a call; going on with "
            f"{self.value}. Answers may differ in their last digits from those of larger calls."
        )


def batched(
    call: Callable[[Sequence[Member]], Sequence[Answer]], members: Sequence[Member], size: BatchSize
) -> list[Answer | Exception]:
    """An answer for each member, or what was raised for it.

    Every call has exactly `size` members, filled up with copies of the last one. If a call raises, each of its members
    has one of its own, so that only the culprit fails; if it finds too little memory, the size is halved.
    """
    answers: list[Answer | Exception] = []
    while len(answers) < len(members):
        tried = size.value
        part = members[len(answers) : len(answers) + tried]
        try:
            try:
                answers += _filled(call, part, tried)
            except Exception as error:
                if _is_out_of_memory(error):
                    size.halve(tried)
                elif len(part) == 1:
                    answers.append(error)
                else:
                    answers += _one_by_one(call, part, tried)
        except Exception as error:
            answers.append(error)
    return answers


def _one_by_one(
    call: Callable[[Sequence[Member]], Sequence[Answer]], members: Sequence[Member], size: int
) -> list[Answer | Exception]:
    answers: list[Answer | Exception] = []
    for member in members:
        try:
            answers += _filled(call, [member], size)
        except Exception as error:
            answers.append(error)
    return answers


def _filled(
    call: Callable[[Sequence[Member]], Sequence[Answer]], members: Sequence[Member], size: int
) -> Sequence[Answer]:
    filled = [*members, *[members[-1]] * (size - len(members))]
    answers = call(filled)
    if len(answers) != len(filled):
        raise RuntimeError(f"a batch of {len(filled)} was answered with {len(answers)} results")
    return answers[: len(members)]


def _is_out_of_memory(error: Exception) -> bool:
    torch = sys.modules.get("torch")
    return torch is not None and isinstance(error, torch.OutOfMemoryError)


def _free_memory() -> None:
    """Give back what torch keeps of a card's memory for later."""
    torch = sys.modules.get("torch")
    if torch is not None and torch.cuda.is_available():
        torch.cuda.empty_cache()
