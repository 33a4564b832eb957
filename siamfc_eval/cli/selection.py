"""What to report on: the options that `report` and `compare` share, and the scores that they mean."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from siamfc_eval.cli.score_verb import experiment_folder, ground_truth
from siamfc_eval.errors import InputError

if TYPE_CHECKING:
    from siamfc_eval.datasets.sequence import Dataset
    from siamfc_eval.metrics.scores import Scores
    from siamfc_eval.results.manifest import Manifest

_OPTIONS = (
    click.argument("results", type=click.Path(path_type=Path)),
    click.option("--dataset", "kind", help="Benchmark or layout, e.g. otb2015, vot2018; default: recognised."),
    click.option("--annotations", type=click.Path(path_type=Path), help="Folder or JSON file of the ground truth."),
    click.option("--tracker", "trackers", multiple=True, help="Only this tracker; may be given again."),
    click.option("--attribute-source", help="Whose attribute table; 'none' for none. Default: the preferred one."),
    click.option(
        "--on-mismatch",
        type=click.Choice(["strict", "pad", "truncate"]),
        default="strict",
        show_default=True,
        help="Files of another length than the sequence: refuse, let missing frames fail, or score what both have.",
    ),
    click.option("--metric", help="Metric to compare by; default: the one that the convention ranks by."),
    click.option("--resamples", default=10_000, show_default=True, help="Bootstrap resamples and permutations."),
    click.option("--seed", default=0, show_default=True, help="Of the resampling."),
)


def scoring_options(function: Callable[..., Any]) -> Callable[..., Any]:
    """Adds the argument RESULTS and the options that say what to score."""
    for option in reversed(_OPTIONS):
        function = option(function)
    return function


def dataset_of(results: Path, kind: str | None, annotations: Path | None) -> Dataset:
    """The ground truth: as named, or as the manifest of the results says.

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
    return ground_truth(kind, annotations)


def _drawn(manifest: Manifest) -> Dataset:
    """The embedded benchmark as the run drew it."""
    from siamfc_eval.synthetic.benchmark import benchmark_from

    return benchmark_from(json.loads(manifest.settings.get("dataset_options", "{}")))


def convention_of(results: Path, dataset: Dataset) -> str:
    """The convention for results, where none is asked for: the benchmark's, else the one for the run's protocol."""
    from siamfc_eval.datasets.known import match_known
    from siamfc_eval.metrics.conventions import CONVENTIONS, default_convention

    manifest = first_manifest(results)
    if manifest is not None and manifest.experiment is not None and match_known(dataset.name) is None:
        for entry in CONVENTIONS.values():
            if experiment_folder(entry.experiment) == manifest.experiment:
                return entry.name
    return default_convention(dataset.name)


def _recorded_data(manifest: Manifest) -> str | None:
    """Where the data set of a run was; None where its manifest does not say."""
    drawn = manifest.dataset if manifest.dataset in {"synthetic", "embedded"} else None
    return manifest.settings.get("data") or drawn


def first_manifest(results: Path) -> Manifest | None:
    """The first manifest below a folder; None where there is none, as in other toolkits' results."""
    from siamfc_eval.results.manifest import MANIFEST, read_manifest

    found = sorted(results.rglob(MANIFEST)) if results.is_dir() else []
    return read_manifest(found[0].parent) if found else None


def score_results(
    results: Path,
    dataset: Dataset,
    convention: str,
    *,
    trackers: tuple[str, ...] = (),
    experiment: str | None = None,
    attribute_source: str | None = None,
    on_mismatch: Any = "strict",
) -> Scores:
    """The scores of the results under a convention, with the statistics that earlier calls kept."""
    from siamfc_eval.kept_files import default_folder
    from siamfc_eval.metrics.conventions import build_measure
    from siamfc_eval.metrics.scoring import score
    from siamfc_eval.results.read import read_results

    runs = experiment or experiment_folder(build_measure(convention, dataset).experiment)
    raw = read_results(results, dataset, trackers or None, runs)
    return score(
        raw,
        dataset,
        convention,
        attribute_source=attribute_source,
        on_mismatch=on_mismatch,
        cache=default_folder(),
        skip_unusable=len(raw) > 1,
    )


def exit_code(scored: list[Scores]) -> int:
    """1 where some tracker could not be scored, 2 where something is missing, else 0."""
    if any(scores.metadata.get("refused") for scores in scored):
        return 1
    return 2 if any(scores.incomplete for scores in scored) else 0
