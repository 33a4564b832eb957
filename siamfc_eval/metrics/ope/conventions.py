"""What each toolkit chose of the rules of one-pass evaluation."""

from __future__ import annotations

from dataclasses import replace

from siamfc_eval.metrics.declared import GOT10K as GOT10K_METRICS
from siamfc_eval.metrics.ope.measure import ope_convention
from siamfc_eval.metrics.ope.rules import OpeRules

# Wu, Lim, Yang (CVPR 2013, PAMI 2015), tracker_benchmark: util/calcSeqErrRobust.m, util/genPerfMat.m, perfPlot.m.
OTB_MATLAB = replace(
    ope_convention(
        "otb-matlab",
        "The OTB toolkit in MATLAB, which the OTB papers quote",
        OpeRules(
            first_frame="ground-truth",
            bad_prediction="previous",
            short_file="truncate",
            long_file="truncate",
            valid_success="positive",
            valid_precision="positive",
            valid_norm="positive",
            grid="colon",
            edges="last-pixels",
            zero_curves="drop",
        ),
    ),
    benchmarks=("otb",),
)

# The same authors' Python port, whose published curves of TRE and SRE exist: butil/calc_seq_err_robust.py.
_ROBUSTNESS = OpeRules(
    first_frame="ground-truth",
    short_file="truncate",
    long_file="truncate",
    valid_success="positive",
    valid_precision="positive",
    valid_norm="positive",
    edges="last-pixels",
    error_decimals=4,
)
OTB_TRE = ope_convention(
    "otb-tre",
    "The OTB toolkit's temporal robustness: 20 starts for each sequence",
    replace(_ROBUSTNESS, alignment="segment"),
    "tre",
)
OTB_SRE = ope_convention(
    "otb-sre", "The OTB toolkit's spatial robustness: 12 initial boxes for each sequence", _ROBUSTNESS, "sre"
)

# got10k 0.1.3: experiments/otb.py, experiments/uav123.py.
GOT10K = replace(
    ope_convention(
        "got10k",
        "got10k 0.1.3 on OTB, UAV123, NfS, DTB70 and TColor128",
        OpeRules(first_frame="ground-truth", unannotated="exclude"),
    ),
    benchmarks=("got10k",),
    elsewhere={"got10k": "got10k-ao"},
)
# got10k 0.1.3: experiments/got10k.py.
GOT10K_AO = replace(
    ope_convention(
        "got10k-ao",
        "got10k 0.1.3 on GOT-10k: AO and SR over all frames",
        OpeRules(first_frame="drop", absent="exclude", bins=101, pooling="frames", clip=True),
    ),
    metrics=GOT10K_METRICS,
    curves=("success",),
)

# pysot-toolkit: pysot/utils/statistics.py, c_region kernels. Absent frames are taken out before counting, and the
# counts are divided by the frames of the whole sequence (evaluation/ope_benchmark.py).
PYSOT_TOOLKIT = replace(
    ope_convention(
        "pysot-toolkit",
        "The pysot-toolkit with its numba kernels",
        OpeRules(valid_success="positive", valid_precision="centre", valid_norm="centre", absent="fail"),
    ),
    attributes="pysot",
)
# STVIR/pysot: toolkit/utils/statistics.py; absent frames as in pysot-toolkit.
PYSOT = replace(
    ope_convention(
        "pysot",
        "pysot's own copy of the toolkit (STVIR)",
        OpeRules(valid_success="size", valid_precision="centre", valid_norm="centre", absent="fail"),
    ),
    attributes="pysot",
)

# visionml/pytracking: pytracking/analysis/extract_results.py, as of the version that the reference scores are from. On
# UAV123, invalid ground truth is a hit in precision; on LaSOT, files that are too short are refused.
PYTRACKING = replace(
    ope_convention(
        "pytracking",
        "pytracking's analysis",
        OpeRules(
            first_frame="ground-truth",
            bad_prediction="refuse-or-previous",
            short_file="zeros",
            long_file="truncate",
            valid_success="positive",
            valid_precision="positive",
            invalid_precision="fail",
            valid_norm="positive",
            edges="last-pixels",
            absent="fail",
        ),
    ),
    attributes="pytracking",
    exceptions={"uav": {"invalid_precision": "hit"}, "lasot": {"short_file": "refuse"}},
)
PYTRACKING_VALID = replace(
    PYTRACKING,
    name="pytracking-valid",
    summary="pytracking's analysis without the frames of invalid ground truth",
    rules=replace(PYTRACKING.rules, denominator="valid"),
)

# LaSOT_Evaluation_Toolkit: utils/calc_seq_err_robust.m, utils/eval_tracker.m.
LASOT = replace(
    ope_convention(
        "lasot", "The LaSOT toolkit in MATLAB", replace(OTB_MATLAB.rules, short_file="refuse", absent="fail")
    ),
    benchmarks=("lasot",),
)
# The UAV123 benchmark is the OTB toolkit with NaN in its ground truth.
UAV123 = replace(
    ope_convention(
        "uav123", "The UAV123 benchmark: unannotated frames fail", replace(OTB_MATLAB.rules, short_file="refuse")
    ),
    benchmarks=("uav",),
)
# DCFNet's and SiamDW's eval_otb.py.
PLAIN = ope_convention(
    "plain",
    "No rule at all: boxes as they are, like DCFNet's and SiamDW's scripts",
    OpeRules(short_file="truncate", long_file="truncate"),
)
