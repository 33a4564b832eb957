"""Look at what trackers did on a sequence."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import TYPE_CHECKING, Unpack

from siamfc_eval.api.results import truth_of
from siamfc_eval.api.selection import Reading, convention_of, read_runs
from siamfc_eval.datasets.sequence import Dataset, Sequence
from siamfc_eval.errors import InputError, UnknownNameError
from siamfc_eval.plain_text import counted

if TYPE_CHECKING:
    from siamfc_eval.results.raw import TrackerResults
    from siamfc_eval.viewing.timeline import Timeline

PAGES = (".html", ".htm")
"""Endings of the player's name."""


def view(
    results: Path | str,
    sequence: str,
    out: Path | str | None = None,
    *,
    data: Path | str | Dataset | None = None,
    dataset: str | None = None,
    run: int = 1,
    stretch: tuple[int, int] | None = None,
    side: int = 640,
    link: bool = False,
    responses: bool = False,
    **reading: Unpack[Reading],
) -> Path:
    """Write a page on which a sequence is played with the boxes of trackers, or a video or GIF of it.

    Args:
        results: a folder, as for `siamfc_eval.score`.
        sequence: its name.
        out: the file; its ending decides: .html a player, .gif, .mp4, .avi, .mkv or .mov a film. None: SEQUENCE.html.
        data, dataset: the data set with its images, as for `siamfc_eval.score`.
        run: which of several repetitions, from 1.
        stretch: first and last frame, from 1, both included; None: all.
        side: longest side of the pictures in pixels; larger frames are made smaller.
        link: a page refers to the image files instead of holding copies of them.
        responses: show response maps from the start, where the run kept them: on a page those of one tracker at a time,
            in a film those of the first that has some. A page can show them in any case.
        reading: see `siamfc_eval.api.selection.Reading`.

    Returns:
        The file that was written.

    Raises:
        InputError: no results, no images, an unknown ending, or frames that the sequence does not have.
        UnknownNameError: no such sequence or tracker.
    """
    from siamfc_eval.viewing.film import write_film
    from siamfc_eval.viewing.player import write_player
    from siamfc_eval.viewing.scene import Scene

    folder = Path(results).expanduser()
    truth = truth_of(folder, data, dataset)
    shown = _sequence(truth, sequence)
    convention = convention_of(folder, truth, reading.get("protocol"))
    raw = read_runs(folder, truth, convention, **reading)
    found = [_timeline(one, shown, run) for one in raw.values() if shown.name in one.runs]
    if not found:
        raise InputError(f"{folder}: no tracker has a result on {shown.name}.")
    timelines, wrong = tuple(line for line, _ in found), tuple(reason for _, reason in found if reason)
    if responses and not any(line.maps for line in timelines):
        raise InputError(
            f"{folder}: no response maps of {shown.name} are there. Run the tracker again with --responses, which adds "
            f"them to its results. {' '.join(wrong)}".rstrip()
        )
    scene = Scene(shown, timelines, _stretch(stretch, shown), side, responses, wrong)
    path = Path(out).expanduser() if out is not None else Path(f"{shown.name.replace('/', '-')}.html")
    if path.suffix.lower() in PAGES:
        write_player(path, scene, link)
    else:
        write_film(path, scene)
    return path


def _sequence(truth: Dataset, name: str) -> Sequence:
    for one in truth:
        if name == one.name or name in one.aliases:
            return one
    raise UnknownNameError(f"sequence of {truth.name}", name, truth.names)


def _timeline(results: TrackerResults, sequence: Sequence, number: int) -> tuple[Timeline, str]:
    """What a tracker did, and what is wrong with the file of its response maps ("": nothing)."""
    from siamfc_eval.protocols.multi_start import Anchor, anchors
    from siamfc_eval.results.response_maps import maps_of
    from siamfc_eval.viewing.timeline import timeline

    runs = results.runs[sequence.name]
    if not 1 <= number <= len(runs):
        raise InputError(f"{results.name} has {counted(len(runs), 'run')} on {sequence.name}, and --run is {number}.")
    run = runs[number - 1]
    order = None
    if results.kind == "multi-start":
        forward = {anchor.frame: anchor.forward for anchor in anchors(sequence)}
        order = Anchor(run.start, forward.get(run.start, True)).frames(len(sequence))
    found = timeline(results.name, run.trajectory(), sequence, order)
    maps, wrong = maps_of(run)
    return dataclasses.replace(found, maps=maps), wrong


def _stretch(asked: tuple[int, int] | None, sequence: Sequence) -> range:
    length = len(sequence)
    first, last = asked if asked is not None else (1, length)
    if not 1 <= first <= last <= length:
        raise InputError(f"{sequence.name} has frames 1 to {length}, and {first} to {last} is asked for.")
    return range(first - 1, last)
