"""Presets hold what the projects' own configuration files and code set, value by value."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest
import torch

from siamfc_eval.datasets.frames import Frame
from siamfc_eval.models.registry import build_model
from siamfc_eval.tracking.families.siamfc.family import PRESETS as SIAMFC_PRESETS
from siamfc_eval.tracking.families.siamfc.parameters import SiamFCParameters
from siamfc_eval.tracking.families.siamrpn.family import PRESETS as SIAMRPN_PRESETS
from siamfc_eval.tracking.families.siamrpn.parameters import SiamRPNParameters
from siamfc_eval.tracking.families.siamrpn.tracker import SiamRPNTracker

# scale step, penalty, rate, window, exemplar, search, final response.
# Sources: siamfc-pytorch siamfc.py; SiameseX demo_utils (final_score_sz 273); SiamDW lib/tracker/siamfc.py
# (FCConfig.renew: exemplar = search - 128) and experiments/test/{OTB,VOT}/*.yaml.
FC = {
    "siamfc-pytorch": (1.0375, 0.9745, 0.59, 0.176, 127, 255, 272),
    "siamesex": (1.040, 0.97, 0.59, 0.25, 127, 255, 273),
    "siamvgg": (1.040, 0.97, 0.59, 0.25, 127, 255, 273),
    "siamdw": (1.0375, 0.9745, 0.59, 0.35, 127, 255, 272),
    "siamdw-res22-otb2015": (1.1897, 0.9370, 0.2226, 0.2897, 127, 255, 272),
    "siamdw-res22-vot2017": (1.1466, 0.9994, 0.2061, 0.3242, 127, 255, 272),
    "siamdw-incep22-otb2015": (1.1832, 0.9453, 0.3035, 0.2496, 135, 263, 272),
    "siamdw-incep22-vot2017": (1.1679, 0.9285, 0.6782, 0.2566, 127, 255, 272),
    "siamdw-next22-otb2015": (1.1390, 0.9593, 0.1775, 0.2094, 135, 263, 272),
    "siamdw-next22-vot2017": (1.1531, 0.9489, 0.5706, 0.2581, 127, 255, 272),
}

# penalty_k, window, lr, search, search for small targets, cropping.
# Sources: pysot experiments/*/config.yaml; DaSiamRPN net.py (only SiamRPNBIG is adaptive); SiamDW
# lib/tracker/siamrpn.py (287 or 271 on VOT2017) and experiments/test/{OTB,VOT}/SiamRPNRes22.yaml.
RPN = {
    "pysot": (0.16, 0.40, 0.30, 287, None, "pysot"),
    "pysot-alex": (0.16, 0.40, 0.30, 287, None, "pysot"),
    "pysot-r50-vot": (0.05, 0.42, 0.38, 255, None, "pysot"),
    "pysot-r50-otb": (0.24, 0.50, 0.25, 255, None, "pysot"),
    "pysot-r50-lt": (0.05, 0.28, 0.22, 255, None, "pysot"),
    "pysot-mobilev2": (0.04, 0.40, 0.50, 255, None, "pysot"),
    "pysot-siammask": (0.10, 0.41, 0.32, 255, None, "pysot"),
    "dasiamrpn": (0.04, 0.44, 0.45, 271, None, "exact"),
    "dasiamrpn-vot": (0.04, 0.44, 0.45, 271, None, "exact"),
    "dasiamrpn-otb": (0.22, 0.40, 0.30, 271, None, "exact"),
    "dasiamrpn-big": (0.055, 0.42, 0.295, 271, 287, "exact"),
    "dasiamrpn-longterm": (0.04, 0.44, 0.45, 271, None, "exact"),
    "siamdw-rpn-res22-otb2015": (0.841, 0.390, 0.714, 255, None, "exact"),
    "siamdw-rpn-res22-vot2017": (0.038, 0.347, 0.388, 271, 287, "exact"),
}


def test_every_preset_is_in_the_table() -> None:
    assert set(FC) == set(SIAMFC_PRESETS)
    assert set(RPN) == set(SIAMRPN_PRESETS)


@pytest.mark.parametrize("name", FC)
def test_siamfc_presets_are_upstreams(name: str) -> None:
    p = SiamFCParameters(**SIAMFC_PRESETS[name])
    final = p.upsampled_size or 17 * p.upsampling
    found = (p.scale_step, p.scale_penalty, p.scale_rate, p.window_influence, p.exemplar_size, p.search_size, final)
    assert found == FC[name]
    assert (p.scales, p.context, p.min_size_ratio, p.max_size_ratio) == (3, 0.5, 0.2, 5.0)


@pytest.mark.parametrize("name", RPN)
def test_siamrpn_presets_are_upstreams(name: str) -> None:
    p = SiamRPNParameters(**SIAMRPN_PRESETS[name])
    found = (p.penalty_k, p.window_influence, p.size_rate, p.search_size, p.small_search_size, p.crop)
    assert found == RPN[name]
    assert (p.exemplar_size, p.context, p.anchor_scales) == (127, 0.5, (8.0,))
    assert p.anchor_ratios == (0.33, 0.5, 1.0, 2.0, 3.0)


@pytest.mark.parametrize(("model", "preset"), [("SiamFCIncep22", "siamdw-incep22"), ("SiamFCNext22", "siamdw-next22")])
def test_siamdws_larger_search_keeps_its_response(model: str, preset: str) -> None:
    p = SiamFCParameters(**SIAMFC_PRESETS[f"{preset}-otb2015"])
    with torch.device("meta"), torch.no_grad():
        network = build_model(model).eval()
        response = network(torch.empty(1, 3, *[p.exemplar_size] * 2), torch.empty(1, 3, *[p.search_size] * 2))
    assert response.shape[-1] == 17


def test_a_small_target_is_searched_for_further_around() -> None:
    network = build_model("SiamRPN", channels=(4, 6, 8, 8, 6), hidden=6)
    p = SiamRPNParameters(**SIAMRPN_PRESETS["siamdw-rpn-res22-vot2017"])
    tracker = SiamRPNTracker("narrow", network, p, device="cpu")
    frame = Frame(None, lambda: np.zeros((100, 200, 3), dtype=np.uint8))
    assert tracker.init(frame, np.array([10.0, 10.0, 8.0, 9.9])).search_size == 287  # .00396 of the frame
    assert tracker.init(frame, np.array([10.0, 10.0, 8.0, 10.1])).search_size == 271


@pytest.mark.shared
def test_the_recorded_hyper_parameters_agree(shared: Path) -> None:
    text = (shared / "specs" / "models.md").read_text()
    row = re.compile(r"\| siamdw SiamFC(Res22|Incep22|Next22) (OTB2015|VOT2017) \| 3 \| (.*) \| 16 \| (\d+) \|")
    rows = row.findall(text)
    assert len(rows) == 6
    for network, benchmark, values, search in rows:
        p = SiamFCParameters(**SIAMFC_PRESETS[f"siamdw-{network.lower()}-{benchmark.lower()}"])
        found = [p.scale_step, p.scale_penalty, p.scale_rate, p.window_influence]
        assert [float(value) for value in values.split("|")] == found
        assert int(search) == p.search_size
