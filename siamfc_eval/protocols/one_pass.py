"""Protocols that start a tracker once, on the first frame, and never interfere."""

from __future__ import annotations

from siamfc_eval.datasets.sequence import Sequence
from siamfc_eval.protocols.commands import Steps
from siamfc_eval.protocols.initial import initial_region
from siamfc_eval.protocols.span import span, span_of_boxes
from siamfc_eval.protocols.trajectory import Code


def one_pass(sequence: Sequence, polygons: bool = False) -> Steps:
    """One-pass evaluation (OPE): boxes, the first of which is the ground truth that the tracker was given.

    A tracker that takes and answers polygons is recorded by their bounding boxes, as files of one-pass results have
    four numbers in each row.

    Source: Wu, Lim, Yang, "Online Object Tracking: A Benchmark" (CVPR 2013), section 4; result files of OTB and got10k.
    """
    region = initial_region(sequence, 0, polygons)
    return (yield from span_of_boxes(range(len(sequence)), region))


def unsupervised(sequence: Sequence, polygons: bool = False) -> Steps:
    """VOT's unsupervised experiment: as `one_pass`, but the first entry is the code for an initialisation."""
    region = initial_region(sequence, 0, polygons)
    return (yield from span(range(len(sequence)), region, Code.INITIALIZED))


def long_term(sequence: Sequence, polygons: bool = False) -> Steps:
    """VOT's long-term experiment (VOT-LT2018 on): one pass without resets, over frames in which the target may be gone.

    The tracker says by its confidence whether the target is there, so the confidences are part of the result; a tracker
    that says nothing of a frame reports NaN coordinates.
    """
    region = initial_region(sequence, 0, polygons)
    return (yield from span(range(len(sequence)), region, Code.INITIALIZED))
