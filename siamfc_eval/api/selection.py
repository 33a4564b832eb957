"""What results mean: their ground truth, the convention that reads them, and their scores.

Whoever has a folder of raw results, on the command line, in a notebook or in a search for parameters, comes through
here.
"""

from __future__ import annotations

import collections.abc
import dataclasses
import json
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, TypedDict

from siamfc_eval.errors import InputError
from siamfc_eval.results.folders import ResultFolder

if TYPE_CHECKING:
    from siamfc_eval.datasets.sequence import Dataset
    from siamfc_eval.metrics.scores import Mismatch, Scores
    from siamfc_eval.results.manifest import Manifest
    from siamfc_eval.results.raw import RawResults


class Reading(TypedDict, total=False):
    """Which runs of a folder are meant."""

    trackers: collections.abc.Sequence[str]
    """Only these; none: all."""
    protocol: str | None
    """A protocol's kind or the folder of its results; None: the runs that the convention reads."""
    segment: int | None
    """Take only this run, counted from 1, out of files that hold several; None: all of them."""


class Selecting(Reading, total=False):
    """What to score: the keyword arguments that scoring, comparing and reporting share."""

    metrics: collections.abc.Sequence[str]
    """Names of metrics in addition to the convention's own, see `siamfc-eval list metrics`."""
    attribute_source: str | None
    """Whose attribute table; None: the preferred one; "none": no attributes."""
    on_mismatch: Mismatch
    """Files of another length than the sequence: "convention" does as the convention does, "strict" refuses them, "pad"
    lets missing frames fail, "truncate" scores what both have."""
    keep: bool
    """Use the statistics that earlier calls cached, and cache these (the default)."""
    published: collections.abc.Sequence[str]
    """Published trackers to add: "published" for all of the benchmark, names, groups, or files of statistics."""
    repetitions: bool
    """Have the statistics of single repetitions of stochastic trackers, too, over which comparisons then resample."""
    common_sequences: bool
    """Compare on the sequences that all have, where those of published trackers and one's own differ; otherwise that is
    refused."""


def ground_truth(kind: str | None, data: Path | None) -> Dataset:
    """The data set that a benchmark's name and a folder or file of annotations mean.

    Raises:
        InputError: neither leads to annotations.
    """
    from siamfc_eval.datasets.load import load_dataset

    if data is not None:
        return load_dataset(data, kind)
    if kind in {"synthetic", "embedded"}:
        from siamfc_eval.synthetic.benchmark import embedded_benchmark

        return embedded_benchmark()
    if kind is not None and Path(kind).expanduser().exists():
        return load_dataset(Path(kind))
    raise InputError(
        "where is the ground truth? Give --data (data=... in Python): a data set's folder (images are not needed) or "
        "an annotation file in JSON."
    )


def dataset_of(results: Path | ResultFolder, kind: str | None, data: Path | None) -> Dataset:
    """The ground truth: as named, or as the manifest of the results or their vot-toolkit workspace says.

    A folder's name need not say which benchmark is in it, but a run knows.

    Raises:
        InputError: there is no such folder, or neither leads to annotations.
    """
    from siamfc_eval.datasets.known import match_known

    source = ResultFolder.of(results)
    source.must_exist()
    manifest = first_manifest(source) if kind is None or data is None else None
    if kind is None and manifest is not None and match_known(manifest.dataset):
        kind = manifest.dataset
    if manifest is not None and data is None and (kind is None or not Path(kind).exists()):
        recorded = _recorded_data(manifest)
        if recorded in {"synthetic", "embedded"}:
            return _drawn(manifest)
        elif recorded is not None:
            path = Path(recorded)
            if not path.exists():
                raise InputError(
                    f"{source.path}: was run on {path}, which is not there any more. "
                    "Give --data: the data set's folder or an annotation file."
                )
            data = path
    if kind is None or data is None:
        kind, data = _from_workspace(source.path, kind, data)
    return ground_truth(kind, data)


def _from_workspace(results: Path, kind: str | None, data: Path | None) -> tuple[str | None, Path | None]:
    """Benchmark and ground truth of results that lie in a workspace of vot-toolkit, where they were not given."""
    from siamfc_eval.datasets.formats.vot import workspace_benchmark

    place = results.resolve()
    for folder in (place, *place.parents[:4]):
        if (folder / "config.yaml").is_file():
            if kind is None:
                kind = workspace_benchmark(folder)
            if data is None and (folder / "sequences" / "list.txt").is_file():
                data = folder
            break
    return kind, data


def _drawn(manifest: Manifest) -> Dataset:
    """The embedded benchmark as the run drew it."""
    from siamfc_eval.synthetic.benchmark import benchmark_from

    return benchmark_from(json.loads(manifest.settings.get("dataset_options", "{}")))


def convention_of(results: Path | ResultFolder, dataset: Dataset, protocol: str | None = None) -> str:
    """The convention for results, where none is asked for.

    The benchmark's, where it reads the runs that are meant or nothing says which these are; else the protocol's.

    Args:
        results: the folder.
        dataset: what they are of.
        protocol: the one that was asked for; None: any that is there.
    """
    from siamfc_eval.datasets.known import match_known
    from siamfc_eval.metrics.conventions import default_convention, reads
    from siamfc_eval.protocols.table import PROTOCOLS

    kinds = _kinds(ResultFolder.of(results), protocol)
    usual = default_convention(dataset.name)
    if not kinds or (match_known(dataset.name) is not None and any(reads(usual, kind) for kind in kinds)):
        return usual
    return PROTOCOLS[kinds[0]].convention


def other_protocols(results: ResultFolder, convention: str) -> Iterator[tuple[str, str]]:
    """A convention and a protocol's folder for all runs below a folder other than those that a convention reads itself.

    Args:
        results: the folder.
        convention: the usual one; it also scores what it can read, such as runs against the clock.
    """
    from siamfc_eval.metrics.conventions import CONVENTIONS, reads
    from siamfc_eval.protocols.table import PROTOCOLS, own_protocol
    from siamfc_eval.results.places import kind_of

    found: dict[str, str | None] = {
        manifest.experiment: kind_of(manifest, manifest.experiment)
        for manifest in results.manifests()
        if manifest.experiment is not None
    }
    trackers = results.folders(results.path) if results.path.is_dir() else []
    for folder in (folder for tracker in trackers for folder in results.folders(tracker)):
        named = own_protocol(folder.name)
        if named is not None and folder.name not in found:
            found[folder.name] = named.kind if named.shape is not None else None
    own = PROTOCOLS[CONVENTIONS[convention].protocol]
    order = list(PROTOCOLS)
    ranked = sorted(found.items(), key=lambda item: order.index(item[1]) if item[1] in order else 0)
    for name, kind in ranked:
        if name in own.folders:
            continue
        # Of another toolkit's runs against the clock only their folder is known: they are what the usual ones are.
        yield convention if kind is None or reads(convention, kind) else PROTOCOLS[kind].convention, name


def _kinds(results: ResultFolder, protocol: str | None) -> list[str]:
    """The kinds of the runs that are meant, in the order of the table of protocols; none where nothing says so."""
    from siamfc_eval.protocols.table import PROTOCOLS, match_protocol
    from siamfc_eval.results.places import is_protocol, kind_of

    place = results.path.resolve()
    if protocol is None and place.is_dir() and is_protocol(place, results):
        protocol = place.name
    named = match_protocol(protocol) if protocol is not None else None
    folders = {protocol, *(named.folders if named is not None else ())}
    found = set()
    for manifest in results.manifests():
        kind = kind_of(manifest, manifest.experiment)
        if protocol is None or manifest.experiment in folders or (named is not None and named.kind == kind):
            found.add(kind)
    if not found and named is not None:
        found.add(kind_of(None, protocol))
    own = [kind for kind in PROTOCOLS.own if kind in found]
    return own + sorted(kind for kind in found if kind is not None and kind not in own)


def _recorded_data(manifest: Manifest) -> str | None:
    """Where the data set of a run was; None where its manifest does not say."""
    drawn = manifest.dataset if manifest.dataset in {"synthetic", "embedded"} else None
    return manifest.settings.get("data") or drawn


def first_manifest(results: Path | ResultFolder) -> Manifest | None:
    """The first manifest below a folder; None where there is none, as in other toolkits' results."""
    return next(ResultFolder.of(results).manifests(), None)


def read_runs(
    results: Path | ResultFolder,
    dataset: Dataset,
    convention: str,
    *,
    trackers: collections.abc.Sequence[str] = (),
    protocol: str | None = None,
    segment: int | None = None,
) -> RawResults:
    """The raw results that a convention reads.

    Args:
        results: the folder.
        dataset: what they are of.
        convention: its runs are read, unless `protocol` names others.
        trackers: only these; none: all.
        protocol: kind or folder.
        segment: as for `siamfc_eval.results.read.read_results`.

    Raises:
        InputError: none are there, or all were made under a protocol that the convention cannot read.
    """
    from siamfc_eval.metrics.conventions import build_measure, conventions_for, reads
    from siamfc_eval.protocols.table import PROTOCOLS
    from siamfc_eval.results.read import read_results

    folder = PROTOCOLS[build_measure(convention, dataset).protocol].folder
    raw = read_results(results, dataset, tuple(trackers) or None, protocol or folder, segment)
    if segment is not None:
        return raw  # one of several runs is taken for what the convention reads, as was asked
    others = {name: one for name, one in raw.items() if one.kind is not None and not reads(convention, one.kind)}
    if others and len(others) == len(raw):
        one = next(iter(others.values()))
        raise InputError(
            f"{one.folder}: these are runs of the protocol '{one.kind}', which {convention} does not score. "
            f"Give --convention {' or '.join(conventions_for(str(one.kind)))}, or another --protocol."
        )
    notes = (
        f"{name} has only runs of '{one.kind}', which {convention} does not score." for name, one in others.items()
    )
    readable = {name: one for name, one in raw.items() if name not in others}
    return dataclasses.replace(raw, trackers=readable, notes=(*raw.notes, *notes))


def score_results(
    results: Path | ResultFolder,
    dataset: Dataset,
    convention: str,
    *,
    trackers: collections.abc.Sequence[str] = (),
    protocol: str | None = None,
    segment: int | None = None,
    metrics: collections.abc.Sequence[str] = (),
    attribute_source: str | None = None,
    on_mismatch: Mismatch = "convention",
    keep: bool = True,
    published: collections.abc.Sequence[str] = (),
    common_sequences: bool = False,
    repetitions: bool = False,
    raw: RawResults | None = None,
) -> Scores:
    """The scores of the results under a convention; what was noticed of them is in its `metadata["notes"]`.

    Args:
        results: the folder.
        dataset: what they are of.
        convention: a name of `siamfc_eval.metrics.conventions`.
        trackers: only these; none: all.
        protocol: kind or folder of the runs; None: those that the convention reads.
        segment: as for `siamfc_eval.results.read.read_results`.
        metrics: as for `siamfc_eval.metrics.scoring.score`.
        attribute_source: as for `siamfc_eval.metrics.scoring.score`.
        on_mismatch: as for `siamfc_eval.metrics.scoring.score`.
        keep: use the statistics that earlier calls cached, and cache these.
        published: trackers in addition to these, as for `siamfc_eval.published.catalogue.choose`.
        common_sequences: as for `siamfc_eval.published.joining.joined`.
        repetitions: as for `siamfc_eval.metrics.repetitions.with_repetitions`.
        raw: what `read_runs` gives for these, where the caller has it already.
    """
    from siamfc_eval.datasets.known import shortfall
    from siamfc_eval.metrics.scores import Gap
    from siamfc_eval.metrics.scoring import score

    if raw is None:
        raw = read_runs(results, dataset, convention, trackers=trackers, protocol=protocol, segment=segment)
    scores = score(
        raw,
        dataset,
        convention,
        metrics=metrics,
        attribute_source=attribute_source,
        on_mismatch=on_mismatch,
        cache=statistics_folder(keep),
        skip_unusable=len(raw) > 1,
        skip_unreadable=True,
    )
    if repetitions:
        from siamfc_eval.metrics.repetitions import with_repetitions

        scores = with_repetitions(scores, raw, dataset)
    lacking = shortfall(dataset.name, len(dataset))
    incomplete = (*scores.incomplete, lacking) if lacking else scores.incomplete
    gaps = (*scores.gaps, Gap("benchmark", lacking)) if lacking else scores.gaps
    notes = tuple(note for note in (*dataset.notes, *raw.notes, *_other_truth(raw, dataset)) if note not in incomplete)
    found = dataclasses.replace(scores, incomplete=incomplete, gaps=gaps, metadata={**scores.metadata, "notes": notes})
    if not published:
        return found
    from siamfc_eval.published.catalogue import choose
    from siamfc_eval.published.joining import joined

    kind = other_kind(convention, protocol)
    found = dataclasses.replace(found, metadata={**found.metadata, "protocol": kind})
    return joined(found, dataset, choose(published, dataset.name), common_sequences)


def statistics_folder(keep: bool) -> Path | None:
    """Where statistics are cached; None where they are not to be, or nothing is."""
    from siamfc_eval.storage.cache import default_folder

    folder = default_folder() if keep else None
    return folder / "statistics" if folder is not None else None


def other_kind(convention: str, asked: str | None) -> str:
    """The kind of protocol that was asked for; "" where it is the one that the convention is made for."""
    from siamfc_eval.metrics.conventions import convention as convention_named
    from siamfc_eval.protocols.table import match_protocol

    named = match_protocol(asked) if asked is not None else None
    usual = convention_named(convention).protocol
    kind = named.kind if named is not None else asked or usual
    return "" if kind == usual else kind


def _other_truth(raw: RawResults, dataset: Dataset) -> Iterator[str]:
    """A sentence for each tracker whose manifest says that it was run on another ground truth."""
    here = dataset.ground_truth_hash
    for one in raw.values():
        if one.ground_truth and one.ground_truth != here:
            yield f"{one.name} was run on the ground truth {one.ground_truth} and is scored on {here}."
