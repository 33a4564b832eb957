"""A run that is killed at any file-system event, and continued, leaves the files of one that was not.

Short: some of the events; long (`make stress`): all of them.
"""

from __future__ import annotations

import itertools
import json
import os
import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path

import pytest

pytestmark = pytest.mark.skipif(os.name != "posix", reason="processes are killed by a POSIX signal")

CHILD = '''
import os, signal, sys
from pathlib import Path
import numpy as np
from siamfc_eval.protocols.trajectory import Trajectory
from siamfc_eval.results.manifest import Manifest
from siamfc_eval.results.store import ResultItem, ResultStore

ITEMS = [ResultItem("bag", 3), ResultItem("fish1", 3, 1), ResultItem("fish1", 3, 2)]


def boxes(number):
    return Trajectory(tuple(np.array([number, 1 / 3, 10.0, 20.5]) + step for step in range(3)),
                      np.array([0.25, np.nan, 1e-7]), np.array([np.nan, 0.5, 0.125]))


def run(out):
    manifest = Manifest(dataset="vot2018", tracker="mine", identity={"weights": "a1"})
    with ResultStore(out, manifest, durable=False) as store:
        for item in store.missing(ITEMS, {item.key: 7 for item in ITEMS}):
            store.write(item, boxes(ITEMS.index(item)), seed=7)


def main(root, events):
    """Fork a process for each event, which is killed at it; the event 0 never comes."""
    for event in events:
        out = Path(root) / str(event)
        out.mkdir(parents=True)
        child = os.fork()
        if child == 0:
            seen = [0]

            def hook(name, arguments):
                if name in {"open", "os.rename", "os.remove", "os.mkdir"} and str(out) in str(arguments[0]):
                    seen[0] += 1
                    if seen[0] == event:
                        os.kill(os.getpid(), signal.SIGKILL)

            sys.addaudithook(hook)
            run(out)
            os._exit(0)
        killed = os.WIFSIGNALED(os.waitpid(child, 0)[1])
        run(out)
        print(event, int(killed), flush=True)


main(sys.argv[1], [int(word) for word in sys.argv[2].split(",")])
'''
EXPERIMENT = """
dataset = "embedded"
dataset_options = { length = 5, size = [160, 120], names = ["disc-spins", "kite-dives", "ball-dashes"] }
conventions = ["otb-matlab"]

[[protocols]]
kind = "ope"

[[protocols]]
kind = "supervised"
repetitions = 2
"""
VERB = """

def run(out):
    from siamfc_eval.cli.main import cli
    devnull = os.open(os.devnull, os.O_WRONLY)
    os.dup2(devnull, 2)
    words = ["run", str(out.parent / "experiment.toml"), "--tracker", "static", "--out", str(out), "--workers", "1"]
    words += ["--lanes", "1", "--no-score", "--json"]
    printed, sys.stdout = sys.stdout, open(os.devnull, "w")
    code = cli.main(words, standalone_mode=False)
    sys.stdout = printed
    assert code == 0, code

"""
"""The same with the verb of the command line in place of the store alone."""


def run(root: Path, events: Iterable[int], verb: str = "") -> dict[int, bool]:
    """Event -> whether a process was killed at it."""
    head, call, tail = CHILD.rpartition("main(sys.argv[1]")
    command = [sys.executable, "-c", head + verb + call + tail, str(root), ",".join(map(str, events))]
    printed = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    return {int(event): killed == "1" for event, killed in map(str.split, printed.splitlines())}


def files(root: Path) -> dict[str, bytes]:
    """Everything that a run left but its lock; the manifest without times and sessions, which say what happened."""
    found = {path.relative_to(root).as_posix(): path.read_bytes() for path in root.rglob("*") if path.is_file()}
    timed = ("manifest.json", "_time.value", "_time.txt", "_times.txt")
    return {name: b"" if name.endswith(timed) or "/times/" in name else data for name, data in found.items()}


def test_killed_runs_continue_to_the_same_files(tmp_path: Path) -> None:
    killed = run(tmp_path, [0, *range(1, 60, 7)])
    assert not killed[0]
    assert sum(killed.values()) >= 4
    expected = files(tmp_path / "0")
    assert any(name.endswith("fish1_002.txt") for name in expected)
    for event in killed:
        assert files(tmp_path / str(event)) == expected, event
        assert '"seed": null' not in next((tmp_path / str(event)).rglob("manifest.json")).read_text()


def outcomes(root: Path) -> dict[str, object]:
    """What the manifests say of each result, but for its times."""
    found: dict[str, object] = {}
    for path in root.rglob("manifest.json"):
        for key, item in json.loads(path.read_text())["items"].items():
            place = f"{path.parent.relative_to(root)}/{key}"
            found[place] = {name: item.get(name) for name in ("status", "frames", "seed", "error")}
    return found


@pytest.mark.parametrize("step", [pytest.param(17, id="short"), pytest.param(1, id="long", marks=pytest.mark.stress)])
def test_the_verb_that_is_killed_continues_to_the_same_results(tmp_path: Path, step: int) -> None:
    for first in itertools.count(1, 40 * step):
        root = tmp_path / str(first)
        root.mkdir()
        (root / "experiment.toml").write_text(EXPERIMENT)
        events = [0, *range(first, first + 40 * step, step)]
        if step > 1:
            events = events[:6]
        killed = run(root, events, VERB)
        expected, said = files(root / "0"), outcomes(root / "0")
        assert len(said) == 3 + 3 * 2
        for event in killed:
            assert files(root / str(event)) == expected, event
            assert outcomes(root / str(event)) == said, event
        assert killed[events[1]] or first > 1
        if step > 1 or not killed[events[-1]]:
            return


@pytest.mark.stress
def test_runs_that_are_killed_at_every_event_continue_to_the_same_files(tmp_path: Path) -> None:
    for first in itertools.count(1, 40):
        root = tmp_path / str(first)
        killed = run(root, [0, *range(first, first + 40)])
        expected = files(root / "0")
        for event in killed:
            assert files(root / str(event)) == expected, event
        if not killed[first + 39]:
            assert first > 40
            return
