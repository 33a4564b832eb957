"""Write a data set to disk as image files and ground truth, in a layout that other toolkits read."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path

import numpy as np

from siamfc_eval.datasets.frames import ImageFrames
from siamfc_eval.datasets.reading.image_folders import image_size
from siamfc_eval.datasets.sequence import Dataset, Sequence
from siamfc_eval.errors import InputError, UnknownNameError
from siamfc_eval.storage.reading import read_bounded
from siamfc_eval.storage.writing import make_folder, write_atomic


def render_to_folder(
    dataset: Dataset, folder: Path | str, layout: str = "otb", suffix: str = ".jpg", *, copy: bool = False
) -> Path:
    """Write every sequence with its frames.

    Args:
        dataset: sequences that have frames.
        folder: created where absent; files of the same names are replaced.
        layout: "otb" (1-based boxes), "vot" (polygons, tags, `list.txt`, images in `color/`), "got10k" (one split) or
            "folder" (images and a `groundtruth.txt`).
        suffix: ".jpg" (quality 95) or ".png" (lossless). Image files that have this ending are copied byte by byte.
        copy: do so with image files of any ending.

    Returns:
        The folder, which `load_dataset` reads back.

    Raises:
        UnknownNameError: no such layout.
        InputError: a sequence has no frames, or a name that cannot be a folder's.
    """
    if layout not in _WRITERS:
        raise UnknownNameError("layout", layout, _WRITERS)
    root = Path(folder).expanduser()
    for sequence in dataset:
        if sequence.frames is None:
            raise InputError(f"{sequence.name}: has no frames to write. Give the images when the data set is read.")
        if Path(sequence.name).name != sequence.name or sequence.name in {"", ".", ".."}:
            raise InputError(f"{sequence.name!r}: not usable as the name of a folder.")
        make_folder(root / sequence.name)
        _WRITERS[layout](sequence, root / sequence.name, (_own_suffix(sequence) if copy else "") or suffix)
    if layout == "otb":
        rows = (f"{s.name}\t{', '.join(sorted(set().union(*s.attributes.values())))}" for s in dataset)
        _write(root / "attr_list.txt", rows)
    if layout in {"vot", "got10k"}:
        _write(root / "list.txt", dataset.names)
    return root


def _own_suffix(sequence: Sequence) -> str:
    """The ending that the image files of a sequence share, in lower case; "" where they do not, or are none."""
    paths = sequence.frames.paths if isinstance(sequence.frames, ImageFrames) else []
    endings = {path.suffix for path in paths}
    return endings.pop().lower() if len(endings) == 1 else ""


def _otb(sequence: Sequence, folder: Path, suffix: str) -> None:
    _images(sequence, folder / "img", "{:04d}", suffix)
    _write(folder / "groundtruth_rect.txt", (_numbers(box) for box in sequence.boxes + _MATLAB))


def _vot(sequence: Sequence, folder: Path, suffix: str) -> None:
    width, height = _images(sequence, folder / "color", "{:08d}", suffix)
    _write(folder / "groundtruth.txt", (_numbers(region) for region in sequence.ground_truth))
    for tag, values in sequence.tags.items():
        _write(folder / f"{tag}.tag", (str(int(value)) for value in values))
    facts = {
        "channels.color": f"color/%08d{suffix}",
        "format": "default",
        "fps": f"{sequence.fps or 30:g}",
        "height": height,
        "length": len(sequence),
        "name": sequence.name,
        "width": width,
    }
    _write(folder / "sequence", (f"{key}={value}" for key, value in facts.items()))


def _got10k(sequence: Sequence, folder: Path, suffix: str) -> None:
    width, height = _images(sequence, folder, "{:08d}", suffix)
    absent = np.zeros(len(sequence), dtype=bool) if sequence.absent is None else sequence.absent
    _write(folder / "groundtruth.txt", (_numbers(box) for box in sequence.boxes))
    _write(folder / "absence.label", (str(int(value)) for value in absent))
    _write(folder / "cover.label", ("0" if value else "8" for value in absent))
    facts = {"resolution": f"({width}, {height})", "anno_fps": f"{sequence.fps or 30:g}Hz"}
    _write(folder / "meta_info.ini", ["[METAINFO]", *(f"{key}: {value}" for key, value in facts.items())])


def _folder(sequence: Sequence, folder: Path, suffix: str) -> None:
    _images(sequence, folder / "img", "{:08d}", suffix)
    _write(folder / "groundtruth.txt", (_numbers(region) for region in sequence.ground_truth))


_LARGEST_IMAGE = 512 * 2**20

_MATLAB = np.array([1.0, 1.0, 0.0, 0.0])
"""What OTB's files add to 0-based boxes."""

_WRITERS: dict[str, Callable[[Sequence, Path, str], None]] = {
    "otb": _otb,
    "vot": _vot,
    "got10k": _got10k,
    "folder": _folder,
}


def _images(sequence: Sequence, folder: Path, name: str, suffix: str) -> tuple[int, int]:
    """Write the frames, numbered from 1; (width, height)."""
    import cv2

    make_folder(folder)
    size = (0, 0)
    if _own_suffix(sequence) == suffix and isinstance(sequence.frames, ImageFrames):
        for number, source in enumerate(sequence.frames.paths, start=1):
            content = read_bounded(source, _LARGEST_IMAGE, "an image")
            write_atomic(folder / f"{name.format(number)}{suffix}", content, durable=False)
        return sequence.image_size or image_size(sequence.frames.paths[0]) or size
    for number, frame in enumerate(sequence.frames or (), start=1):
        pixels = frame.pixels
        size = (pixels.shape[1], pixels.shape[0])
        path = folder / f"{name.format(number)}{suffix}"
        options = [cv2.IMWRITE_JPEG_QUALITY, 95] if suffix in {".jpg", ".jpeg"} else []
        done, data = cv2.imencode(suffix, cv2.cvtColor(pixels, cv2.COLOR_RGB2BGR), options)
        if not done:
            raise InputError(f"{path}: OpenCV cannot write {suffix} images. Use .jpg or .png.")
        write_atomic(path, data.tobytes(), durable=False)
        frame.release()
    return size


def _numbers(values: np.ndarray) -> str:
    return ",".join(f"{value:.4f}" for value in values)


def _write(path: Path, lines: Iterable[str]) -> None:
    write_atomic(path, "\n".join(lines) + "\n", durable=False)
