"""Tuning finds better values, never peeks at what judges it, and writes a tracker that can be used."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from click.testing import CliRunner

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


def test_the_command_writes_a_tracker_that_loads(tmp_path: Path) -> None:
    torch = pytest.importorskip("torch")
    pytest.importorskip("optuna")
    from siamfc_eval.adapters.load import load_tracker
    from siamfc_eval.cli.tune_verb import command
    from siamfc_eval.models.registry import build_model

    torch.manual_seed(0)
    weights = tmp_path / "narrow.pth"
    torch.save(build_model("SiamFC", channels=(4, 6, 8, 8, 6), groups=(1, 2, 1, 2, 2)).state_dict(), weights)
    experiment = tmp_path / "tiny.toml"
    experiment.write_text(
        'dataset = "embedded"\n[dataset_options]\nlength = 4\nnames = ["van-approaches", "disc-spins"]\n'
        '[[protocols]]\nkind = "ope"\n',
        encoding="utf-8",
    )
    out = tmp_path / "made" / "mine.toml"
    arguments = [
        "siamfc",
        "--experiment",
        str(experiment),
        "--trials",
        "3",
        "--weights",
        str(weights),
        "--device",
        "cpu",
    ]
    done = CliRunner().invoke(command, [*arguments, "--out", str(out), "--json"], catch_exceptions=False)
    found = json.loads(done.stdout)
    assert len(found["trials"]) == 3
    assert found["metric"] == "success_auc"
    tuned = load_tracker(str(out), device="cpu")
    assert tuned.parameters.window_influence == pytest.approx(found["parameters"]["window_influence"], abs=1e-4)  # type: ignore[attr-defined]
    assert "kept out" in out.read_text(encoding="utf-8")
