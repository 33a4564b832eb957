"""LaSOT's annotations as its evaluation toolkit has them: `annos/<sequence>.txt`, `annos/absent/`, `annos/att/`.

Boxes are those of the data set's own `groundtruth.txt` (x, y, w, h with a 1-based corner), a flag of 1 is a frame
without the target, and a file in `att/` has a 0 or 1 for each attribute. No images are needed; they are found under
`source.images` in the data set's own folders. Source: LaSOT_Evaluation_Toolkit, `run_tracker_performance_evaluation.m`.
"""

from __future__ import annotations

import dataclasses
from pathlib import Path

from siamfc_eval.datasets.layout import Layout, Source
from siamfc_eval.datasets.origins import published_origin
from siamfc_eval.datasets.reading.annotation_text import read_boxes, read_flags, read_lines
from siamfc_eval.datasets.reading.sequences import boxes_with_images
from siamfc_eval.datasets.sequence import Dataset, Sequence
from siamfc_eval.errors import InputError

ATTRIBUTES = ("IV", "POC", "DEF", "MB", "CM", "ROT", "BC", "VC", "SV", "FOC", "FM", "OV", "LR", "ARC")
"""The fourteen attributes, in the order of the files in `att/`."""


def recognises(path: Path) -> bool:
    """True for `annos` itself and for the folder that holds it."""
    return _annotations(path) is not None


def read(source: Source) -> Dataset:
    """Read the sequences there are, or those of `testing_set.txt` where a list of that name is next to them.

    Raises:
        InputError: a sequence that cannot be used.
    """
    folder = _annotations(source.path)
    if folder is None:
        raise InputError(f"{source.path}: expected annos/<sequence>.txt and annos/absent/<sequence>.txt.")
    files = sorted(path for path in folder.glob("*.txt") if (folder / "absent" / path.name).is_file())
    notes: tuple[str, ...] = ()
    for listed in {folder / "testing_set.txt", source.path / "testing_set.txt"}:
        if listed.is_file():
            names = {line.strip() for line in read_lines(listed)}
            files = [path for path in files if path.stem in names]
            notes = (f"the {len(names)} sequences of testing_set.txt",)
    sequences = [_read_sequence(source, path) for path in files]
    found = tuple(sequence for sequence in sequences if sequence is not None)
    return Dataset(source.dataset or "lasot", found, LAYOUT.name, notes)


def _read_sequence(source: Source, annotation: Path) -> Sequence | None:
    name = annotation.stem
    flags, listed = annotation.parent / "absent" / annotation.name, annotation.parent / "att" / annotation.name
    try:
        published, absent = read_boxes(annotation), read_flags(flags)
        attributes = read_flags(listed) if listed.is_file() else None
    except InputError as error:
        source.problems.report("unreadable ground truth", name, str(error))
        return None
    if len(absent) != len(published):
        source.problems.report(
            "count mismatch", flags, f"{len(absent)} values for {len(published)} rows of ground truth."
        )
        return None
    if attributes is not None and len(attributes) != len(ATTRIBUTES):
        source.problems.report(
            "count mismatch", listed, f"expected {len(ATTRIBUTES)} attributes, found {len(attributes)}."
        )
        return None
    flagged = () if attributes is None else zip(ATTRIBUTES, attributes, strict=True)
    sequence = boxes_with_images(
        source,
        name,
        published,
        annotation=annotation,
        images=_images(source, name),
        origin=published_origin("lasot"),
        attributes=frozenset(code for code, flag in flagged if flag),
    )
    return None if sequence is None else dataclasses.replace(sequence, absent=absent)


def _images(source: Source, name: str) -> Path:
    """`[<class>/]<sequence>/img`; a folder that is not there where the user named no images."""
    if source.images is None:
        return source.path / name / "img"
    nested = source.images / name.rpartition("-")[0] / name / "img"
    return nested if nested.is_dir() else source.images / name / "img"


def _annotations(path: Path) -> Path | None:
    """The folder with the annotations; None where there is none."""
    for folder in (path, path / "annos"):
        if (folder / "absent").is_dir() and any(
            (folder / "absent" / file.name).is_file() for file in folder.glob("*.txt")
        ):
            return folder
    return None


LAYOUT = Layout(
    name="lasot-annotations",
    summary="annos/<sequence>.txt with annos/absent/ and annos/att/, as LaSOT's evaluation toolkit has them",
    convention="x,y,w,h with 1-based top-left corner (MATLAB)",
    recognises=recognises,
    read=read,
    family="lasot",
)
