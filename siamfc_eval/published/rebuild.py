"""Make the whole catalogue of published statistics again: `python -m siamfc_eval.published.rebuild SHARED`.

`sources.toml` says which raw results are read from the reference data and where they come from.
"""

from __future__ import annotations

import contextlib
import tarfile
import tempfile
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import click

from siamfc_eval.datasets.load import load_dataset
from siamfc_eval.datasets.sequence import Dataset
from siamfc_eval.published.catalogue import ENDING, STATISTICS
from siamfc_eval.published.files import write_published
from siamfc_eval.published.making import origin_of, scores_to_publish, without_lead_in
from siamfc_eval.published.record import Head, Origin
from siamfc_eval.results.raw import TrackerResults
from siamfc_eval.results.read import read_results

_SOURCES = Path(__file__).with_name("sources.toml")


def rebuild(benchmark: str, shared: Path, out: Path = STATISTICS, only: tuple[str, ...] = ()) -> Head:
    """Make the statistics of one benchmark.

    Args:
        benchmark: a table of `sources.toml`.
        shared: the folder with the reference data.
        out: folder of the file.
        only: trackers; none: all.
    """
    described = tomllib.loads(_SOURCES.read_text(encoding="utf-8"))[benchmark]
    with contextlib.ExitStack() as stack:
        unpacked = {
            archive: stack.enter_context(_unpacked(shared / "data/published" / f"{archive}.tar.xz"))
            for archive in {one["archive"] for one in described["results"] if "archive" in one} | _own(described)
        }
        dataset = _dataset(benchmark, described, shared, unpacked, stack)
        results, origins = _results(described, dataset, shared, unpacked, only)
        scored = scores_to_publish(results, dataset, described["conventions"])
        return write_published(
            out / f"{benchmark}{ENDING}", dataset, scored, origins, without_lead_in(results, dataset)
        )


def _own(described: dict[str, Any]) -> set[str]:
    return {described["archive"]} if "archive" in described else set()


def _results(
    described: dict[str, Any], dataset: Dataset, shared: Path, unpacked: dict[str, Path], only: tuple[str, ...]
) -> tuple[dict[str, TrackerResults], dict[str, Origin]]:
    results: dict[str, TrackerResults] = {}
    origins: dict[str, Origin] = {}
    for one in described["results"]:
        folder = (unpacked[one["archive"]] if "archive" in one else shared / "data") / one["folder"]
        wanted = set(one["trackers"]) if "trackers" in one else None
        for name, result in read_results(folder, dataset, protocol=described.get("protocol")).items():
            if (wanted is None or name in wanted) and (not only or name in only):
                results[name] = result
                origins[name] = origin_of(result, one["source"], one.get("version", ""), tuple(one.get("groups", ())))
    return results, origins


def _dataset(
    benchmark: str, described: dict[str, Any], shared: Path, unpacked: dict[str, Path], stack: contextlib.ExitStack
) -> Dataset:
    place = (unpacked[described["archive"]] if "archive" in described else shared / "data") / described["data"]
    if "as" in described:  # The reader wants the folder under the benchmark's own name for it.
        root = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        (root / described["as"]).parent.mkdir(parents=True, exist_ok=True)
        (root / described["as"]).symlink_to(place, target_is_directory=True)
        place = root
    return load_dataset(place, benchmark)


@contextlib.contextmanager
def _unpacked(archive: Path) -> Iterator[Path]:
    with tempfile.TemporaryDirectory() as folder, tarfile.open(archive) as packed:
        packed.extractall(folder, filter="data")
        yield Path(folder)


@click.command()
@click.argument("shared", type=click.Path(path_type=Path, exists=True))
@click.option("--only", multiple=True, help="Only this benchmark; may be given again.")
@click.option("--out", type=click.Path(path_type=Path), default=STATISTICS, help="Folder; default: the package's own.")
def main(shared: Path, only: tuple[str, ...], out: Path) -> None:
    """Compute the statistics of all published trackers from the raw results in the reference data, SHARED."""
    for benchmark in only or tomllib.loads(_SOURCES.read_text(encoding="utf-8")):
        head = rebuild(benchmark, shared, out)
        size = (out / f"{benchmark}{ENDING}").stat().st_size
        click.echo(f"{benchmark}: {len(head.trackers)} trackers, {len(head.tables)} conventions, {size:,} bytes")


if __name__ == "__main__":
    main()
