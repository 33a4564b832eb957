"""Hyper-parameters of the projects that published these trackers, by name.

A definition names a preset and overrides single values. Sources: the configuration files of siamfc-pytorch, SiameseX,
SiamDW (per network and benchmark), pysot (per experiment) and DaSiamRPN. Where a source computes something wrong (scale
exponents -2, 0, 2 under Python 3), the preset holds what the source meant.

"siamfc-pytorch" also holds that project's arithmetic (whole-pixel crops, OpenCV's bicubic, no peak between samples),
and those of pysot its crops, so that they track as the projects themselves do. The others hold hyper-parameters; their
crops and peaks are the exact ones.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

_SIAMDW_FC = {"scale_step": 1.0375, "scale_penalty": 0.9745, "scale_rate": 0.59, "window_influence": 0.35}
_SIAMESEX = {"scale_step": 1.040, "scale_penalty": 0.97, "scale_rate": 0.59, "window_influence": 0.25}


def _siamdw(step: float, penalty: float, rate: float, window: float, search: int = 255) -> dict[str, Any]:
    return {
        "scale_step": step,
        "scale_penalty": penalty,
        "scale_rate": rate,
        "window_influence": window,
        "search_size": search,
        # SiamDW's code keeps the difference: a search region of 263 has an exemplar of 135, and the response stays.
        "exemplar_size": search - 128,
        "polygon_fit": "pysot",
    }


def _rpn(penalty_k: float, window: float, rate: float, search: int) -> dict[str, Any]:
    return {
        "penalty_k": penalty_k,
        "window_influence": window,
        "size_rate": rate,
        "search_size": search,
        "polygon_fit": "pysot",
    }


SIAMFC_PRESETS: Mapping[str, Mapping[str, Any]] = {
    "siamfc-pytorch": {
        "scale_step": 1.0375,
        "scale_penalty": 0.9745,
        "scale_rate": 0.59,
        "window_influence": 0.176,
        "upsampling": 16,
        "upsampling_kernel": "opencv",
        "refine_peak": False,
        "crop": "rounded",
        "polygon_fit": "pysot",
    },
    "siamesex": {**_SIAMESEX, "upsampled_size": 273},
    "siamvgg": {**_SIAMESEX, "upsampled_size": 273},
    "siamdw": {**_SIAMDW_FC, "polygon_fit": "pysot"},
    "siamdw-res22-otb2015": _siamdw(1.1897, 0.9370, 0.2226, 0.2897),
    "siamdw-res22-vot2017": _siamdw(1.1466, 0.9994, 0.2061, 0.3242),
    "siamdw-incep22-otb2015": _siamdw(1.1832, 0.9453, 0.3035, 0.2496, search=263),
    "siamdw-incep22-vot2017": _siamdw(1.1679, 0.9285, 0.6782, 0.2566),
    "siamdw-next22-otb2015": _siamdw(1.1390, 0.9593, 0.1775, 0.2094, search=263),
    "siamdw-next22-vot2017": _siamdw(1.1531, 0.9489, 0.5706, 0.2581),
}
"""Of `SiamFCParameters`."""

_PYSOT = {"crop": "pysot"}

SIAMRPN_PRESETS: Mapping[str, Mapping[str, Any]] = {
    "pysot": {**_rpn(0.16, 0.40, 0.30, 287), **_PYSOT},
    "pysot-alex": {**_rpn(0.16, 0.40, 0.30, 287), **_PYSOT},
    "pysot-r50-vot": {**_rpn(0.05, 0.42, 0.38, 255), **_PYSOT},
    "pysot-r50-otb": {**_rpn(0.24, 0.50, 0.25, 255), **_PYSOT},
    "pysot-r50-lt": {
        **_rpn(0.05, 0.28, 0.22, 255),
        **_PYSOT,
        "lost_search_size": 831,
        "lost_search_step": 831 - 255,
        "lost_below": 0.8,
        "found_above": 0.998,
        "lost_window_influence": 0.001,
    },
    "pysot-mobilev2": {**_rpn(0.04, 0.40, 0.50, 255), **_PYSOT},
    "pysot-siammask": {**_rpn(0.10, 0.41, 0.32, 255), **_PYSOT},
    "dasiamrpn": _rpn(0.04, 0.44, 0.45, 271),
    "dasiamrpn-vot": _rpn(0.04, 0.44, 0.45, 271),
    "dasiamrpn-otb": _rpn(0.22, 0.40, 0.30, 271),
    "dasiamrpn-big": {**_rpn(0.055, 0.42, 0.295, 271), "small_search_size": 287},
    "dasiamrpn-longterm": {**_rpn(0.04, 0.44, 0.45, 271), "lost_search_size": 831},
    "siamdw-rpn-res22-otb2015": _rpn(0.841, 0.390, 0.714, 255),
    # SiamDW's code sets the search region of every run on VOT2017 by the target's size.
    "siamdw-rpn-res22-vot2017": {**_rpn(0.038, 0.347, 0.388, 271), "small_search_size": 287},
}
"""Of `SiamRPNParameters`."""
