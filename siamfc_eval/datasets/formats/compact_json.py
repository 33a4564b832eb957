"""One JSON file for the whole of OTB with what several toolkits say of it.

{"dataset", "box", "sequences": {name: {"gt_rect", "n_frames", "eval_offset", "start_frame", "dir", "aliases",
"subsets", "attributes": {source: [codes]}}}}; boxes x, y, w, h, 1-based. `eval_offset` is the number of leading
annotated frames that the MATLAB line of toolkits skips; `start_frame` the number of the first image in `<dir>/img/`.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from siamfc_eval.datasets.formats.annotation_entries import CompactEntry, read_entry
from siamfc_eval.datasets.formats.otb import read_init_omit
from siamfc_eval.datasets.formats.pysot_json import parse_table
from siamfc_eval.datasets.frames import ImageFrames
from siamfc_eval.datasets.known import match_known, name_from_path
from siamfc_eval.datasets.layout import Layout, Source
from siamfc_eval.datasets.reading import otb_names
from siamfc_eval.datasets.reading.annotation_json import load_json
from siamfc_eval.datasets.reading.image_folders import frames_for_rows, image_size
from siamfc_eval.datasets.sequence import Dataset, Sequence
from siamfc_eval.errors import InputError


def recognises(path: Path) -> bool:
    """True for a JSON object with "sequences" that have "gt_rect"."""
    if path.suffix.lower() != ".json" or not path.is_file():
        return False
    content = load_json(path)
    sequences = content.get("sequences") if isinstance(content, dict) else None
    return isinstance(sequences, dict) and all(isinstance(v, dict) and "gt_rect" in v for v in sequences.values())


def read(source: Source) -> Dataset:
    """Read the file; `source.dataset` "otb2013" or "otb50" selects the subset. `init_omit.json` next to it is read too.

    Raises:
        InputError: with file and sequence, where an entry cannot be used.
    """
    content = load_json(source.path)
    name = source.dataset or _name(source.path, content)
    wanted = otb_names.SUBSETS.get(name)
    one_based = "1-based" in str(content.get("box", "1-based"))
    origin = source.origin if source.origin is not None else float(one_based)
    omit = read_init_omit(source.path.parent / "init_omit.json")
    sequences = []
    for key, entry in content["sequences"].items():
        if wanted is not None and key not in wanted:
            continue
        try:
            sequences.append(_read_entry(source, str(key), entry, origin, omit.get(key, ())))
        except InputError as error:
            source.problems.report("unreadable ground truth", str(key), str(error))
    notes = (f"coordinates {'1' if origin else '0'}-based, as the file says", *_attribute_note(sequences))
    return Dataset(name, tuple(sequences), "compact-json", notes)


def _read_entry(source: Source, name: str, content: Any, origin: float, omit: tuple[tuple[int, int], ...]) -> Sequence:
    where = f"{source.path}: {name}"
    entry = read_entry(CompactEntry, content, where)
    boxes = parse_table(entry.gt_rect, origin, where)
    if boxes is None:
        raise InputError(f"{where}: expected boxes x,y,w,h.")
    if entry.n_frames not in {None, len(boxes)}:
        raise InputError(f"{where}: n_frames is {entry.n_frames}, but there are {len(boxes)} boxes.")
    frames = _frames(source, entry.dir or name, len(boxes), entry.start_frame)
    return Sequence(
        name=name,
        boxes=boxes,
        frames=frames,
        origin=origin,
        attributes={who: frozenset(codes) for who, codes in entry.attributes.items()},
        image_size=image_size(frames.paths[0]) if frames else None,
        lead_in=entry.eval_offset,
        aliases=(frozenset(entry.aliases.values()) | otb_names.result_aliases(name)) - {name},
        init_omit=omit,
    )


def _frames(source: Source, folder: str, rows: int, first: int) -> ImageFrames | None:
    if folder in {"", ".", ".."} or "/" in folder or "\\" in folder or "\0" in folder:
        raise InputError(f"{source.path}: {folder!r} is no folder name.")
    root = source.images or source.path.parent
    if source.images is None and not os.path.isdir(f"{root}/{folder}/img"):
        return None
    images = root / folder / "img"
    if source.images is not None and not images.is_dir():
        raise InputError(f"{images}: no such folder; expected the images of OTB as distributed.")
    return frames_for_rows(images, rows, source.problems, annotation=source.path, first=first)


def _attribute_note(sequences: list[Sequence]) -> tuple[str, ...]:
    sources = sorted({who for sequence in sequences for who in sequence.attributes})
    return (f"attributes from {', '.join(sources)}",) if sources else ()


def _name(path: Path, content: Mapping[str, Any]) -> str:
    stated = match_known(str(content.get("dataset", "")).split(" ")[0])
    return stated.name if stated else name_from_path(path)


LAYOUT = Layout(
    name="compact-json",
    summary='a JSON file {"dataset", "box", "sequences": {"<sequence>": {"gt_rect", "attributes", ...}}}',
    convention='x,y,w,h; 1-based where "box" says so',
    recognises=recognises,
    read=read,
    family="otb",
)
