"""Readers of training material: one function per layout on disk. `READERS` names them for the configuration."""

from __future__ import annotations

import fnmatch
import json
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import numpy as np

from siamfc_eval.datasets.frames import ImageFrames
from siamfc_eval.datasets.load import load_dataset
from siamfc_eval.datasets.problems import Problem
from siamfc_eval.errors import InputError
from siamfc_eval.tracking.families.siamese.crops import context_side
from siamfc_eval.training.configuration import SourceSection
from siamfc_eval.training.data.ilsvrc_vid import read_ilsvrc_vid
from siamfc_eval.training.data.tracks import Material, Track

IMAGE_SUFFIXES = frozenset({".jpg", ".jpeg", ".png", ".bmp", ".webp"})


def is_listed(name: str, patterns: Iterable[str]) -> bool:
    """True if a name equals or matches (as a shell pattern) one of the patterns."""
    return any(fnmatch.fnmatchcase(name, pattern) for pattern in patterns)


def read_material(section: SourceSection, data: Path, held_out: tuple[str, ...] = ()) -> Material:
    """What one section of the configuration names.

    Args:
        section: the source.
        data: folder that relative paths start from.
        held_out: names or patterns that validate and must not be trained on.

    Raises:
        InputError: the source is missing or malformed.
    """
    return READERS[section.kind](section, data / section.path, section.exclude + held_out)


def read_stills(folder: Path, name: str = "stills", exclude: Iterable[str] = ()) -> Material:
    """Every image below a folder; boxes are not needed.

    Args:
        folder: searched at every depth.
        name: of the source.
        exclude: patterns on paths relative to the folder.

    Raises:
        InputError: no such folder.
    """
    if not folder.is_dir():
        raise InputError(f"{folder}: no such folder of stills for training source '{name}'. Check its path and --data.")
    patterns = tuple(exclude)
    found = sorted(path for path in folder.rglob("*") if path.suffix.lower() in IMAGE_SUFFIXES)
    kept = tuple(path for path in found if not is_listed(path.relative_to(folder).as_posix(), patterns))
    return Material(name, stills=kept)


def read_curated_crops(folder: Path, name: str = "crops", exclude: Iterable[str] = ()) -> Material:
    """Square crops around their targets, with an index.json that tells each target's size.

    The index is an object with `crop_size` and `sequences`: {track: [[file, width, height], ...]}, sizes in pixels of
    the crop, in whose centre the target is. Files lie in `folder/track/`.

    Raises:
        InputError: the index is missing or malformed, or names files that are not there.
    """
    index = folder / "index.json"
    content = _read_json(index)
    try:
        side = float(content["crop_size"])
        sequences = {
            str(track): [(str(file), float(w), float(h)) for file, w, h in rows]
            for track, rows in content["sequences"].items()
        }
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise InputError(
            f"{index}: expected crop_size and sequences {{track: [[file, width, height], ...]}}; found otherwise "
            f"({type(error).__name__}: {error})."
        ) from error
    tracks = []
    for track, rows in sequences.items():
        if is_listed(track, tuple(exclude)):
            continue
        _check_present(index, track, folder / track, [file for file, _, _ in rows])
        sizes = np.array([(w, h) for _, w, h in rows], dtype=np.float64).reshape(-1, 2)
        stems = [Path(file).stem for file, _, _ in rows]
        times = tuple(int(stem) for stem in stems) if all(stem.isdigit() for stem in stems) else ()
        images = tuple(folder / track / file for file, _, _ in rows)
        tracks.append(Track(track, images, _centred(sizes, side), times))
    return Material(name, tracks=_usable(tracks))


def read_pysot_crops(
    folder: Path, annotations: Path, name: str = "pysot-crops", exclude: Iterable[str] = ()
) -> Material:
    """Crops of 511 pixels as pysot and SiamDW curate ILSVRC-VID, YouTube-BB, ILSVRC-DET, COCO, LaSOT and GOT-10k.

    The annotation file is {video: {track: {frame: [x1, y1, x2, y2] or [w, h]}}} in pixels of the uncropped frame, from
    which a target's size in the crop follows; crops are `folder/video/frame.track.x.jpg`, exemplars at 127 pixels.

    Raises:
        InputError: the annotations are missing or malformed, or name crops that are not there.
    """
    content = _read_json(annotations)
    patterns = tuple(exclude)
    tracks = []
    try:
        for video, targets in content.items():
            if is_listed(video, patterns):
                continue
            for track, frames in targets.items():
                numbers = [frame for frame in frames if frame.isdigit()]
                corners = [np.asarray(frames[frame], dtype=np.float64) for frame in numbers]
                spans = [c[2:] - c[:2] if len(c) == 4 else c for c in corners]
                sizes = np.array([span * 127.0 / context_side(span) for span in spans]).reshape(-1, 2)
                images = [f"{frame}.{track}.x.jpg" for frame in numbers]
                _check_present(annotations, f"{video}/{track}", folder / video, images)
                paths = tuple(folder / video / image for image in images)
                tracks.append(Track(f"{video}/{track}", paths, _centred(sizes, 511.0), tuple(map(int, numbers))))
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise InputError(
            f"{annotations}: expected {{video: {{track: {{frame: [x1, y1, x2, y2]}}}}}}; found otherwise "
            f"({type(error).__name__}: {error})."
        ) from error
    return Material(name, tracks=_usable(tracks))


def read_tracking_dataset(
    folder: Path, layout: str = "", name: str = "dataset", exclude: Iterable[str] = ()
) -> Material:
    """The sequences of a data set as distributed: GOT-10k, LaSOT, TrackingNet and all others that can be read.

    Sequences that cannot be read, or have no images, are left out; frames that are marked absent are not used.

    Raises:
        InputError: no data set there, or none of its sequences has images.
    """
    if layout == "ilsvrc-vid":
        return Material(name, tracks=_usable(read_ilsvrc_vid(folder, tuple(exclude))))
    problems: list[Problem] = []
    dataset = load_dataset(folder, layout or None, problems=problems)
    tracks = []
    for sequence in dataset:
        if not isinstance(sequence.frames, ImageFrames) or is_listed(sequence.name, tuple(exclude)):
            continue
        count = min(len(sequence), len(sequence.frames.paths))
        boxes = sequence.boxes[:count].copy()
        if sequence.absent is not None:
            boxes[sequence.absent[:count]] = np.nan
        tracks.append(Track(f"{dataset.name}/{sequence.name}", tuple(sequence.frames.paths[:count]), boxes))
    return Material(name, tracks=_usable(tracks))


def _read_json(path: Path) -> Any:
    try:
        return json.loads(path.read_text())
    except OSError as error:
        raise InputError(f"{path}: cannot read the index of curated crops ({error.strerror}).") from error
    except ValueError as error:
        raise InputError(f"{path}: not valid JSON ({error}). Make the index anew.") from error


def _check_present(index: Path, track: str, folder: Path, files: list[str]) -> None:
    here = {path.name for path in folder.iterdir()} if folder.is_dir() else set()
    absent = [file for file in files if file not in here]
    if absent:
        raise InputError(
            f"{index}: names {len(absent)} of {len(files)} files of '{track}' that are not in {folder}, "
            f"first {absent[0]}. Restore them or take them out of the index."
        )


def _centred(sizes: np.ndarray, side: float) -> np.ndarray:
    """Boxes of targets in the centre of square crops, from their sizes (n, 2)."""
    return np.concatenate([(side - sizes) / 2.0, sizes], axis=1)


def _usable(tracks: Iterable[Track]) -> tuple[Track, ...]:
    return tuple(track for track in (track.usable() for track in tracks) if len(track))


READERS: dict[str, Callable[[SourceSection, Path, tuple[str, ...]], Material]] = {
    "crops": lambda s, folder, exclude: read_curated_crops(folder, s.name, exclude),
    "pysot-crops": lambda s, folder, exclude: read_pysot_crops(
        folder, folder / (s.annotations or "train.json"), s.name, exclude
    ),
    "stills": lambda s, folder, exclude: read_stills(folder, s.name, exclude),
    "dataset": lambda s, folder, exclude: read_tracking_dataset(folder, s.layout, s.name, exclude),
}
"""Kind of a source -> its reader."""
