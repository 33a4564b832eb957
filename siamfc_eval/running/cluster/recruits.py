"""Which workers of a cluster are fit for a run: those of this version that see the data and make the same tracker.

A worker that is fit has a resource by the name of the run, which the run's tasks ask for: so no other gets one, and
none more than one at a time. Workers that come later, or again after they died, are asked as the first ones were.
"""

from __future__ import annotations

import contextlib
import pickle
import pkgutil
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from siamfc_eval.errors import InputError, TrackerError
from siamfc_eval.running.cluster.connection import VERSION, workers_of
from siamfc_eval.running.cluster.worker import Assignment, Enlisted, Refused, enlist
from siamfc_eval.version import __version__

if TYPE_CHECKING:
    from distributed import Client

GPU = "GPU"
"""Resource of the workers that have a graphics card each."""
_EVERY = 1.0
"""Seconds between two looks at who is there."""
_MOST_DEATHS = 4
"""Workers that may die of making the tracker."""
START_PATIENCE = 15.0
LATER_PATIENCE = 60.0
"""Seconds without any worker, at the beginning and later, after which a run gives up."""


@dataclass
class _Recruit:
    """A worker that is asked whether it is fit."""

    name: str
    asked: Any
    """A task on this worker alone: first for its version, then `enlist`."""
    is_enlisting: bool = False
    enlisted: Enlisted | None = None
    refusal: str = ""


@dataclass
class Recruits:
    """The workers of a cluster, as one run sees them."""

    client: Client
    assignment: Assignment
    wants_gpu: bool
    """Leave workers without the resource GPU alone, where there is any with it."""
    patience: float = field(default_factory=lambda: START_PATIENCE)
    seen: list[Enlisted] = field(default_factory=list)
    """All that were fit at any time."""
    _known: dict[str, _Recruit] = field(default_factory=dict)
    _news: list[str] = field(default_factory=list)
    _looked: float = -_EVERY
    _deaths: int = 0
    _alone_since: float = field(default_factory=time.monotonic)
    _packed: bytes = b""

    @property
    def fit(self) -> list[Enlisted]:
        """The workers that are ready for work."""
        return [recruit.enlisted for recruit in self._known.values() if recruit.enlisted is not None]

    def news(self) -> Iterator[str]:
        """What the user should know since the last call, a sentence each."""
        while self._news:
            yield self._news.pop(0)

    def look(self) -> None:
        """See who has come, gone or answered; returns at once.

        Raises:
            InputError: there are no workers, or all were refused.
            TrackerError: workers die of making the tracker.
        """
        now = time.monotonic()
        if now - self._looked >= _EVERY:
            self._looked = now
            with contextlib.suppress(OSError):  # no answer says nothing of who is there
                self._count(self._workers())
        for address, recruit in self._known.items():
            if recruit.asked is not None and recruit.asked.done():
                self._answered(address, recruit)
        self._give_up_if_nobody_is_fit(now)

    def _workers(self) -> Mapping[str, Mapping[str, Any]]:
        """The workers that may be asked, by address.

        Raises:
            OSError: the scheduler does not answer.
        """
        workers = workers_of(self.client)
        with_gpu = {address: each for address, each in workers.items() if each.get("resources", {}).get(GPU)}
        return with_gpu if self.wants_gpu and with_gpu else workers

    def _count(self, workers: Mapping[str, Mapping[str, Any]]) -> None:
        for address in self._known.keys() - workers.keys():
            gone = self._known.pop(address)
            self._deaths += gone.is_enlisting
            if gone.asked is not None:
                gone.asked.cancel()
            if not gone.refusal:
                self._news.append(f"{gone.name} is gone; what it had is run again elsewhere.")
        for address in workers.keys() - self._known.keys():
            named = str(workers[address].get("name", address))
            name = f"worker {address}" if named == address else f"worker {named} ({address})"
            self._known[address] = _Recruit(name, self._ask(address, pkgutil.resolve_name, VERSION))

    def _ask(self, address: str, function: Any, *arguments: Any) -> Any:
        return self.client.submit(function, *arguments, workers=[address], allow_other_workers=False, pure=False)

    def _answered(self, address: str, recruit: _Recruit) -> None:
        """Go on with a worker that has answered."""
        asked, recruit.asked = recruit.asked, None
        try:
            answer = asked.result()
        except Exception as error:
            what = "has no siamfc_eval" if not recruit.is_enlisting else "cannot begin"
            answer = Refused(f"{what}: {type(error).__name__}: {' '.join(str(error).split())}")
        if isinstance(answer, str):
            if answer == __version__:
                self._packed = self._packed or pickle.dumps(self.assignment)
                recruit.asked, recruit.is_enlisting = self._ask(address, enlist, self._packed), True
                return
            answer = Refused(f"has siamfc_eval {answer}, and this is {__version__}. Install the same version there")
        recruit.is_enlisting = False
        if isinstance(answer, Enlisted):
            recruit.enlisted, self.patience = answer, LATER_PATIENCE
            self.seen.append(answer)
        else:
            recruit.refusal = answer.reason
            self._news.append(f"{recruit.name} gets no work: it {answer.reason}.")

    def _give_up_if_nobody_is_fit(self, now: float) -> None:
        if any(recruit.asked is not None or recruit.enlisted is not None for recruit in self._known.values()):
            self._alone_since = now
        if self._deaths >= _MOST_DEATHS and not self.fit:
            raise TrackerError(f"{self._deaths} workers of the cluster died while they made the tracker.")
        refused = [f"{recruit.name} {recruit.refusal}." for recruit in self._known.values() if recruit.refusal]
        if refused and len(refused) == len(self._known):
            more = f" And {len(refused) - 3} others." if len(refused) > 3 else ""
            raise InputError(f"no worker of the cluster is fit for this run: {' '.join(refused[:3])}{more}")
        if now - self._alone_since > self.patience:
            address = self.client.scheduler.address if self.client.scheduler is not None else "ADDRESS"
            raise InputError(
                f"the cluster has had no workers for {self.patience:.0f} s. Start some with 'dask worker {address}', "
                "then start this again; it continues with what is missing."
            )
