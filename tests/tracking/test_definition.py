"""Definitions are read strictly, and every error says what to change."""

from __future__ import annotations

from pathlib import Path

import pytest

from siamfc_eval.catalogue import find_definition
from siamfc_eval.errors import InputError, UnknownNameError
from siamfc_eval.tracking.catalogue import tracker_facts
from siamfc_eval.tracking.definition import read_definition
from siamfc_eval.tracking.families.siamfc.family import PRESETS as SIAMFC_PRESETS
from siamfc_eval.tracking.families.siamfc.family import SiamFCDefinition
from siamfc_eval.tracking.families.siamfc.parameters import SiamFCParameters
from siamfc_eval.tracking.families.siamrpn.family import SiamRPNDefinition
from siamfc_eval.tracking.family import Described, LoadOptions


def written(folder: Path, text: str) -> Path:
    path = folder / "mine.toml"
    path.write_text(text, encoding="utf-8")
    return path


def test_parameters_are_laid_over_the_preset(tmp_path: Path) -> None:
    definition = read_definition(
        written(tmp_path, 'family = "siamfc"\nmodel = "SiamFC"\npreset = "siamdw"\n[parameters]\nscales = 5\n')
    )
    assert isinstance(definition, SiamFCDefinition)
    parameters = definition.resolved("here")
    assert (parameters.scales, parameters.window_influence, parameters.polygon_fit) == (5, 0.35, "pysot")


def test_rpn_definitions_have_rpn_parameters(tmp_path: Path) -> None:
    definition = read_definition(
        written(tmp_path, 'family = "siamrpn"\nmodel = "SiamRPN++"\npreset = "pysot-r50-otb"\n')
    )
    assert isinstance(definition, SiamRPNDefinition)
    assert definition.resolved("here").penalty_k == 0.24


@pytest.mark.parametrize("preset", sorted(SIAMFC_PRESETS))
def test_presets_are_valid(preset: str) -> None:
    assert SiamFCParameters(**SIAMFC_PRESETS[preset]).scales == 3


@pytest.mark.parametrize("name", ["siamfc-slim", "siamfc-alexnet"])
def test_shipped_trackers_have_exact_arithmetic_and_the_brought_network_that_of_its_project(name: str) -> None:
    def arithmetic(name: str) -> tuple[object, ...]:
        definition = read_definition(find_definition("trackers", name))
        assert isinstance(definition, SiamFCDefinition)
        found = definition.resolved(name)
        return found.crop, found.upsampling_kernel, found.refine_peak, found.polygon_fit

    assert arithmetic(name) == ("exact", "spline", True, "bounds")
    assert arithmetic("siamfc") == ("rounded", "opencv", False, "pysot")


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ('family = "siamese"', "family is 'siamese'.*siamfc, siamrpn, correlation-filter"),
        ('family = "siamfc"', "key 'model' is missing"),
        ('family = "siamfc"\nmodel = "SiamFC"\nwieghts = "a"', "unknown key 'wieghts'. Did you mean weights"),
        ('family = "siamfc"\nmodel = "SiamFC"\n[parameters]\nwindow_influnce = 0.2', "Did you mean window_influence"),
        ('family = "siamfc"\nmodel = "SiamFC"\n[parameters]\nscales = 4', "scales is 4; an odd number"),
        ('family = "siamfc"\nmodel = "SiamFC"\n[parameters]\ncrop = "round"', "crop = 'round'.*'rounded' or 'pysot'"),
        ('family = "siamfc"\nmodel = "SiamFC"\n[parameters]\nscale_step = "big"', "scale_step = 'big'"),
        ('family = "siamfc"\nmodel = "SiamFC"\n[parameters]\nwindow_influence = nan', "window_influence = nan"),
        ('family = "siamfc"\nmodel = "SiamFC"\n[parameters]\npenalty_k = 0.1', "unknown key 'penalty_k'"),
        ('family = "siamfc"\nmodel = "SiamFC"\n[parameters]\nsearch_size = 100', "smaller than exemplar_size 127"),
        ('family = "static"\nmodel = "SiamFC"', "unknown key 'model'"),
        ('family = "siamfc', "not valid TOML"),
    ],
)
def test_mistakes_are_named_with_the_file(tmp_path: Path, text: str, words: str) -> None:
    with pytest.raises(InputError, match=words) as caught:
        read_definition(written(tmp_path, text))
    assert "mine.toml" in str(caught.value)


def test_an_unknown_preset_is_answered_with_the_nearest(tmp_path: Path) -> None:
    with pytest.raises(UnknownNameError, match=r"Did you mean .*siamfc-pytorch"):
        read_definition(written(tmp_path, 'family = "siamfc"\nmodel = "SiamFC"\npreset = "siamfc-pytroch"'))


def test_the_hash_follows_parameters_and_weights_and_nothing_else(tmp_path: Path) -> None:
    def fact_hash(extra: str, weights: bytes, file: str = "w.bin") -> str:
        definition = read_definition(written(tmp_path, f'family = "siamfc"\nmodel = "SiamFC"\n{extra}'))
        path = tmp_path / file
        path.write_bytes(weights)
        return str(tracker_facts(Described(Path("here.toml"), definition), LoadOptions(weights=path))["hash"])

    plain = fact_hash("", b"1")
    assert plain == fact_hash('description = "other words"', b"1", "elsewhere.bin")
    assert plain == fact_hash("[parameters]\nscales = 3", b"1")
    assert len({plain, fact_hash("", b"2"), fact_hash("[parameters]\nscales = 5", b"1")}) == 3
