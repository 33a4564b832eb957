"""Experiment files: those of the catalogue are sound, and mistakes in a user's own are named."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from siamfc_eval.catalogue import catalogue_folder
from siamfc_eval.errors import InputError, UnknownNameError
from siamfc_eval.metrics.conventions import CONVENTIONS
from siamfc_eval.running.experiment import load_experiment, parse_experiment

NAMES = [path.stem for path in sorted(catalogue_folder("experiments").glob("*.toml"))]


@pytest.mark.parametrize("name", NAMES)
def test_the_experiments_of_the_catalogue_are_sound(name: str) -> None:
    experiment = load_experiment(name)
    assert experiment.name == name
    assert experiment.description
    assert set(experiment.conventions) <= set(CONVENTIONS)


def test_vot2018_is_baseline_realtime_and_unsupervised() -> None:
    experiment = load_experiment("vot2018")
    assert [protocol.folder for protocol in experiment.protocols] == ["baseline", "realtime", "unsupervised"]
    assert experiment.protocols[0].repetitions == 15


def test_an_unknown_experiment_is_answered_with_near_names() -> None:
    with pytest.raises(UnknownNameError, match="Did you mean vot201"):
        load_experiment("vot2081")


@pytest.mark.parametrize(
    ("values", "complaint"),
    [
        ({"protocols": []}, "protocols = .*at least 1 item"),
        ({"protocols": [{"kind": "supervized"}]}, "unknown kind 'supervized'. Did you mean supervised"),
        ({"protocols": [{"repetitions": 3}]}, r"key 'protocols\.0\.kind' is missing"),
        ({"protocols": [{"kind": "supervised", "skips": 3}]}, "unknown key 'skips'. Did you mean skip"),
        ({"protocols": [{"kind": "ope"}], "tracker": ["a"]}, "unknown key 'tracker'. Did you mean trackers"),
        ({"protocols": [{"kind": "realtime", "fps": -1}]}, r"protocols\.0\.fps = -1"),
        ({"protocols": [{"kind": "realtime", "clock": "wall"}]}, "'honest' or 'vot-toolkit'"),
        ({"protocols": [{"kind": "ope"}, {"kind": "ope"}]}, "two protocols write into the folder"),
    ],
)
def test_mistakes_are_named(values: dict[str, Any], complaint: str) -> None:
    with pytest.raises(InputError, match=f"my.toml: .*{complaint}"):
        parse_experiment(values, "my.toml")


def test_a_file_that_is_no_toml_or_no_experiment_is_said(tmp_path: Path) -> None:
    path = tmp_path / "mine.toml"
    path.write_text("name = ")
    with pytest.raises(InputError, match="not valid TOML"):
        load_experiment(str(path))
    path.write_text("epochs = 3\n")
    with pytest.raises(InputError, match=r"no \[\[protocols\]\]"):
        load_experiment(str(path))
