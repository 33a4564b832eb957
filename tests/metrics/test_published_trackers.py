"""Raw results of published trackers, as text and as `.mat`, score as their papers say."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from siamfc_eval.datasets.load import load_dataset
from siamfc_eval.metrics.scoring import score
from siamfc_eval.results.read import read_results

pytestmark = pytest.mark.shared

OTB = {
    "otb2015": {"ECO": 0.691, "ECO-HC": 0.643, "DaSiamRPN": 0.658, "C-COT": 0.674, "SiamBAN": 0.696},
    "otb2015_mat": {
        "CF2": 0.562,
        "CNN-SVM": 0.555,
        "DeepSRDCF": 0.636,
        "HDT": 0.564,
        "LCT": 0.562,
        "SRDCFdecon": 0.627,
        "Staple": 0.581,
    },
}
"""Success AUC. MEEM, whose .530 is not met (its files give .539 under every convention), is of another run."""
HALF_A_DIGIT = 0.00055


@pytest.mark.parametrize("folder", OTB)
def test_otb2015(shared: Path, unpack: Any, folder: str) -> None:
    dataset = load_dataset(shared / "data/otb2015/annotations.json", "otb2015")
    raw = read_results(unpack("otb2015_more") / folder, dataset)
    assert len(raw) == {"otb2015": 18, "otb2015_mat": 7}[folder]
    # CNN-SVM is a line short in two sequences, which this convention tolerates.
    found = score(raw, dataset, "plain", attribute_source="none")
    assert not found.incomplete
    for tracker, published in OTB[folder].items():
        auc = found.trackers[tracker].values["success_auc"]
        assert auc == pytest.approx(published, abs=HALF_A_DIGIT), tracker


def test_uav123(unpack: Any, tmp_path: Path) -> None:
    folder = unpack("uav123") / "uav123"
    (tmp_path / "anno").mkdir()
    (tmp_path / "anno/UAV123").symlink_to(folder / "anno", target_is_directory=True)
    dataset = load_dataset(tmp_path, "uav123")
    raw = read_results(folder / "results", dataset)
    assert (len(dataset), len(raw)) == (123, 5)
    found = score(raw, dataset, "uav123", attribute_source="none")
    assert not found.incomplete
    assert found.trackers["SiamRPN++"].values["success_auc"] == pytest.approx(0.609, abs=HALF_A_DIGIT)
    assert found.trackers["ECO-HC"].values["success_auc"] == pytest.approx(0.50, abs=0.01)
