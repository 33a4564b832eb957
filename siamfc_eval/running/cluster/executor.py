"""The executor that sends work items to the workers of a cluster, and takes in what becomes of them."""

from __future__ import annotations

import contextlib
import math
import os
import pickle
import secrets
import sys
import threading
from collections import Counter, deque
from collections.abc import Iterable, Iterator
from concurrent.futures import CancelledError, Future
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from siamfc_eval.datasets.videos import VideoFrames
from siamfc_eval.running.cluster.connection import LOCAL, connected, local_cluster, workers_of
from siamfc_eval.running.cluster.recruits import GPU, Recruits
from siamfc_eval.running.cluster.worker import Assignment, dismiss, work
from siamfc_eval.running.executor import Execution, Executor, Job, longest_first
from siamfc_eval.running.lanes import GPU_LANES
from siamfc_eval.running.processes import can_travel
from siamfc_eval.running.team import TeamLostError, run_in_team
from siamfc_eval.running.work import Advance, Failed, Outcome, WorkItem
from siamfc_eval.tracking.capabilities import RunsOnDevice, device_of, facts_of

if TYPE_CHECKING:
    from distributed import Client

_PARTING = 5.0
"""Seconds that workers have to hear that a run is over."""


class _Workers:
    """A team of the workers that are fit, whoever they are at the time."""

    def __init__(self, client: Client, job: Job, assignment: Assignment) -> None:
        on_gpu = device_of(job.tracker).startswith("cuda")
        may_be_on_gpu = isinstance(job.tracker, RunsOnDevice) and job.options.load.device != "cpu"
        self.recruits = Recruits(client, assignment, may_be_on_gpu)
        self._client = client
        self._job = job
        self._token = assignment.token
        self._executor = client.get_executor(
            pure=False, resources={assignment.token: 1, **({GPU: 1} if on_gpu else {})}
        )
        self._in_flight: set[Future[bytes]] = set()
        self._heard: deque[tuple[int, int]] = deque()
        client.subscribe_topic(self._token, lambda event: self._heard.append(event[1]))

    def wants(self, waiting: int) -> int:
        if self._client.status == "connecting":
            return 0  # to ask who is there would have to wait for an answer
        if self._client.status != "running":
            raise self._lost()
        self._look()
        self._in_flight = {future for future in self._in_flight if not future.done()}
        fit = self.recruits.fit
        if len(self._in_flight) >= len(fit):
            return 0
        return min(math.ceil(waiting / len(fit)), *(worker.share for worker in fit))

    def _look(self) -> None:
        """See who has come and gone, and say so."""
        self.recruits.look()
        for news in self.recruits.news():
            self._job.note(f"{self._job.tracker.name}: {news}")

    def submit(self, number: int, items: list[WorkItem]) -> Future[bytes]:
        future: Future[bytes] = self._executor.submit(work, self._token, number, pickle.dumps(items))
        self._in_flight.add(future)
        return future

    def progress(self) -> Iterator[tuple[int, int]]:
        if self._client.status == "running":
            self._look()  # also where nothing waits: what is under way may have lost its worker, and need another
        while self._heard:
            yield self._heard.popleft()

    def outcomes(self, future: Future[bytes]) -> list[Outcome]:
        try:
            outcomes: list[Outcome] = pickle.loads(future.result())  # of machines that are trusted to run code for us
        except CancelledError:
            raise self._lost() from None
        return outcomes

    def failed(self, error: Exception, item: WorkItem) -> Failed:
        from distributed import KilledWorker

        if isinstance(error, KilledWorker):
            died = "each worker's process died that ran it (a crash in compiled code, or out of memory)."
            return Failed(item, f"sequence '{item.sequence.name}': {died}", "tracker", details=str(error))
        return Failed(item, f"{type(error).__name__}: {error}", "tracker", details=str(error.__cause__ or ""))

    def end(self, at_once: bool) -> None:
        """Drop what is under way, and have the workers let go of the tracker."""
        for future in self._in_flight:
            future.cancel()
        if self._client.status != "running":
            return

        def part() -> None:
            with contextlib.suppress(Exception):  # a worker that cannot be told is gone, or is asked again one day
                self._client.unsubscribe_topic(self._token)
                self._client.run(dismiss, self._token, on_error="ignore")

        parting = threading.Thread(target=part, daemon=True)
        parting.start()
        parting.join(_PARTING)

    def _lost(self) -> TeamLostError:
        return TeamLostError(
            f"the scheduler of the cluster ({self._job.options.cluster}) has gone away during the run. Results that "
            "were there are kept; start this again to make the others."
        )


class _Run:
    """One job on a cluster."""

    def __init__(self, job: Job) -> None:
        self._job = job
        self._where = str(job.options.cluster)
        self._machines: Counter[str] = Counter()

    def run(self, items: list[WorkItem], advance: Advance) -> Iterator[Outcome]:
        """Run items; see `Execution.run`."""
        if not items:
            return
        with self._client() as client:
            workers = _Workers(client, self._job, self._assignment(items[0], self._lanes(client)))
            yield from run_in_team(workers, longest_first(items), advance)
            self._machines.update(
                ", ".join(each.hardware[part] for part in ("gpu", "cpu") if part in each.hardware)
                for each in workers.recruits.seen
            )

    def learned(self) -> dict[str, str]:
        """On what the items were run."""
        machines = "; ".join(f"{count} x {machine}" for machine, count in sorted(self._machines.items()))
        return {"cluster_workers": machines} if machines else {}

    def _client(self) -> contextlib.AbstractContextManager[Client]:
        return local_cluster(list(_local_workers(self._job))) if self._where == LOCAL else connected(self._where)

    def _lanes(self, client: Client) -> int:
        """Lanes on each graphics card: as many as give all cards work, and no more than suit one."""
        if self._job.options.lanes is not None:
            return self._job.options.lanes
        cards = max(1, len(workers_of(client)))
        return min(GPU_LANES, math.ceil(len(self._job.items) / cards))

    def _assignment(self, item: WorkItem, lanes: int) -> Assignment:
        frames = item.sequence.frames
        return Assignment(
            token=f"siamfc-eval-{secrets.token_hex(8)}",
            folder=Path.cwd(),
            load=self._job.load,
            facts=dict(facts_of(self._job.tracker)),
            sample=frames.path if isinstance(frames, VideoFrames) else frames[0].path if frames else None,
            protocol=self._job.protocol,
            options=replace(self._job.options, cluster=None),
            gpu_lanes=lanes,
        )


def _local_workers(job: Job) -> Iterable[dict[str, Any]]:
    """Options of a worker for each graphics card that the tracker may use, or for each core."""
    cards = 0
    if device_of(job.tracker).startswith("cuda") and "torch" in sys.modules:
        cards = sys.modules["torch"].cuda.device_count()
    if not cards:
        return [{} for _ in range(min(job.workers, len(job.items)))]
    if job.options.load.device not in {"auto", "cuda"}:
        return [{"nthreads": job.workers, "resources": {GPU: 1}}]
    visible = os.environ.get("CUDA_VISIBLE_DEVICES", "").split(",")
    names = visible if len(visible) == cards and all(visible) else [str(number) for number in range(cards)]
    threads = max(1, job.workers // cards)
    return [{"nthreads": threads, "resources": {GPU: 1}, "env": {"CUDA_VISIBLE_DEVICES": name}} for name in names]


def _unfit(job: Job) -> str:
    if job.options.cluster is None:
        return "no cluster is named (--cluster)"
    return "" if can_travel(job.load, job.items[0]) else "the tracker or the data set cannot be sent to another process"


def _plan(job: Job) -> Execution:
    run = _Run(job)
    settings = {"cluster": str(job.options.cluster), "times": "not measured: runs were spread over a cluster"}
    return Execution(f"on the cluster {job.options.cluster}", settings, run.run, True, run.learned)


CLUSTER = Executor("cluster", "Sequences spread over the workers of dask.distributed", _plan, _unfit)
