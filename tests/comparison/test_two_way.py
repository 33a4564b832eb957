"""Two-way analysis: effects that are built in come back, and what sequences or the other factor do cancels."""

from __future__ import annotations

import numpy as np
import pytest

from siamfc_eval.comparison.two_way import Effect, two_way
from siamfc_eval.errors import InputError

HEADS, BACKBONES = ("fc", "rpn"), ("alexnet", "vgg", "res22")
HEAD, BACKBONE = {"fc": 0.0, "rpn": 0.06}, {"alexnet": 0.0, "vgg": 0.03, "res22": -0.02}


def _scores(sequences: int = 14, noise: float = 0.005, interaction: float = 0.0) -> dict[tuple[str, str], np.ndarray]:
    rng = np.random.default_rng(5)
    difficulty = rng.uniform(0.2, 0.8, sequences)
    return {
        (head, backbone): difficulty
        + HEAD[head]
        + BACKBONE[backbone]
        + (interaction if (head, backbone) == ("rpn", "vgg") else 0.0)
        + rng.normal(0.0, noise, sequences)
        for head in HEADS
        for backbone in BACKBONES
    }


def _find(effects: list[Effect], first: str, second: str, within: str = "") -> Effect:
    (found,) = [e for e in effects if (e.first, e.second, e.within) == (first, second, within)]
    return found


def test_main_effects_are_those_that_were_built_in() -> None:
    effects = two_way(_scores(), ("head", "backbone"), resamples=2000)
    head = _find(effects, "fc", "rpn")
    assert head.factor == "head"
    assert head.difference.low < -0.06 < head.difference.high < 0.0
    assert head.p == pytest.approx(2 / 2**14)
    for first, second in (("alexnet", "vgg"), ("alexnet", "res22"), ("vgg", "res22")):
        effect = _find(effects, first, second)
        assert effect.factor == "backbone"
        assert effect.difference.value == pytest.approx(BACKBONE[first] - BACKBONE[second], abs=0.005)
        assert effect.p <= effect.p_holm <= 3 * effect.p + 1e-12
    for effect in effects:
        low, _, high = sorted((effect.difference.low, effect.difference.value, effect.difference.high))
        assert (low <= 0.0 <= high) is (effect.p_holm >= 0.05)
    assert len(effects) == 1 + 3 + 3 + 2 * 3


def test_an_effect_is_seen_that_the_spread_of_sequences_would_hide_unpaired() -> None:
    scores = _scores()
    spread = np.std([values.mean() for values in scores.values()])
    assert np.std(next(iter(scores.values()))) > 3 * spread
    assert _find(two_way(scores, ("head", "backbone"), resamples=500), "alexnet", "res22").p < 0.01


def test_where_factors_interact_the_effects_within_levels_differ() -> None:
    effects = two_way(_scores(interaction=-0.12), ("head", "backbone"), resamples=2000)
    assert _find(effects, "fc", "rpn", "alexnet").difference.value == pytest.approx(-0.06, abs=0.005)
    assert _find(effects, "fc", "rpn", "vgg").difference.value == pytest.approx(0.06, abs=0.005)
    within = [_find(effects, "fc", "rpn", backbone).difference.value for backbone in BACKBONES]
    assert _find(effects, "fc", "rpn").difference.value == pytest.approx(np.mean(within))


def test_without_an_effect_there_is_no_difference() -> None:
    rng = np.random.default_rng(2)
    scores = {(head, backbone): rng.uniform(0, 1, 12) for head in HEADS for backbone in BACKBONES}
    assert all(effect.p_holm > 0.05 for effect in two_way(scores, ("head", "backbone"), resamples=500))
    same = dict.fromkeys(scores, rng.uniform(0, 1, 12))
    assert all(effect.p == 1.0 for effect in two_way(same, ("head", "backbone"), resamples=200))


def test_what_is_not_crossed_is_refused_by_name() -> None:
    scores = _scores()
    del scores["rpn", "vgg"]
    with pytest.raises(InputError, match="head and backbone are not crossed: there is no rpn with vgg"):
        two_way(scores, ("head", "backbone"))
    with pytest.raises(InputError, match="head has the level fc only"):
        two_way({cell: values for cell, values in scores.items() if cell[0] == "fc"}, ("head", "backbone"))
    scores = _scores()
    scores["fc", "vgg"] = scores["fc", "vgg"][:5]
    with pytest.raises(InputError, match="scores on 5, 14 sequences"):
        two_way(scores, ("head", "backbone"))
