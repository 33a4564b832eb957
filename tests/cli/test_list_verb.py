"""`siamfc-eval list` names everything that the other verbs take, for people and for programs."""

from __future__ import annotations

import json
from typing import Any

import pytest
from click.testing import CliRunner

from siamfc_eval.catalogue import catalogue_names
from siamfc_eval.cli.verbs.list_verb import command
from siamfc_eval.metrics.conventions import CONVENTIONS
from siamfc_eval.models.registry import model_names


def listed(what: str) -> list[dict[str, Any]]:
    done = CliRunner().invoke(command, [what, "--json"], catch_exceptions=False)
    assert done.exit_code == 0
    return json.loads(done.stdout)


@pytest.mark.parametrize("what", ["trackers", "experiments", "datasets", "conventions"])
def test_tables_and_json_name_the_same_things(what: str) -> None:
    shown = CliRunner().invoke(command, [what], catch_exceptions=False).stdout.splitlines()
    assert [line.split()[0] for line in shown[1:]] == [row["name"] for row in listed(what)]


def test_trackers_say_what_they_lack() -> None:
    ready = {row["name"]: row["ready"] for row in listed("trackers")}
    assert list(ready) == catalogue_names("trackers")
    assert ready["static"] == "yes"
    assert ready["siamvgg"] == "give --weights"


def test_training_recipes_are_no_experiments() -> None:
    assert not [row["name"] for row in listed("experiments") if row["name"].startswith("train")]


def test_models_come_with_their_sizes_and_costs() -> None:
    pytest.importorskip("torch")
    models = {row["name"]: row for row in listed("models")}
    assert list(models) == model_names()
    siamfc = models["SiamFC"]
    assert (siamfc["input"], siamfc["stride"], siamfc["response"]) == ("127/255", 8, "1 x 17 x 17")
    assert (siamfc["parameters_M"], siamfc["search_GMAC"]) == (2.336, 2.72)


def test_every_convention_is_listed() -> None:
    assert {row["name"] for row in listed("conventions")} == set(CONVENTIONS)
