"""What each toolkit chose of the rules of one-pass evaluation."""

from __future__ import annotations

from dataclasses import replace

from siamfc_eval.metrics.declared import GOT10K as GOT10K_METRICS
from siamfc_eval.metrics.ope.measure import ope_convention
from siamfc_eval.metrics.ope.rules import OpeRules

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
        source="Wu, Lim and Yang (CVPR 2013, PAMI 2015), tracker_benchmark: util/calcSeqErrRobust.m, "
        "util/genPerfMat.m, perfPlot.m",
    ),
    benchmarks=("otb",),
)

_PORT = "Wu, Lim and Yang's port to Python, whose published curves of TRE and SRE exist: butil/calc_seq_err_robust.py"
_ROBUSTNESS = OpeRules(
    first_frame="ground-truth",
    short_file="truncate",
    long_file="truncate",
    valid_success="positive",
    valid_precision="positive",
    valid_norm="positive",
    grid="quotients",
    edges="last-pixels",
    error_decimals=4,
)
OTB_TRE = ope_convention(
    "otb-tre",
    "The OTB toolkit's temporal robustness: 20 starts for each sequence",
    replace(_ROBUSTNESS, alignment="segment"),
    "tre",
    source=_PORT,
)
OTB_SRE = ope_convention(
    "otb-sre",
    "The OTB toolkit's spatial robustness: 12 initial boxes for each sequence",
    _ROBUSTNESS,
    "sre",
    source=_PORT,
)

GOT10K = replace(
    ope_convention(
        "got10k",
        "got10k 0.1.3 on OTB, UAV123, NfS, DTB70 and TColor128",
        OpeRules(first_frame="ground-truth", unannotated="exclude"),
        source="got10k 0.1.3: experiments/otb.py, experiments/uav123.py",
    ),
    benchmarks=("got10k",),
    elsewhere={"got10k": "got10k-ao"},
)
GOT10K_AO = replace(
    ope_convention(
        "got10k-ao",
        "got10k 0.1.3 on GOT-10k: AO and SR over all frames",
        OpeRules(first_frame="drop", absent="exclude", bins=101, pooling="frames", clip=True),
        source="Huang, Zhao and Huang (PAMI 2019), got10k 0.1.3: experiments/got10k.py",
    ),
    metrics=GOT10K_METRICS,
    curves=("success",),
)

# Absent frames are taken out before counting, and the counts are divided by the frames of the whole sequence.
PYSOT_TOOLKIT = replace(
    ope_convention(
        "pysot-toolkit",
        "The pysot-toolkit with its numba kernels",
        OpeRules(valid_success="positive", valid_precision="centre", valid_norm="centre", absent="fail"),
        source="pysot-toolkit: pysot/utils/statistics.py, pysot/evaluation/ope_benchmark.py, c_region kernels",
    ),
    attributes="pysot",
)
# Absent frames as in pysot-toolkit.
PYSOT = replace(
    ope_convention(
        "pysot",
        "pysot's own copy of the toolkit (STVIR)",
        OpeRules(valid_success="size", valid_precision="centre", valid_norm="centre", absent="fail"),
        source="STVIR/pysot: toolkit/utils/statistics.py, toolkit/evaluation/ope_benchmark.py",
    ),
    attributes="pysot",
)

# As of the version that the reference scores are from. On UAV123, invalid ground truth is a hit in precision; on LaSOT,
# files that are too short are refused.
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
        source="visionml/pytracking: pytracking/analysis/extract_results.py",
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

LASOT = replace(
    ope_convention(
        "lasot",
        "The LaSOT toolkit in MATLAB",
        replace(OTB_MATLAB.rules, short_file="refuse", absent="fail"),
        source="Fan et al. (CVPR 2019), LaSOT_Evaluation_Toolkit: utils/calc_seq_err_robust.m, utils/eval_tracker.m",
    ),
    benchmarks=("lasot",),
)
# The UAV123 benchmark is the OTB toolkit with NaN in its ground truth.
UAV123 = replace(
    ope_convention(
        "uav123",
        "The UAV123 benchmark: unannotated frames fail",
        replace(OTB_MATLAB.rules, short_file="refuse"),
        source="Mueller, Smith and Ghanem (ECCV 2016), UAV123_benchmark: the OTB toolkit in MATLAB",
    ),
    benchmarks=("uav",),
)
PLAIN = ope_convention(
    "plain",
    "No rule at all: boxes as they are, like DCFNet's and SiamDW's scripts",
    OpeRules(short_file="truncate", long_file="truncate"),
    source="DCFNet's and SiamDW's eval_otb.py",
)
