"""What to score: options that verbs share, the ground truth and convention that they mean, and the scores."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from siamfc_eval.errors import InputError

if TYPE_CHECKING:
    from siamfc_eval.datasets.sequence import Dataset
    from siamfc_eval.metrics.scores import Scores
    from siamfc_eval.results.manifest import Manifest
    from siamfc_eval.results.raw import RawResults


def _old_name(context: click.Context, option: click.Parameter, value: str | None) -> None:
    """`--experiment`, as `--protocol` was called."""
    if value is not None:
        click.echo("hint: --experiment is now called --protocol; the old name still works.", err=True)
        context.params["protocol"] = value


def _either_name(context: click.Context, option: click.Parameter, value: str | None) -> str | None:
    older: str | None = context.params.get("protocol")
    return older if value is None else value


def protocol_option(function: Callable[..., Any]) -> Callable[..., Any]:
    """Adds `--protocol`, which says which of a tracker's runs are meant; `--experiment` is its old name."""
    function = click.option("--experiment", hidden=True, is_eager=True, expose_value=False, callback=_old_name)(
        function
    )
    return click.option(
        "--protocol",
        metavar="NAME",
        callback=_either_name,
        help="Which of a tracker's runs: a protocol (ope, supervised, realtime, ...) or its folder.",
    )(function)


def segment_option(function: Callable[..., Any]) -> Callable[..., Any]:
    """Adds `--segment`, which takes one run out of files that hold several."""
    return click.option(
        "--segment",
        type=click.IntRange(min=1),
        help="Take only this run out of files that hold several (OTB's TRE: 1 is the one pass).",
    )(function)


def mismatch_option(function: Callable[..., Any]) -> Callable[..., Any]:
    """Adds `--on-mismatch`, which says what becomes of files of another length."""
    return click.option(
        "--on-mismatch",
        type=click.Choice(["convention", "strict", "pad", "truncate"]),
        default="convention",
        show_default=True,
        help="Files of another length than the sequence: as the convention does, refuse, let missing frames fail, or "
        "score what both have.",
    )(function)


_OPTIONS = (
    click.argument("results", type=click.Path(path_type=Path)),
    click.option("--dataset", "kind", help="Benchmark or layout, e.g. otb2015, vot2018; default: recognised."),
    click.option("--annotations", type=click.Path(path_type=Path), help="Folder or JSON file of the ground truth."),
    click.option("--tracker", "trackers", multiple=True, help="Only this tracker; may be given again."),
    click.option("--attribute-source", help="Whose attribute table; 'none' for none. Default: the preferred one."),
    mismatch_option,
    segment_option,
    click.option("--metric", help="Metric to compare by; default: the one that the convention ranks by."),
    click.option("--resamples", default=10_000, show_default=True, help="Bootstrap resamples and permutations."),
    click.option("--seed", default=0, show_default=True, help="Of the resampling."),
)


def scoring_options(function: Callable[..., Any]) -> Callable[..., Any]:
    """Adds the argument RESULTS and the options that say what to score."""
    for option in reversed(_OPTIONS):
        function = option(function)
    return function


def ground_truth(kind: str | None, annotations: Path | None) -> Dataset:
    """The data set that `--dataset` and `--annotations` mean.

    Raises:
        InputError: neither leads to annotations.
    """
    from siamfc_eval.datasets.load import load_dataset

    if annotations is not None:
        return load_dataset(annotations, kind)
    if kind in {"synthetic", "embedded"}:
        from siamfc_eval.synthetic.benchmark import embedded_benchmark

        return embedded_benchmark()
    if kind is not None and Path(kind).expanduser().exists():
        return load_dataset(Path(kind))
    raise InputError(
        "where is the ground truth? Give --annotations: a data set's folder (images are not needed) or an annotation "
        "file in JSON."
    )


def dataset_of(results: Path, kind: str | None, annotations: Path | None) -> Dataset:
    """The ground truth: as named, or as the manifest of the results or their vot-toolkit workspace says.

    A folder's name need not say which benchmark is in it, but a run knows.

    Raises:
        InputError: neither leads to annotations.
    """
    from siamfc_eval.datasets.known import match_known

    manifest = first_manifest(results) if kind is None or annotations is None else None
    if kind is None and manifest is not None and match_known(manifest.dataset):
        kind = manifest.dataset
    if manifest is not None and annotations is None and (kind is None or not Path(kind).exists()):
        recorded = _recorded_data(manifest)
        if recorded in {"synthetic", "embedded"}:
            return _drawn(manifest)
        elif recorded is not None:
            path = Path(recorded)
            if not path.exists():
                raise InputError(
                    f"{results}: was run on {path}, which is not there any more. Give --annotations: the data set's "
                    "folder or an annotation file."
                )
            annotations = path
    if kind is None or annotations is None:
        kind, annotations = _from_workspace(results, kind, annotations)
    return ground_truth(kind, annotations)


def _from_workspace(results: Path, kind: str | None, annotations: Path | None) -> tuple[str | None, Path | None]:
    """Benchmark and ground truth of results that lie in a workspace of vot-toolkit, where they were not given."""
    from siamfc_eval.datasets.formats.vot import workspace_benchmark

    place = results.expanduser().resolve()
    for folder in (place, *place.parents[:4]):
        if (folder / "config.yaml").is_file():
            if kind is None:
                kind = workspace_benchmark(folder)
            if annotations is None and (folder / "sequences" / "list.txt").is_file():
                annotations = folder
            break
    return kind, annotations


def _drawn(manifest: Manifest) -> Dataset:
    """The embedded benchmark as the run drew it."""
    from siamfc_eval.synthetic.benchmark import benchmark_from

    return benchmark_from(json.loads(manifest.settings.get("dataset_options", "{}")))


def convention_of(results: Path, dataset: Dataset, protocol: str | None = None) -> str:
    """The convention for results, where none is asked for.

    The benchmark's, where it reads the runs that are meant or nothing tells which these are; else the protocol's.

    Args:
        results: the folder.
        dataset: what they are of.
        protocol: the one that was asked for; None: any that is there.
    """
    from siamfc_eval.datasets.known import match_known
    from siamfc_eval.metrics.conventions import default_convention, reads
    from siamfc_eval.protocols.table import PROTOCOLS

    kinds = _kinds(results, protocol)
    usual = default_convention(dataset.name)
    if not kinds or (match_known(dataset.name) is not None and any(reads(usual, kind) for kind in kinds)):
        return usual
    return PROTOCOLS[kinds[0]].convention


def _kinds(results: Path, protocol: str | None) -> list[str]:
    """The kinds of the runs that are meant, in the order of the table of protocols; none where nothing tells."""
    from siamfc_eval.protocols.table import PROTOCOLS, match_protocol
    from siamfc_eval.results.places import is_protocol, kind_of

    place = results.expanduser().resolve()
    if protocol is None and place.is_dir() and is_protocol(place):
        protocol = place.name
    named = match_protocol(protocol) if protocol is not None else None
    folders = {protocol, *(named.folders if named is not None else ())}
    found = set()
    for manifest in _manifests(results):
        kind = kind_of(manifest, manifest.experiment)
        if protocol is None or manifest.experiment in folders or (named is not None and named.kind == kind):
            found.add(kind)
    if not found and named is not None:
        found.add(kind_of(None, protocol))
    return [kind for kind in PROTOCOLS if kind in found]


def _recorded_data(manifest: Manifest) -> str | None:
    """Where the data set of a run was; None where its manifest does not say."""
    drawn = manifest.dataset if manifest.dataset in {"synthetic", "embedded"} else None
    return manifest.settings.get("data") or drawn


def first_manifest(results: Path) -> Manifest | None:
    """The first manifest below a folder; None where there is none, as in other toolkits' results."""
    return next(_manifests(results), None)


def _manifests(results: Path) -> Iterator[Manifest]:
    """The manifests below a folder, in the order of their paths; those of other versions are passed over."""
    from siamfc_eval.results.manifest import MANIFEST
    from siamfc_eval.results.places import manifest_of

    for path in sorted(results.rglob(MANIFEST)) if results.is_dir() else []:
        manifest = manifest_of(path.parent)
        if manifest is not None:
            yield manifest


def read_runs(
    results: Path,
    dataset: Dataset,
    convention: str,
    *,
    trackers: tuple[str, ...] = (),
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
    raw = read_results(results, dataset, trackers or None, protocol or folder, segment)
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
    results: Path,
    dataset: Dataset,
    convention: str,
    *,
    trackers: tuple[str, ...] = (),
    protocol: str | None = None,
    segment: int | None = None,
    attribute_source: str | None = None,
    on_mismatch: Any = "convention",
    keep: bool = True,
) -> Scores:
    """The scores of the results under a convention; what was noticed of them is in its `metadata["notes"]`.

    Args:
        results: the folder.
        dataset: what they are of.
        convention: a name of `siamfc_eval.metrics.conventions`.
        trackers: only these; none: all.
        protocol: kind or folder of the runs; None: those that the convention reads.
        segment: as for `siamfc_eval.results.read.read_results`.
        attribute_source: as for `siamfc_eval.metrics.scoring.score`.
        on_mismatch: as for `siamfc_eval.metrics.scoring.score`.
        keep: use the statistics that earlier calls kept, and keep these.
    """
    from siamfc_eval.datasets.known import shortfall
    from siamfc_eval.metrics.scoring import score
    from siamfc_eval.storage.cache import default_folder

    raw = read_runs(results, dataset, convention, trackers=trackers, protocol=protocol, segment=segment)
    folder = default_folder() if keep else None
    scores = score(
        raw,
        dataset,
        convention,
        attribute_source=attribute_source,
        on_mismatch=on_mismatch,
        cache=folder / "statistics" if folder is not None else None,
        skip_unusable=len(raw) > 1,
        skip_unreadable=True,
    )
    lacking = shortfall(dataset.name, len(dataset))
    incomplete = (*scores.incomplete, lacking) if lacking else scores.incomplete
    notes = tuple(note for note in (*dataset.notes, *raw.notes, *_other_truth(raw, dataset)) if note not in incomplete)
    return dataclasses.replace(scores, incomplete=incomplete, metadata={**scores.metadata, "notes": notes})


def _other_truth(raw: RawResults, dataset: Dataset) -> Iterator[str]:
    """A sentence for each tracker whose manifest says that it was run on another ground truth."""
    from siamfc_eval.datasets.fingerprint import dataset_hash

    here = dataset_hash(dataset)
    for one in raw.values():
        if one.ground_truth and one.ground_truth != here:
            yield f"{one.name} was run on the ground truth {one.ground_truth} and is scored on {here}."


def exit_code(scored: list[Scores]) -> int:
    """1 where some tracker could not be scored, 2 where something is missing, else 0."""
    if any(scores.metadata.get("refused") for scores in scored):
        return 1
    return 2 if any(scores.incomplete for scores in scored) else 0
