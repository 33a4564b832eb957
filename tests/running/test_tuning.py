"""Tuning finds better values, never peeks at what judges it, and writes a tracker that can be used."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from siamfc_eval.errors import IncompleteError, InputError, UnknownNameError
from siamfc_eval.tracking.families.siamfc.parameters import SiamFCParameters
from siamfc_eval.tracking.families.static import StaticTracker
from siamfc_eval.tuning.search import choose_ranges, split_sequences, tune

NAMES = ("Jogging-1", "Jogging-2", "Car4", "Couple", "Skating2-1", "Skating2-2", "Human4-2")


@dataclass
class Toy:
    """Scores best at window_influence .4 and scale_rate .5."""

    name: str = "toy"
    parameters: SiamFCParameters = field(default_factory=SiamFCParameters)

    def with_parameters(self, **values: float) -> Toy:
        return Toy(self.name, SiamFCParameters(**{**self.parameters.model_dump(), **values}))


def closeness(tracker: Toy, names: tuple[str, ...]) -> float:
    p = tracker.parameters
    return 1 - abs(p.window_influence - 0.4) - abs(p.scale_rate - 0.5)


def test_targets_of_one_video_stay_on_one_side() -> None:
    for seed in range(20):
        split = split_sequences(NAMES, 0.4, seed)
        assert set(split.tuning) | set(split.held_out) == set(NAMES)
        assert not set(split.tuning) & set(split.held_out)
        for pair in ({"Jogging-1", "Jogging-2"}, {"Skating2-1", "Skating2-2"}):
            assert pair <= set(split.tuning) or pair <= set(split.held_out)
    assert split_sequences(NAMES, 0.4, 1) == split_sequences(NAMES, 0.4, 1)


def test_one_video_cannot_be_split() -> None:
    with pytest.raises(InputError, match="at least two videos"):
        split_sequences(("Jogging-1", "Jogging-2"))
    with pytest.raises(InputError, match="between 0 and 1"):
        split_sequences(NAMES, 1.5)


def test_search_improves_on_the_trackers_own_values_and_repeats_by_seed() -> None:
    split, seen = split_sequences(NAMES), []

    def evaluate(tracker: Toy, names: tuple[str, ...]) -> float:
        seen.append(names)
        return closeness(tracker, names)

    ranges = choose_ranges(Toy(), ("window_influence", "scale_rate"))
    found = tune(Toy(), ranges, evaluate, split, 15)
    assert found.trials[0][0] == {"window_influence": 0.176, "scale_rate": 0.59}
    assert found.tuning_after > found.tuning_before == closeness(Toy(), ())
    assert found.held_out_after > found.held_out_before
    assert seen == [split.tuning] * 15 + [split.held_out] * 2
    assert tune(Toy(), ranges, closeness, split, 15).trials == found.trials


def test_a_metric_where_less_is_better_is_minimised() -> None:
    found = tune(
        Toy(), choose_ranges(Toy()), lambda t, n: -closeness(t, n), split_sequences(NAMES), 8, higher_is_better=False
    )
    assert found.tuning_after <= found.tuning_before


def test_a_missing_score_stops_the_search() -> None:
    with pytest.raises(IncompleteError, match="no score on"):
        tune(Toy(), choose_ranges(Toy()), lambda t, n: float("nan"), split_sequences(NAMES), 3)


def test_what_cannot_be_tuned_is_told() -> None:
    with pytest.raises(InputError, match="static has no hyper-parameters"):
        choose_ranges(StaticTracker())  # type: ignore[arg-type]
    with pytest.raises(UnknownNameError, match="Did you mean scale_rate"):
        choose_ranges(Toy(), ("scale_rat",))


@dataclass(frozen=True)
class Case:
    """A weights file and an experiment of two short drawn sequences, for the command."""

    weights: Path
    experiment: Path

    def run(self, *further: str) -> Result:
        from siamfc_eval.cli.verbs.tune_verb import command

        fixed = ["--experiment", str(self.experiment), "--trials", "2", "--device", "cpu"]
        arguments = ["siamfc", *fixed, "--weights", str(self.weights), *further]
        return CliRunner().invoke(command, arguments, catch_exceptions=False)


@pytest.fixture
def case(tmp_path: Path) -> Case:
    torch = pytest.importorskip("torch")
    pytest.importorskip("optuna")
    from siamfc_eval.models.registry import build_model

    torch.manual_seed(0)
    weights = tmp_path / "weights" / "narrow.pth"
    weights.parent.mkdir()
    torch.save(build_model("SiamFC", channels=(4, 6, 8, 8, 6), groups=(1, 2, 1, 2, 2)).state_dict(), weights)
    experiment = tmp_path / "tiny.toml"
    experiment.write_text(
        'dataset = "embedded"\n[dataset_options]\nlength = 4\nnames = ["van-approaches", "disc-spins"]\n'
        '[[protocols]]\nkind = "ope"\n',
        encoding="utf-8",
    )
    return Case(weights, experiment)


def _score_as(monkeypatch: pytest.MonkeyPatch, held_out_after: float) -> None:
    """Let every tracker score .5, but the tuned one the given value on what was held out."""
    from siamfc_eval.api.tuning import Search

    scores = iter([0.5, 0.7, 0.5, held_out_after])
    monkeypatch.setattr(Search, "_evaluate", lambda *_: next(scores))


def test_a_search_scores_as_anything_else_is_scored(case: Case) -> None:
    from siamfc_eval.api.tuning import Search
    from siamfc_eval.tracking.family import LoadOptions

    search = Search.prepare("siamfc", str(case.experiment), load=LoadOptions("cpu", case.weights))
    assert (search.convention, search.aim.key) == ("otb-matlab", "success_auc")
    assert 0.0 < search._evaluate(search.tracker, search.split.held_out) < 1.0
    with pytest.raises(UnknownNameError, match="success_auc"):
        Search.prepare("siamfc", str(case.experiment), metric="success_auk")


def test_the_command_writes_a_tracker_that_loads_wherever_its_folder_goes(
    case: Case, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from siamfc_eval.adapters.load import load_tracker

    _score_as(monkeypatch, 0.6)
    monkeypatch.chdir(tmp_path)
    done = case.run("--out", "made/mine.toml", "--json")
    found = json.loads(done.stdout)
    assert (found["file"], found["confirmed"], found["metric"]) == ("made/mine.toml", True, "success_auc")
    assert len(found["trials"]) == 2
    text = (tmp_path / "made" / "mine.toml").read_text(encoding="utf-8")
    assert "held out" in text
    assert 'weights = "../weights/narrow.pth"' in text
    moved = tmp_path / "elsewhere"
    moved.mkdir()
    for folder in ("made", "weights"):
        (tmp_path / folder).rename(moved / folder)
    tuned = load_tracker(str(moved / "made" / "mine.toml"), device="cpu")
    assert tuned.parameters.window_influence == pytest.approx(found["parameters"]["window_influence"], abs=1e-4)  # type: ignore[attr-defined]


@pytest.mark.parametrize("after", [0.5, 0.4])
def test_a_gain_that_is_not_confirmed_leaves_no_file(
    case: Case, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, after: float
) -> None:
    out = tmp_path / "mine.toml"
    _score_as(monkeypatch, after)
    done = case.run("--out", str(out))
    assert done.exit_code == 0
    assert "do not confirm a gain: siamfc's own values stay, and no file is written" in done.stdout
    assert not out.exists()
    out.write_text("# of an earlier search")
    _score_as(monkeypatch, after)
    assert "from before and was left as it is" in case.run("--out", str(out)).stdout
    _score_as(monkeypatch, after)
    found = json.loads(case.run("--out", str(out), "--json").stdout)
    assert (found["file"], found["confirmed"]) == (None, False)
    assert out.read_text() == "# of an earlier search"


def test_the_command_scores_what_it_runs(case: Case, tmp_path: Path) -> None:
    found = json.loads(case.run("--out", str(tmp_path / "mine.toml"), "--json").stdout)
    assert found["trials"][0]["score"] == found["tuning"]["before"]
    assert (tmp_path / "mine.toml").exists() == found["confirmed"]
    assert found["confirmed"] == (found["held_out"]["after"] > found["held_out"]["before"])
