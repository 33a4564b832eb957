"""What the VOT toolkits chose of the rules of VOT's protocols."""

from __future__ import annotations

from dataclasses import replace

from siamfc_eval.metrics.convention import Convention
from siamfc_eval.metrics.declared import AVERAGE_OVERLAP, LONG_TERM, MULTI_START, SUPERVISED
from siamfc_eval.metrics.vot.longterm import LongTermRules, long_term_measure
from siamfc_eval.metrics.vot.multistart import MultiStartRules, multi_start_measure
from siamfc_eval.metrics.vot.rules import SupervisedRules
from siamfc_eval.metrics.vot.supervised import supervised_measure
from siamfc_eval.metrics.vot.unsupervised import UnsupervisedRules, unsupervised_measure

VOT_OFFICIAL = Convention(
    "vot-official",
    "The VOT challenges in MATLAB, which papers quote",
    "supervised",
    SupervisedRules(
        tail_failures="open",
        rasteriser="vot-official",
        interval_shift=-1,
        fragment_starts="failure",
        fragment_weights="share",
        repetitions="averaged",
        accuracy_bounds="beyond",
        accuracy_pooling="frames",
        robustness="failures-per-frame",
        curve_end="longest-sequence",
        curve_start=1,
        other_length="cut",
    ),
    SUPERVISED,
    supervised_measure,
    benchmarks=("vot",),
    source="Kristan et al. (PAMI 2016), vot-toolkit in MATLAB: estimate_expected_overlap.m, "
    "analyze_accuracy_robustness.m",
)
# MATLAB counts frames from 1 and takes next starts f + 5 <= n, which
# counted from 0 is f + 5 < n; pysot takes f + 5 <= n counted from 0. And it weighs alike every run that it reads, which
# is all of 15 files, or else the first (toolkit/datasets/vot.py).
PYSOT_VOT = replace(
    VOT_OFFICIAL,
    name="pysot-vot",
    summary="pysot's copy of it, which pads failures 5 frames before the end",
    rules=replace(VOT_OFFICIAL.rules, tail_failures="open-beyond", repetitions="fifteen"),
    benchmarks=(),
    source="STVIR/pysot: toolkit/evaluation/eao_benchmark.py, toolkit/datasets/vot.py",
    attributes="pysot",
)
VOT_TOOLKIT = Convention(
    "vot-toolkit",
    "vot-toolkit 0.7 to 0.9 in Python",
    "supervised",
    SupervisedRules(
        tail_failures="padded",
        rasteriser="vot-toolkit",
        interval_shift=0,
        fragment_starts="initialisation",
        fragment_weights="one",
        repetitions="counted",
        accuracy_bounds="image",
        accuracy_pooling="sequences",
        robustness="weighted-failures",
        curve_end="longest-fragment",
        curve_start=0,
        other_length="raise",
    ),
    SUPERVISED,
    supervised_measure,
    source="vot-toolkit 0.7 to 0.9: supervised_average_ar, supervised_eao_curve, supervised_eao_score",
)

VOT_OFFICIAL_AO = Convention(
    "vot-official-ao",
    "The MATLAB toolkit's average overlap without resets",
    "unsupervised",
    UnsupervisedRules("vot-official", burn_in=0, pooling="frames", bounds="beyond"),
    (AVERAGE_OVERLAP,),
    unsupervised_measure,
    source="vot-toolkit in MATLAB: analyze_overlap.m over the tag 'all', stacks with burn-in 0",
)
VOT_TOOLKIT_AO = Convention(
    "vot-toolkit-ao",
    "vot-toolkit's average overlap without resets",
    "unsupervised",
    UnsupervisedRules("vot-toolkit", burn_in=10, pooling="sequences", no_answer="excluded", other_length="raise"),
    (AVERAGE_OVERLAP,),
    unsupervised_measure,
    source="vot-toolkit 0.7: average_accuracy in its VOT2018 stack (burn-in 10, weighted by length)",
)

VOT_MULTISTART = Convention(
    "vot-multistart",
    "VOT2020's EAO, accuracy and robustness as defined",
    "multi-start",
    MultiStartRules("vot-official", tail_mean="frames"),
    MULTI_START,
    multi_start_measure,
    source="Kristan et al. (VOT2020, ECCVW 2020), section 2",
)
VOT_TOOLKIT_MULTISTART = Convention(
    "vot-toolkit-multistart",
    "The same as vot-toolkit computes it",
    "multi-start",
    MultiStartRules("vot-toolkit", tail_mean="frames-1"),
    MULTI_START,
    multi_start_measure,
    source="vot-toolkit 0.7: multistart_average_ar, multistart_eao_curve, multistart_eao_score",
)

VOT_LONGTERM = Convention(
    "vot-longterm",
    "VOT2018-LT's precision, recall and F-score as defined",
    "long-term",
    LongTermRules("vot-official", no_region="unreported"),
    LONG_TERM,
    long_term_measure,
    benchmarks=("vot2018-lt", "vot2019-lt"),
    source="Lukezic et al., Now You See Me: Evaluating Performance in Long-Term Visual Tracking, 2018",
)
VOT_TOOLKIT_LONGTERM = Convention(
    "vot-toolkit-longterm",
    "The same as vot-toolkit computes it",
    "long-term",
    LongTermRules("vot-toolkit", no_region="reported"),
    LONG_TERM,
    long_term_measure,
    source="vot-toolkit 0.7: pr_curve, f_curve, average_tpr",
)
