"""Differences between conventions, rule by rule."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pytest
from click.testing import CliRunner

from siamfc_eval.cli.verbs.explain_verb import command as explain_command
from siamfc_eval.errors import InputError, UnknownNameError
from siamfc_eval.metrics.explain import explain
from siamfc_eval.metrics.scoring import score
from siamfc_eval.results.read import read_results


def test_an_explanation_adds_up_and_names_the_rules(bench: Any) -> None:
    lost = bench.truth(11.0)
    lost[4:8] = np.nan
    lost[0] += [40, 0, 0, 0]
    bench.write("near", "Dog", lost)
    dataset = bench.dataset()
    result = read_results(bench.results, dataset, ["near"])["near"]
    found = explain(result, dataset, "pysot", "otb-matlab")
    one, two = (score({"near": result}, dataset, name).trackers["near"].values for name in found.conventions)
    assert found.scores[0] == pytest.approx(one)
    assert found.scores[1] == pytest.approx(two)
    steps = {step.rule: step for step in found.steps}
    assert set(steps) == {"first_frame", "bad_prediction"}
    assert steps["bad_prediction"].sequences == ("Dog",)
    for key, value in two.items():
        assert sum(step.differences[key] for step in found.steps) == pytest.approx(value - one[key])
        averages = [step.averages[key] for step in found.steps if step.averages]
        assert sum(averages) == pytest.approx(value - one[key])


def test_averages_over_orders_do_not_depend_on_the_direction(bench: Any) -> None:
    lost = bench.truth(11.0)
    lost[0] = np.nan
    lost[1] = np.nan
    bench.write("near", "Dog", lost)
    dataset = bench.dataset()
    result = read_results(bench.results, dataset, ["near"])["near"]
    there = {step.rule: step for step in explain(result, dataset, "pysot", "otb-matlab").steps}
    back = {step.rule: step for step in explain(result, dataset, "otb-matlab", "pysot").steps}
    for rule, step in there.items():
        assert step.averages is not None
        opposite = back[rule].averages
        assert opposite is not None
        assert step.averages["success_auc"] == pytest.approx(-opposite["success_auc"])


def test_conventions_for_other_runs_are_not_compared(bench: Any) -> None:
    dataset = bench.dataset()
    result = read_results(bench.results, dataset, ["near"])["near"]
    with pytest.raises(InputError, match="ope runs"):
        explain(result, dataset, "otb-matlab", "otb-tre")
    with pytest.raises(UnknownNameError, match="precision_20"):
        explain(result, dataset, "otb-matlab", "got10k", metric="precision_2")


def test_the_explain_command_prints_a_table_or_json(bench: Any) -> None:
    base = ["pysot", "got10k", "--results", str(bench.results), "--annotations", str(bench.annotations)]
    shown = CliRunner().invoke(explain_command, [*base, "--tracker", "near"], catch_exceptions=False)
    assert "near on otb2015: Success AUC under pysot and got10k" in shown.stdout
    found = CliRunner().invoke(explain_command, [*base, "--tracker", "far", "--json"], catch_exceptions=False)
    assert json.loads(found.stdout)["conventions"] == ["pysot", "got10k"]
    with pytest.raises(InputError, match="far, near"):
        CliRunner().invoke(explain_command, base, catch_exceptions=False)
