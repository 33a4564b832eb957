"""Readers of training material: one function per layout on disk."""

from __future__ import annotations

import fnmatch
import json
from collections.abc import Iterable
from pathlib import Path

import numpy as np

from siamfc_eval.errors import InputError
from siamfc_eval.training.tracks import Material, Track

IMAGE_SUFFIXES = frozenset({".jpg", ".jpeg", ".png", ".bmp", ".webp"})


def is_listed(name: str, patterns: Iterable[str]) -> bool:
    """True if a name equals or matches (as a shell pattern) one of the patterns."""
    return any(fnmatch.fnmatchcase(name, pattern) for pattern in patterns)


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
    return Material(name, stills=tuple(p for p in found if not is_listed(p.relative_to(folder).as_posix(), patterns)))


def read_curated_crops(folder: Path, name: str = "crops", exclude: Iterable[str] = ()) -> Material:
    """Square crops around their targets, with an index.json that tells each target's size.

    The index is an object with `crop_size` and `sequences`: {track: [[file, width, height], ...]}, sizes in pixels of the
    crop, in whose centre the target is. Files lie in `folder/track/`.

    Raises:
        InputError: the index is missing or malformed, or names files that are not there.
    """
    index = folder / "index.json"
    try:
        content = json.loads(index.read_text())
        side = float(content["crop_size"])
        sequences = {
            str(track): [(str(f), float(w), float(h)) for f, w, h in rows]
            for track, rows in content["sequences"].items()
        }
    except OSError as error:
        raise InputError(f"{index}: cannot read the index of curated crops ({error.strerror}).") from error
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise InputError(
            f"{index}: expected crop_size and sequences {{track: [[file, width, height], ...]}}; found otherwise: {error}."
        ) from error
    tracks = []
    for track, rows in sequences.items():
        if is_listed(track, tuple(exclude)):
            continue
        here = {path.name for path in (folder / track).iterdir()} if (folder / track).is_dir() else set()
        absent = [file for file, _, _ in rows if file not in here]
        if absent:
            raise InputError(
                f"{index}: names {len(absent)} of {len(rows)} files of '{track}' that are not in {folder / track}, "
                f"first {absent[0]}. Restore them or take them out of the index."
            )
        boxes = np.array([[side / 2.0 - w / 2.0, side / 2.0 - h / 2.0, w, h] for _, w, h in rows], dtype=np.float64)
        stems = [Path(file).stem for file, _, _ in rows]
        times = tuple(int(stem) for stem in stems) if all(stem.isdigit() for stem in stems) else ()
        tracks.append(Track(track, tuple(folder / track / file for file, _, _ in rows), boxes.reshape(-1, 4), times))
    return Material(name, tracks=tuple(track for track in (t.usable() for t in tracks) if len(track) >= 2))
