"""The challenge's own archive of raw results scores as the VOT2018 challenge report prints it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from siamfc_eval.datasets.load import load_dataset
from siamfc_eval.metrics.scoring import score
from siamfc_eval.results.read import read_results

pytestmark = pytest.mark.shared

REPORT = {
    "LADCF": 0.389,
    "MFT": 0.385,
    "SiamRPN": 0.383,
    "RCO": 0.376,
    "DRT": 0.356,
    "DeepSTRCF1": 0.345,
    "CPT": 0.339,
    "SA_Siam_R": 0.337,
    "LSART": 0.323,
    "SRCT": 0.310,
    "CFTR": 0.300,
    "CPT_fast": 0.296,
    "DeepCSRDCF": 0.293,
    "SiamVGG": 0.286,
    "SA_Siam_P": 0.286,
    "ECO": 0.280,
    "MCCT": 0.274,
    "CCOT": 0.267,
    "csrtpp": 0.263,
    "LWDNTthi": 0.261,
    "CSRDCF": 0.256,
    "UpdateNet": 0.244,
    "MEEM": 0.192,
    "SiamFC": 0.188,
    "DCFNet": 0.182,
    "DensSiam": 0.174,
    "Staple": 0.169,
    "TRACA": 0.137,
    "KCF": 0.135,
    "SRDCF": 0.119,
    "MIL": 0.118,
    "struck2011": 0.097,
    "DSST": 0.079,
    "IVT": 0.076,
    "L1APG": 0.069,
}
"""EAO; UPDT, DLSTpp and MBSiam, which agree too, have 15 repetitions of every sequence and are left out for time."""
STOCHASTIC = "LSART"


def _wanted(name: str) -> bool:
    """Every repetition of a tracker that needs them, the first of one whose repetitions are the same."""
    tracker = name.split("/", maxsplit=1)[0]
    return tracker == STOCHASTIC or (tracker in {*REPORT, "CFCF"} and name.endswith("_001.txt"))


@pytest.fixture(scope="module")
def eao(shared: Path, unpack: Any) -> dict[str, dict[str, float]]:
    """Convention -> tracker -> EAO, of one tracker after another, as each holds all its overlaps in memory."""
    dataset = load_dataset(shared / "data/vot2018/annotations.json", name="vot2018")
    results = read_results(unpack("vot2018_official", _wanted), dataset)
    return {
        convention: {
            name: tracker.values["eao"] for name, tracker in score(results, dataset, convention).trackers.items()
        }
        for convention in ("vot-official", "pysot-vot")
    }


def test_vot_official_prints_the_report_s_figures(eao: dict[str, dict[str, float]]) -> None:
    found = {name: round(eao["vot-official"][name], 3) for name in REPORT}
    assert found == REPORT


def test_what_pysot_does_with_failures_five_frames_before_the_end_moves_four_of_them(
    eao: dict[str, dict[str, float]],
) -> None:
    found = {name: round(eao["pysot-vot"][name], 4) for name in ("LSART", "SiamFC", "KCF", "CFCF")}
    assert found == {"LSART": 0.3217, "SiamFC": 0.1868, "KCF": 0.1340, "CFCF": 0.2796}
    # The report of 2017 prints .286 for CFCF, of the runs of that year; these are those of 2018.
    assert eao["vot-official"]["CFCF"] == pytest.approx(0.2825, abs=5e-5)
