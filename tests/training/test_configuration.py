"""A training file is read whole or refused with the field that is wrong."""

from __future__ import annotations

from pathlib import Path

import pytest

from siamfc_eval.catalogue import catalogue_folder
from siamfc_eval.errors import InputError
from siamfc_eval.models.registry import build_model
from siamfc_eval.training.building import build_augmentation
from siamfc_eval.training.configuration import CATALOGUE, TrainingConfiguration, data_folder, read_configuration
from siamfc_eval.training.validation import build_tracker

GOOD = """
name = "x"
model = { name = "SiamFC" }
sources = [{ name = "s", kind = "stills", path = "stills" }]
loop = { steps = 10 }
"""


@pytest.mark.parametrize(
    "path", sorted(catalogue_folder("experiments/trainings").glob("train_*.toml")), ids=lambda path: path.stem
)
def test_the_training_files_of_the_catalogue_are_valid(path: Path) -> None:
    configuration = read_configuration(path)
    assert build_augmentation(configuration)
    held = set(configuration.validation.tracks)
    assert configuration.validation.every == 0 or held


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ("learning_rate = 1", r"unknown key 'learning_rate'"),
        ("optimiser = { rate = -1 }", r"optimiser\.rate = .*: Input should be greater than 0"),
        ('optimiser = { schedule = "exponential" }', r"optimiser\.schedule = .*: Input should be .*'log'"),
        ("optimiser = { warmup = 10 }", r"optimiser\.warmup 10 is not below loop\.steps 10"),
        ('loss = { box_loss = "iou" }', r"loss\.box_loss = .*'giou' or 'diou'"),
        ("loss = { box_weight = 0 }", r"loss\.box_weight = .*greater than 0"),
        ("loss = { hard_negatives = 1.5 }", r"loss\.hard_negatives = .*less than or equal to 1"),
        ("crops = { exemplar = 127, search = 100 }", r"crops = .*: .*search 100 must be larger than exemplar 127"),
        ("validation = { every = 5 }", r"validation = .*: .*nothing to validate on"),
    ],
)
def test_a_wrong_field_is_named(tmp_path: Path, change: str, message: str) -> None:
    path = tmp_path / "train.toml"
    path.write_text(change + GOOD)
    with pytest.raises(InputError, match=message):
        read_configuration(path)


def test_a_file_that_is_no_toml_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "train.toml"
    path.write_text("steps: 10")
    with pytest.raises(InputError, match="not valid TOML"):
        read_configuration(path)
    with pytest.raises(InputError, match="cannot read this training file"):
        read_configuration(tmp_path / "absent.toml")


def test_an_unknown_augmentation_lists_the_known_ones(configuration: TrainingConfiguration) -> None:
    changed = configuration.model_copy(update={"augmentation": {"rotate": 3.0}})
    with pytest.raises(InputError, match=r"augmentation has no rotate\. Known: .*rotation"):
        build_augmentation(changed)


def test_a_file_is_laid_over_the_one_that_it_extends(tmp_path: Path) -> None:
    (tmp_path / "base.toml").write_text(GOOD + "optimiser = { rate = 0.5, clip = 3.0 }")
    path = tmp_path / "train.toml"
    path.write_text('extends = "base"\nname = "y"\noptimiser = { rate = 0.25 }')
    configuration = read_configuration(path)
    assert (configuration.name, configuration.loop.steps) == ("y", 10)
    assert (configuration.optimiser.rate, configuration.optimiser.clip) == (0.25, 3.0)


def test_a_file_anywhere_extends_the_catalogue_and_its_own_folder_comes_first(tmp_path: Path) -> None:
    path = tmp_path / "mine.toml"
    path.write_text('extends = "train_siamfc_slim"')
    theirs = read_configuration(catalogue_folder(CATALOGUE) / "train_siamfc_slim.toml")
    assert read_configuration(path) == theirs.model_copy(update={"name": "mine"})
    (tmp_path / "train_siamfc_slim.toml").write_text(GOOD)
    assert read_configuration(path).loop.steps == 10


@pytest.mark.parametrize("base", ['"../base"', "3", '"/etc/passwd"'])
def test_a_base_that_is_no_name_is_refused(tmp_path: Path, base: str) -> None:
    path = tmp_path / "train.toml"
    path.write_text(f"extends = {base}" + GOOD)
    with pytest.raises(InputError, match="expected the name of another training file, without its folder"):
        read_configuration(path)


def test_a_base_that_is_nowhere_is_named_with_the_places_looked_at(tmp_path: Path) -> None:
    path = tmp_path / "train.toml"
    path.write_text('extends = "train_siamfc_slin"')
    with pytest.raises(InputError, match=r"no file train_siamfc_slin\.toml") as refused:
        read_configuration(path)
    for place in (tmp_path, catalogue_folder(CATALOGUE), "train_siamfc_slim"):
        assert str(place) in str(refused.value)


def test_files_that_extend_themselves_or_each_other_are_refused(tmp_path: Path) -> None:
    (tmp_path / "a.toml").write_text('extends = "b"' + GOOD)
    (tmp_path / "b.toml").write_text('extends = "c"' + GOOD)
    (tmp_path / "c.toml").write_text('extends = "b"' + GOOD)
    with pytest.raises(InputError, match=r"extend each other: b\.toml -> c\.toml -> b\.toml"):
        read_configuration(tmp_path / "a.toml")
    (tmp_path / "c.toml").write_text('extends = "c.toml"' + GOOD)
    with pytest.raises(InputError, match=r"c\.toml: extends itself.*rename yours"):
        read_configuration(tmp_path / "a.toml")


def test_material_below_no_folder_is_refused_and_absolute_paths_need_none(
    configuration: TrainingConfiguration, tmp_path: Path
) -> None:
    with pytest.raises(InputError, match=r"its material is in crops, stills, .*Give --data FOLDER"):
        data_folder(configuration, None)
    with pytest.raises(InputError, match=r"absent: no such folder.*crops, stills"):
        data_folder(configuration, tmp_path / "absent")
    assert data_folder(configuration, tmp_path) == tmp_path
    sources = tuple(source.model_copy(update={"path": str(tmp_path)}) for source in configuration.sources)
    assert data_folder(configuration.model_copy(update={"sources": sources}), None) == Path()


def test_a_wrong_hyper_parameter_of_the_validating_tracker_is_named(configuration: TrainingConfiguration) -> None:
    validation = configuration.validation.model_copy(update={"parameters": {"window": 0.3}})
    model = build_model(configuration.model.name, **configuration.model.options)
    with pytest.raises(InputError, match=r"validation\.parameters: unknown key 'window'\. .*window_influence"):
        build_tracker(model, configuration.model_copy(update={"validation": validation}))
