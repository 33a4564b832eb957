"""TColor128: `<Sequence>/<Sequence>_gt.txt`, `<Sequence>_frames.txt` ("first,last") and `<Sequence>/img/%04d.jpg`.

Boxes are x, y, w, h with a 1-based corner (a MATLAB benchmark in the OTB line).
"""

from __future__ import annotations

from pathlib import Path

from siamfc_eval.datasets.known import name_from_path
from siamfc_eval.datasets.layout import Layout, Source, subfolders
from siamfc_eval.datasets.origins import published_origin
from siamfc_eval.datasets.reading.annotation_text import read_boxes, read_rows
from siamfc_eval.datasets.reading.image_folders import list_images
from siamfc_eval.datasets.reading.sequences import boxes_with_images
from siamfc_eval.datasets.sequence import Dataset, Sequence
from siamfc_eval.errors import InputError


def recognises(path: Path) -> bool:
    """True for a folder of sequences, or one, with `_gt.txt` files."""
    return bool(_folders(path))


def read(source: Source) -> Dataset:
    """Read all sequences.

    Raises:
        InputError: a sequence that cannot be used.
    """
    sequences = []
    for folder in _folders(source.path):
        try:
            sequences.append(_read_sequence(source, folder))
        except InputError as error:
            source.problems.report("unreadable ground truth", folder.name, str(error))
    name = source.dataset or name_from_path(source.path, "tcolor128")
    return Dataset(name, tuple(sequence for sequence in sequences if sequence is not None), "tcolor128")


def _read_sequence(source: Source, folder: Path) -> Sequence | None:
    annotation = _ground_truth(folder)
    published = read_boxes(annotation)
    images = (folder if source.images is None else source.images / folder.name) / "img"
    ranges = next(iter(sorted(folder.glob("*_frames.txt"))), None)
    first = None
    if ranges is not None:
        numbers = read_rows(ranges, widths=(2,))
        if not numbers:
            raise InputError(f"{ranges}: empty. Expected 'first,last'.")
        first, last = int(numbers[0][0]), int(numbers[0][1])
        if last - first + 1 != len(published) and list_images(images):
            source.problems.report(
                "count mismatch", annotation, f"{len(published)} boxes, but {ranges.name} names frames {first}-{last}."
            )
            return None
    return boxes_with_images(
        source,
        folder.name,
        published,
        annotation=annotation,
        images=images,
        origin=published_origin("tcolor128"),
        first=first,
    )


def _ground_truth(folder: Path) -> Path:
    return folder / f"{folder.name}_gt.txt"


def _folders(path: Path) -> list[Path]:
    if _ground_truth(path.resolve()).is_file():
        return [path.resolve()]
    return [folder for folder in subfolders(path) if _ground_truth(folder).is_file()]


LAYOUT = Layout(
    name="tcolor128",
    summary="<Sequence>/<Sequence>_gt.txt, <Sequence>_frames.txt and <Sequence>/img/",
    convention="x,y,w,h with 1-based top-left corner (MATLAB)",
    recognises=recognises,
    read=read,
    family="tcolor128",
)
