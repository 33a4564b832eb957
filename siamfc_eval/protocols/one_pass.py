"""Protocols that start a tracker once, on the first frame, and never interfere."""

from __future__ import annotations

from siamfc_eval.datasets.sequence import Sequence
from siamfc_eval.protocols.commands import Protocol
from siamfc_eval.protocols.initial import initial_region
from siamfc_eval.protocols.span import span
from siamfc_eval.protocols.trajectory import Code


def one_pass(sequence: Sequence, polygons: bool = False) -> Protocol:
    """One-pass evaluation (OPE): the first entry is the ground truth that the tracker was given.

    Source: Wu, Lim, Yang, "Online Object Tracking: A Benchmark" (CVPR 2013), section 4; result files of OTB and got10k.
    """
    region = initial_region(sequence, 0, polygons)
    return (yield from span(range(len(sequence)), region, region))


def unsupervised(sequence: Sequence, polygons: bool = False) -> Protocol:
    """VOT's unsupervised experiment: as `one_pass`, but the first entry is the code for an initialisation."""
    region = initial_region(sequence, 0, polygons)
    return (yield from span(range(len(sequence)), region, Code.INITIALIZED))


def long_term(sequence: Sequence, polygons: bool = False) -> Protocol:
    """VOT's long-term experiment (VOT-LT2018 on): one pass without resets, over frames in which the target may be gone.

    The tracker says by its confidence whether the target is there, so the confidences are part of the result; a tracker
    that says nothing of a frame reports NaN coordinates.
    """
    region = initial_region(sequence, 0, polygons)
    return (yield from span(range(len(sequence)), region, Code.INITIALIZED))
