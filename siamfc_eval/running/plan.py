"""From a protocol and a sequence to work items, and the rule that ends repetitions."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from siamfc_eval.datasets.sequence import Sequence
from siamfc_eval.results.store import ResultItem, ResultStore
from siamfc_eval.running.protocol_specs import ProtocolSettings
from siamfc_eval.running.work import WorkItem, item_seed

PROOF = 3
"""Identical runs that prove a tracker deterministic on a sequence, as in VOT's toolkits."""


def plan_items(
    tracker: str,
    protocol: ProtocolSettings,
    sequence: Sequence,
    repetitions: Iterable[int],
    *,
    single: bool,
    polygons: bool = False,
    responses: bool = False,
) -> list[WorkItem]:
    """The work items of one sequence.

    Args:
        tracker: its name, which enters the seeds.
        protocol: makes the runs.
        sequence: with its image size, where that is known.
        repetitions: 1-based numbers of the repetitions to plan.
        single: there is one repetition in all; the file of a single one-pass run has no number.
        polygons: the tracker takes polygons.
        responses: keep response maps.

    Raises:
        InputError: no run can be planned on this sequence's ground truth.
    """
    items = []
    for start in protocol.starts(sequence, polygons):
        for repetition in repetitions if protocol.repeats else (1,):
            number: int | None = repetition
            if not protocol.repeats:
                number = start.number
            elif protocol.folder is None and single:
                number = None
            result = ResultItem(sequence.name, start.frames, number, start.anchor)
            seed = item_seed(tracker, protocol.kind, result.key, repetition)
            items.append(WorkItem(sequence, start, result, seed, responses))
    return items


def still_to_repeat(store: ResultStore, sequences: Iterable[Sequence]) -> Iterator[Sequence]:
    """The sequences on which the first runs differ, so that more repetitions say something.

    A sequence without its first runs (they failed) is not repeated either.
    """
    for sequence in sequences:
        digests = set()
        for repetition in range(1, PROOF + 1):
            status = store.manifest.items.get(ResultItem(sequence.name, len(sequence), repetition).key)
            if status is None or status.status != "done":
                break
            digests.add(status.digest)
        else:
            if len(digests) > 1:
                yield sequence
