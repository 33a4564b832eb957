"""Every metric and speed that a score can have, declared once: tables, plots, JSON and docs read it here."""

from __future__ import annotations

import math

from siamfc_eval.metrics.scores import Metric

SUCCESS_AUC = Metric("success_auc", "Success AUC", "higher")
SUCCESS_RATE_50 = Metric("success_rate_50", "Success @0.5", "higher")
SUCCESS_RATE_75 = Metric("success_rate_75", "Success @0.75", "higher")
PRECISION_20 = Metric("precision_20", "Precision @20 px", "higher")
NORM_PRECISION_20 = Metric("norm_precision_20", "Norm. precision @0.2", "higher")
NORM_PRECISION_AUC = Metric("norm_precision_auc", "Norm. precision AUC", "higher")
AVERAGE_OVERLAP = Metric("average_overlap", "Average overlap", "higher")
AO = Metric("ao", "AO", "higher")
SR_50 = Metric("sr_50", "SR 0.50", "higher")
SR_75 = Metric("sr_75", "SR 0.75", "higher")
EAO = Metric("eao", "EAO", "higher")
ACCURACY = Metric("accuracy", "Accuracy", "higher")
FAILURE_RATE = Metric("robustness", "Robustness", "lower", high=math.inf)
"""Robustness of supervised runs: failures."""
LOST_NUMBER = Metric("lost_number", "Lost number", "lower", high=math.inf, digits=1)
RELIABILITY = Metric("reliability", "Reliability (S = 30)", "higher")
SHARE_BEFORE_FAILURE = Metric("robustness", "Robustness", "higher")
"""Robustness of multi-start runs: the share of frames before failure."""
F_SCORE = Metric("f_score", "F-score", "higher")
TRACKING_PRECISION = Metric("tracking_precision", "Precision", "higher")
TRACKING_RECALL = Metric("tracking_recall", "Recall", "higher")

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

FPS_MEAN = Metric("fps_mean", "fps mean", "higher", high=math.inf, digits=1, unit="frames/s")
"""The mean over sequences of the mean of 1 / t over frames: got10k's. Quick frames dominate it."""
FPS_TOTAL = Metric("fps_total", "fps total", "higher", high=math.inf, digits=1, unit="frames/s")
"""Frames divided by the time that they took: how long a user waits."""
SPEEDS = {metric.key: metric for metric in (FPS_MEAN, FPS_TOTAL)}
"""The two speeds that the field mixes up, by key."""
