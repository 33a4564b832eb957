"""Made-up scores of a few trackers, and the report of them."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from siamfc_eval.comparison.compare import compare
from siamfc_eval.metrics.scores import Scores
from siamfc_eval.reporting.report import Report, Section
from tests.reporting.toys import toy_scores


@pytest.fixture
def make_scores() -> Callable[..., Scores]:
    return toy_scores


@pytest.fixture
def report() -> Report:
    scores = toy_scores(("alpha", "beta", "gam<ma>&_1"))
    return Report("Toy report", (Section("Toy", scores, compare(scores, resamples=500)),), {"command": "siamfc-eval x"})
