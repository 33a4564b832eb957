"""Every metric and speed that a score can have, declared once: tables, plots, JSON and docs read it here."""

from __future__ import annotations

import math

from siamfc_eval.metrics.scores import Metric

_OTB = "Wu, Lim and Yang, Object Tracking Benchmark, PAMI 2015, section 4"
_TRACKINGNET = "Müller et al., TrackingNet, ECCV 2018, section 5"
_GOT10K = "Huang, Zhao and Huang, GOT-10k, PAMI 2019, section 4"
_EAO = "Kristan et al., The Visual Object Tracking VOT2015 Challenge Results, ICCVW 2015, section 2"
_VOT = "Kristan et al., A Novel Performance Evaluation Methodology for Single-Target Trackers, PAMI 2016"
_VOT2020 = "Kristan et al., The Eighth Visual Object Tracking VOT2020 Challenge Results, ECCVW 2020, section 2"
_LONG_TERM = "Lukezic et al., Now You See Me: Evaluating Performance in Long-Term Visual Tracking, 2018, section 3"

SUCCESS_AUC = Metric(
    "success_auc",
    "Success AUC",
    "higher",
    definition="The area under the success curve, which has for each overlap threshold the share of frames whose "
    "overlap with the ground truth is greater.",
    formula="mean over t in {0, .05, ..., 1} of |{i : IoU(i) > t}| / frames",
    source=_OTB,
)
SUCCESS_RATE_50 = Metric(
    "success_rate_50",
    "Success @0.5",
    "higher",
    definition="The share of frames whose overlap with the ground truth is greater than one half.",
    formula="|{i : IoU(i) > .5}| / frames",
    source=_OTB,
)
SUCCESS_RATE_75 = Metric(
    "success_rate_75",
    "Success @0.75",
    "higher",
    definition="The share of frames whose overlap with the ground truth is greater than three quarters.",
    formula="|{i : IoU(i) > .75}| / frames",
    source=_OTB,
)
PRECISION_20 = Metric(
    "precision_20",
    "Precision @20 px",
    "higher",
    definition="The share of frames in which the centres of box and ground truth are at most 20 pixels apart.",
    formula="|{i : |c(i) - g(i)| <= 20}| / frames, c and g the centres",
    source=_OTB,
)
NORM_PRECISION_20 = Metric(
    "norm_precision_20",
    "Norm. precision @0.2",
    "higher",
    definition="The share of frames in which the centres of box and ground truth are at most a fifth of the target's "
    "size apart, the distance in x being divided by its width and that in y by its height.",
    formula="|{i : |(c(i) - g(i)) / (w(i), h(i))| <= .2}| / frames, w and h of the ground truth",
    source=_TRACKINGNET,
)
NORM_PRECISION_AUC = Metric(
    "norm_precision_auc",
    "Norm. precision AUC",
    "higher",
    definition="The area under the curve of normalised precision, for distances of up to half the target's size.",
    formula="mean over t in {0, .01, ..., .5} of |{i : |(c(i) - g(i)) / (w(i), h(i))| <= t}| / frames",
    source=_TRACKINGNET,
)
AVERAGE_OVERLAP = Metric(
    "average_overlap",
    "Average overlap",
    "higher",
    definition="The mean overlap (intersection over union) with the ground truth over frames, without resets.",
    formula="sum of IoU(i) / frames",
    source=_VOT,
)
AO = Metric(
    "ao",
    "AO",
    "higher",
    definition="The mean overlap of all frames but the first of each sequence.",
    formula="sum of IoU(i) / frames, over the frames of all sequences together",
    source=_GOT10K,
)
SR_50 = Metric(
    "sr_50",
    "SR 0.50",
    "higher",
    definition="The share of all frames, but the first of each sequence, whose overlap is greater than one half.",
    formula="|{i : IoU(i) > .5}| / frames, over the frames of all sequences together",
    source=_GOT10K,
)
SR_75 = Metric(
    "sr_75",
    "SR 0.75",
    "higher",
    definition="The share of all frames, but the first of each sequence, whose overlap is greater than three quarters.",
    formula="|{i : IoU(i) > .75}| / frames, over the frames of all sequences together",
    source=_GOT10K,
)
EAO = Metric(
    "eao",
    "EAO",
    "higher",
    definition="Expected average overlap: the mean overlap that a tracker can be expected to have on a sequence of a "
    "usual length, where it stays lost once it has failed.",
    formula="mean over lengths n in [low, high] of the mean over runs of (IoU(1) + ... + IoU(n)) / n, which is 0 in "
    "frames after a failure; low and high are the benchmark's",
    source=_EAO,
)
ACCURACY = Metric(
    "accuracy",
    "Accuracy",
    "higher",
    definition="The mean overlap of the frames in which the target was being tracked: those after a failure do not "
    "count, nor, with resets, the ten frames from an initialisation on (the burn-in).",
    formula="sum of IoU(i) / frames that count",
    source=_VOT,
)
FAILURE_RATE = Metric(
    "robustness",
    "Robustness",
    "lower",
    high=math.inf,
    definition="How often the tracker failed in runs with resets, a failure being a frame without any overlap.",
    formula="100 failures / frames, or failures per sequence, as the convention says",
    source=_VOT,
)
"""Robustness of supervised runs: failures."""
LOST_NUMBER = Metric(
    "lost_number",
    "Lost number",
    "lower",
    high=math.inf,
    digits=1,
    definition="The number of failures on the whole data set, averaged over repetitions.",
    formula="sum over sequences of failures / repetitions",
    source="STVIR/pysot, toolkit/evaluation/ar_benchmark.py",
)
RELIABILITY = Metric(
    "reliability",
    "Reliability (S = 30)",
    "higher",
    definition="The chance to track 30 frames on without a failure, if failures come at the rate that was seen; the "
    "axis of the accuracy-robustness plot.",
    formula="exp(-30 failures / frames)",
    source=_VOT,
)
SHARE_BEFORE_FAILURE = Metric(
    "robustness",
    "Robustness",
    "higher",
    definition="The share of frames that were tracked before the tracker failed, over runs from all anchors.",
    formula="frames before failure / frames",
    source=_VOT2020,
)
"""Robustness of multi-start runs: the share of frames before failure."""
F_SCORE = Metric(
    "f_score",
    "F-score",
    "higher",
    definition="The harmonic mean of tracking precision and tracking recall, at the confidence threshold where it is "
    "highest.",
    formula="max over thresholds t of 2 P(t) R(t) / (P(t) + R(t))",
    source=_LONG_TERM,
)
TRACKING_PRECISION = Metric(
    "tracking_precision",
    "Precision",
    "higher",
    definition="The mean overlap of the frames in which the tracker reports the target, at the confidence threshold "
    "that gives the highest F-score.",
    formula="P(t) = sum of IoU(i) / frames with a confidence of at least t, over those frames",
    source=_LONG_TERM,
)
TRACKING_RECALL = Metric(
    "tracking_recall",
    "Recall",
    "higher",
    definition="The overlap that the tracker's reports have with the visible target, by the frames in which it is "
    "visible, at the confidence threshold that gives the highest F-score.",
    formula="R(t) = sum of IoU(i) over frames with a confidence of at least t / frames with a visible target",
    source=_LONG_TERM,
)

ONE_PASS = (
    SUCCESS_AUC,
    PRECISION_20,
    NORM_PRECISION_20,
    SUCCESS_RATE_50,
    SUCCESS_RATE_75,
    NORM_PRECISION_AUC,
    AVERAGE_OVERLAP,
)
GOT10K = (AO, SR_50, SR_75, SUCCESS_AUC)
SUPERVISED = (EAO, ACCURACY, FAILURE_RATE, LOST_NUMBER, RELIABILITY)
MULTI_START = (EAO, ACCURACY, SHARE_BEFORE_FAILURE)
LONG_TERM = (F_SCORE, TRACKING_PRECISION, TRACKING_RECALL)

FPS_MEAN = Metric(
    "fps_mean",
    "fps mean",
    "higher",
    high=math.inf,
    digits=1,
    unit="frames/s",
    definition="The mean over sequences of the mean of 1 / t over frames. Quick frames dominate it.",
    formula="mean over sequences of mean of 1 / t(i)",
    source="got10k 0.1.3, ExperimentOTB.report",
)
FPS_TOTAL = Metric(
    "fps_total",
    "fps total",
    "higher",
    high=math.inf,
    digits=1,
    unit="frames/s",
    definition="Frames divided by the time that they took: how long a user waits.",
    formula="frames / sum of t(i)",
)
SPEEDS = {metric.key: metric for metric in (FPS_MEAN, FPS_TOTAL)}
"""The two speeds that the field mixes up, by key."""
