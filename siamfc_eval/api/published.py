"""Published trackers to compare with, and statistics of one's own to hand to others."""

from __future__ import annotations

import collections.abc
from pathlib import Path
from typing import TYPE_CHECKING, Any, Unpack

from siamfc_eval.api.selection import Reading, convention_of, other_kind
from siamfc_eval.datasets.sequence import Dataset
from siamfc_eval.errors import InputError
from siamfc_eval.metrics.scores import Scores
from siamfc_eval.results.folders import ResultFolder

if TYPE_CHECKING:
    from siamfc_eval.published.files import Published


def scores_of_published(
    words: collections.abc.Sequence[str],
    dataset: str | None,
    convention: str | None = None,
    common_sequences: bool = False,
) -> Scores:
    """The scores of published trackers alone; no data set and no results are needed.

    Args:
        words: as for `siamfc_eval.published.catalogue.choose`.
        dataset: the benchmark; None: that of the file that is given.
        convention: whose rules; None: those of the benchmark's papers.
        common_sequences: compare on the sequences that all have, where files have different ones.

    Raises:
        InputError, UnknownNameError: nothing was named, or there is no such thing.
    """
    from siamfc_eval.metrics.conventions import default_convention
    from siamfc_eval.published.catalogue import choose
    from siamfc_eval.published.joining import published_only

    chosen = choose(words, dataset or "")
    if not chosen:
        raise InputError(
            "there is nothing to score. Give a folder of results, or --with published and --dataset "
            "(published=... and dataset=... in Python)."
        )
    file = chosen[0].file
    usual = default_convention(file.head.dataset)
    rules = convention or (usual if usual in file.conventions else next(iter(file.conventions)))
    return published_only(chosen, rules, common_sequences)


def publish(
    results: Path | str,
    out: Path | str,
    *,
    conventions: collections.abc.Sequence[str] = (),
    data: Path | str | Dataset | None = None,
    dataset: str | None = None,
    source: str = "",
    version: str = "",
    groups: collections.abc.Sequence[str] = (),
    **reading: Unpack[Reading],
) -> Published:
    """Write the statistics of raw results to a small file, for others to compare with: no box, no annotation.

    Args:
        results: a folder, as for `siamfc_eval.score`.
        out: the file; its name ends in .npz.
        conventions: whose rules; none: all that read these runs.
        data, dataset: the ground truth, as for `siamfc_eval.score`.
        source: where the results come from: a paper, a repository.
        version: of the tracker or its results.
        groups: names under which these trackers can be chosen together.
        reading: see `siamfc_eval.api.selection.Reading`.

    Returns:
        The file, read again.

    Raises:
        InputError: as `siamfc_eval.score`, or no tracker can be scored under any convention.
    """
    from siamfc_eval.api.results import truth_of
    from siamfc_eval.metrics.conventions import convention, conventions_for
    from siamfc_eval.protocols.table import protocol
    from siamfc_eval.published.catalogue import ENDING
    from siamfc_eval.published.files import read_published, write_published
    from siamfc_eval.published.making import origin_of, scores_to_publish, without_lead_in
    from siamfc_eval.results.read import read_results

    path = Path(out).expanduser()
    if path.suffix != ENDING:
        raise InputError(f"{path}: the name of a file of published statistics ends in {ENDING}. Choose another --out.")
    folder = ResultFolder(results)
    truth = truth_of(folder, data, dataset)
    usual = convention_of(folder, truth, reading.get("protocol"))
    chosen = tuple(conventions) or conventions_for(convention(usual).protocol)
    own = protocol(convention(chosen[0]).protocol)
    raw = read_results(
        folder, truth, reading.get("trackers") or None, reading.get("protocol") or own.folder, reading.get("segment")
    )
    kind = other_kind(chosen[0], reading.get("protocol"))
    scored = scores_to_publish(raw, truth, chosen, protocol=kind)
    origins = {name: origin_of(result, source, version, tuple(groups)) for name, result in raw.items()}
    write_published(path, truth, scored, origins, without_lead_in(raw, truth))
    return read_published(path)


def catalogue() -> list[dict[str, Any]]:
    """Every published tracker that comes with this package: its data set, conventions, source, version and groups."""
    from siamfc_eval.published.catalogue import benchmarks, published_on

    rows = []
    for benchmark in benchmarks():
        file = published_on(benchmark)
        for name, origin in file.head.trackers.items():
            under = [table.convention for table in file.head.tables if name in table.trackers]
            rows.append({"name": name, "dataset": benchmark, "conventions": under, **origin.model_dump()})
    return rows
