"""Another package adds one thing of each kind, each in one file, and all are used from the command line."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

GUIDE = (Path(__file__).resolve().parents[1] / "CONTRIBUTING.md").read_text(encoding="utf-8")


def added() -> dict[str, tuple[str, str, str, str]]:
    """What the walks of CONTRIBUTING.md add: entry-point group -> name, module, attribute, source."""
    entries = re.findall(
        r'```toml\n\[project\.entry-points\."siamfc_eval\.(\w+)"\]\n(\S+) = "(\w+):(\w+)"\n```\n\n(?:<!--.*?-->\n)?'
        r"```python\n# \w+\.py\n(.*?)```\n",
        GUIDE,
        flags=re.DOTALL,
    )
    return {group: (name, module, attribute, source) for group, name, module, attribute, source in entries}


ADDED = added()

EXPERIMENT = """
description = "From a larger box"
dataset = "paces"
conventions = ["my-lab"]

[[protocols]]
kind = "larger-start"
factor = 1.2
"""

Invoke = Callable[..., str]


def test_every_kind_has_a_walk() -> None:
    assert set(ADDED) == {"trackers", "datasets", "conventions", "protocols", "metrics", "figures", "executors"}


@pytest.fixture(scope="module")
def places(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """The installed package, a catalogue of one's own, a data set and where runs go."""
    root = tmp_path_factory.mktemp("extending")
    site, catalogue, data = (root / name for name in ("site", "catalogue", "videos"))
    info = site / "demo_plugin-1.0.dist-info"
    info.mkdir(parents=True)
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: demo-plugin\nVersion: 1.0\n", encoding="utf-8")
    lines = []
    for group, (name, module, attribute, source) in ADDED.items():
        (site / f"{module}.py").write_text(source, encoding="utf-8")
        lines += [f"[siamfc_eval.{group}]", f"{name} = {module}:{attribute}"]
    (info / "entry_points.txt").write_text("\n".join(lines), encoding="utf-8")
    for kind in ("trackers", "experiments"):
        (catalogue / kind).mkdir(parents=True)
    for name, pace in (("slow", 0.5), ("quick", 3.0)):
        text = f'family = "drifting"\ndescription = "Drifts"\npace = {pace}\n'
        (catalogue / "trackers" / f"{name}.toml").write_text(text, encoding="utf-8")
    (catalogue / "experiments" / "larger.toml").write_text(EXPERIMENT, encoding="utf-8")
    data.mkdir()
    (data / "paces.txt").write_text("".join(f"video{i} 12 20 30 24 20 {0.4 + 0.1 * i}\n" for i in range(8)))
    return {"site": site, "catalogue": catalogue, "data": data, "out": root / "runs"}


@pytest.fixture(scope="module")
def invoke(places: dict[str, Path]) -> Invoke:
    """Run the command line as a user does, with the package installed and the catalogue named by the environment."""
    cache = places["out"].parent / "cache"
    environment = {
        **os.environ,
        "PYTHONPATH": os.pathsep.join(filter(None, [str(places["site"]), os.environ.get("PYTHONPATH")])),
        "SIAMFC_EVAL_PATH": str(places["catalogue"]),
        "XDG_CACHE_HOME": str(cache),
    }

    def run(*arguments: object, code: int = 0) -> str:
        words = [sys.executable, "-m", "siamfc_eval", *map(str, arguments)]
        done = subprocess.run(words, env=environment, capture_output=True, text=True, check=False)
        assert done.returncode == code, done.stdout + done.stderr
        return done.stdout + done.stderr

    return run


@pytest.fixture(scope="module")
def results(invoke: Invoke, places: dict[str, Path]) -> Path:
    """The trackers of the package under its protocol, on its data set."""
    trackers = ("--tracker", "slow", "--tracker", "quick")
    how = ("--executor", "shortest-first", "--no-score")
    invoke("run", "larger", *trackers, "--data", places["data"], "--out", places["out"], *how)
    assert sorted((places["out"] / "paces" / "slow" / "larger").rglob("*.txt"))
    return places["out"] / "paces"


@pytest.mark.parametrize(
    ("what", "name"),
    [
        ("families", "drifting"),
        ("datasets", "paces"),
        ("conventions", "my-lab"),
        ("protocols", "larger-start"),
        ("metrics", "jitter"),
        ("figures", "how-many"),
        ("executors", "shortest-first"),
    ],
)
def test_what_the_package_adds_is_listed_with_where_it_is_from(invoke: Invoke, what: str, name: str) -> None:
    rows = {row["name"]: row["from"] for row in json.loads(invoke("list", what, "--json"))}
    assert rows.pop(name) == "demo-plugin-1.0"
    assert set(rows.values()) == {"siamfc_eval"}


@pytest.mark.parametrize(("what", "name"), [("trackers", "slow"), ("experiments", "larger")])
def test_definitions_of_ones_own_are_listed_with_their_folder(
    invoke: Invoke, places: dict[str, Path], what: str, name: str
) -> None:
    rows = {row["name"]: row["from"] for row in json.loads(invoke("list", what, "--json"))}
    assert rows[name] == str(places["catalogue"])
    assert rows["static" if what == "trackers" else "otb2015"] == "siamfc_eval"


def test_its_executor_ran_the_trackers(results: Path) -> None:
    manifest = json.loads((results / "slow" / "larger" / "manifest.json").read_text(encoding="utf-8"))
    assert manifest["settings"]["executor"] == "shortest-first"
    assert manifest["settings"]["times"] == "measured: the tracker alone"


def test_scores_are_under_its_convention_and_have_its_metric(
    invoke: Invoke, places: dict[str, Path], results: Path
) -> None:
    asked = ("score", results, "--data", places["data"], "--metric", "jitter", "--json")
    scores: dict[str, Any] = json.loads(invoke(*asked))
    assert scores["convention"] == "my-lab"
    assert scores["trackers"]["quick"]["jitter"] == pytest.approx(3.0)
    assert scores["trackers"]["slow"]["sequences"]["video1"]["jitter"] == pytest.approx(0.5)
    assert {"key": "jitter", "label": "Jitter", "better": "lower", "low": 0.0, "high": None, "unit": "px/frame"} in (
        scores["metrics"]
    )
    assert "|thr:11|" in scores["signature"]
    assert "|also:jitter|from:demo-plugin-1.0|" in scores["signature"]
    assert json.loads(invoke(*asked[:4], "--signature", scores["signature"], "--json")) == scores
    plain = json.loads(invoke(*asked[:4], "--json"))
    assert "jitter" not in plain["trackers"]["quick"]
    assert plain["trackers"]["quick"]["success_auc"] == scores["trackers"]["quick"]["success_auc"]
    assert "Jitter" in invoke(*asked[:-1])


def test_trackers_are_compared_by_its_metric(invoke: Invoke, places: dict[str, Path], results: Path) -> None:
    asked = ("compare", results, "--data", places["data"], "--metric", "jitter", "--resamples", "500", "--json")
    comparison = json.loads(invoke(*asked))
    assert comparison["trackers"]["slow"]["rank"] == 1
    assert comparison["trackers"]["quick"]["value"] == pytest.approx(3.0)


def test_the_report_has_its_figure(invoke: Invoke, places: dict[str, Path], results: Path, tmp_path: Path) -> None:
    out = ("--out", tmp_path, "--resamples", "500", "--format", "svg")
    invoke("report", results, "--data", places["data"], "--metric", "jitter", *out)
    assert (tmp_path / "figures" / "how_many.svg").is_file()
    assert 'id="how_many"' in (tmp_path / "report.html").read_text(encoding="utf-8")
    section, *_ = json.loads((tmp_path / "report.json").read_text(encoding="utf-8"))["sections"]
    assert section["trackers"]["slow"]["jitter"] == pytest.approx(0.5)


def test_a_metric_that_is_not_there_is_answered_with_near_ones(
    invoke: Invoke, places: dict[str, Path], results: Path
) -> None:
    said = invoke("score", results, "--data", places["data"], "--metric", "jiter", code=1)
    assert "Did you mean jitter?" in said


def test_a_wrong_key_of_its_protocol_is_named(invoke: Invoke, places: dict[str, Path], tmp_path: Path) -> None:
    file = tmp_path / "wrong.toml"
    file.write_text(EXPERIMENT.replace("factor", "faktor"), encoding="utf-8")
    said = invoke("run", file, "--tracker", "slow", "--data", places["data"], "--out", tmp_path, code=1)
    assert "faktor" in said
    assert "factor" in said


def test_a_catalogue_can_be_named_on_the_command_line(invoke: Invoke, tmp_path: Path) -> None:
    (tmp_path / "trackers").mkdir()
    (tmp_path / "trackers" / "mine.toml").write_text('family = "static"\ndescription = "Mine"\n', encoding="utf-8")
    rows = json.loads(invoke("--catalogue", tmp_path, "list", "trackers", "--json"))
    assert {row["name"]: row["from"] for row in rows}["mine"] == str(tmp_path)
    said = invoke("--catalogue", tmp_path / "nowhere", "list", "trackers", code=1)
    assert "no such folder" in said
    (tmp_path / "trackers" / "static.toml").write_text('family = "static"\n', encoding="utf-8")
    assert "defined twice" in invoke("--catalogue", tmp_path, "list", "trackers", code=1)
