"""From raw results to a report: each folder is listed once, and each file is opened once."""

from __future__ import annotations

import collections
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import siamfc_eval as se
from siamfc_eval.datasets.sequence import Dataset, Sequence
from siamfc_eval.protocols.trajectory import Code, Trajectory
from siamfc_eval.results.manifest import Manifest
from siamfc_eval.results.store import ResultItem, ResultStore

WATCHED: list[tuple[Path, collections.Counter[str]]] = []


def _note(event: str, arguments: tuple[Any, ...]) -> None:
    """An audit hook, which stays for the life of the process; it counts only while somebody watches."""
    if not WATCHED or event not in {"open", "os.scandir", "os.listdir"} or not isinstance(arguments[0], str | Path):
        return
    folder, seen = WATCHED[0]
    path = Path(os.path.abspath(arguments[0]))
    if path.is_relative_to(folder):
        seen[f"{event} {path.relative_to(folder)}"] += 1


sys.addaudithook(_note)


@contextmanager
def watched(folder: Path) -> Iterator[collections.Counter[str]]:
    """How often each folder below one is listed and each file is opened."""
    seen: collections.Counter[str] = collections.Counter()
    WATCHED.append((folder, seen))
    try:
        yield seen
    finally:
        WATCHED.clear()


DATASET = Dataset("small", tuple(Sequence(name, np.tile([5.0, 5.0, 20.0, 10.0], (6, 1))) for name in ("cat", "dog")))


@pytest.fixture(scope="module", params=[None, "baseline"], ids=["one pass", "supervised"])
def results(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two trackers under one protocol, with times, as a run leaves them."""
    out, protocol = tmp_path_factory.mktemp("runs"), request.param
    for shift, tracker in enumerate(("Near", "Far")):
        kind = "ope" if protocol is None else "supervised"
        manifest = Manifest(
            dataset="small",
            tracker=tracker,
            experiment=protocol,
            identity={"protocol.kind": kind},
            created="",
            updated="",
        )
        with ResultStore(out, manifest, durable=False) as store:
            for sequence in DATASET:
                regions: list[Any] = [box + np.array([shift, 0, 0, 0]) for box in sequence.boxes]
                first = regions[0] if protocol is None else Code.INITIALIZED
                item = ResultItem(sequence.name, 6, None if protocol is None else 1)
                store.write(item, Trajectory((first, *regions[1:]), np.full(6, 0.1)))
    return out / "small"


@pytest.mark.parametrize("verb", ["score", "report", "load_results"])
def test_a_folder_is_listed_once_and_a_file_opened_once(
    results: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, verb: str
) -> None:
    monkeypatch.setenv("SIAMFC_EVAL_CACHE", str(tmp_path / "cache"))
    asked: dict[str, Any] = {"data": DATASET}
    if verb == "report":
        asked |= {"out": tmp_path / "page", "resamples": 100, "formats": ("svg",)}
    with watched(results) as seen:
        getattr(se, verb)(results, **asked)
    assert seen["os.scandir ."] == 1
    assert {times for what, times in seen.items() if "scandir" in what or "listdir" in what} == {1}, seen
    opened = {what: times for what, times in seen.items() if what.startswith("open ")}
    assert set(opened.values()) == {1}, opened
    assert any(what.endswith("manifest.json") for what in opened)
    assert any("time" in what for what in opened) == (verb != "load_results")
