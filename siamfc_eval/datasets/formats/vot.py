"""VOT 2013-2019 and vot-toolkit workspaces: `list.txt` and `<sequence>/groundtruth.txt` with images and `.tag` files.

Ground truth is a polygon x1,y1,...,x4,y4 (rectangles in 2013, and in parts of later years); the toolkits use the
numbers as they are, so `origin` is 0. Images are flat in the sequence's folder (2013-2016) or in `color/` (since 2017).
Per-frame tags are in `<tag>.tag` (or `.label`), one 0/1 per line; where a file is shorter than the sequence the rest is
0, as in vot-toolkit, and an empty file is kept as an empty array.
"""

from __future__ import annotations

import re
from pathlib import Path

from siamfc_eval.datasets.known import match_known, name_from_path
from siamfc_eval.datasets.layout import Layout, Source, subfolders
from siamfc_eval.datasets.reading.annotation_text import read_lines
from siamfc_eval.datasets.reading.image_folders import list_images
from siamfc_eval.datasets.reading.region_text import FORMER_TAGS, TAGS, first_region_only, read_regions, read_tags
from siamfc_eval.datasets.reading.sequences import regions_with_images
from siamfc_eval.datasets.sequence import Dataset, Sequence
from siamfc_eval.errors import InputError

_STACK = re.compile(r"""stack:\s*["']?([\w/.-]+)""")
_CHANNELS = ("color", "ir", "depth")


def recognises(path: Path) -> bool:
    """True for a workspace, its `sequences`, or a sequence: `groundtruth.txt` with tags, `sequence` or `color/`."""
    if is_sequence(path):
        return True
    root = _sequence_root(path)
    if (root / "list.txt").is_file():
        names = _listed(root)
        return bool(names) and any(is_sequence(root / name, listed=True) for name in names)
    folders = subfolders(root)
    return bool(folders) and any(is_sequence(folder) for folder in folders)


def is_sequence(folder: Path, listed: bool = False) -> bool:
    """True where a folder looks like a VOT sequence; `img/` folders, GOT-10k and LaSOT files say that it is not one."""
    if not (folder / "groundtruth.txt").is_file():
        return False
    others = ("meta_info.ini", "absence.label", "full_occlusion.txt", "img")
    if any((folder / other).exists() for other in others):
        return False
    if listed or (folder / "sequence").is_file() or (folder / "color").is_dir():
        return True
    return any((folder / f"{tag}{suffix}").is_file() for tag in (*TAGS, *FORMER_TAGS) for suffix in (".tag", ".label"))


def read(source: Source) -> Dataset:
    """Read the sequences named in `list.txt`, or all where there is none.

    Raises:
        InputError: a listed sequence is absent, ground truth is unreadable, or the images do not fit it.
    """
    root = _sequence_root(source.path)
    if is_sequence(source.path):
        folders = [source.path]
    elif (root / "list.txt").is_file():
        folders = [root / name for name in _listed(root)]
    else:
        folders = [folder for folder in subfolders(root) if (folder / "groundtruth.txt").is_file()]
    sequences, notes = [], []
    for folder in folders:
        if not (folder / "groundtruth.txt").is_file():
            source.problems.report("missing sequence", folder, "named in list.txt but has no groundtruth.txt.")
            continue
        sequence, remarks = _read_sequence(source, folder)
        notes += remarks
        if sequence is not None:
            sequences.append(sequence)
    notes += _without_images(sequences, folders) if source.images is None else []
    name = source.dataset or workspace_benchmark(source.path) or name_from_path(source.path, "vot")
    return Dataset(name, tuple(sequences), "vot", tuple(notes))


def _without_images(sequences: list[Sequence], folders: list[Path]) -> list[str]:
    """One sentence where images lie where this layout has none; none where there are only annotations."""
    lacking = {sequence.name for sequence in sequences if sequence.frames is None}
    elsewhere = {"img": 0, "imgs": 0, "images": 0, "frames": 0}
    for folder in folders:
        for name in elsewhere.keys() if folder.name in lacking else ():
            elsewhere[name] += bool(list_images(folder / name))
    place = max(elsewhere, key=lambda name: elsewhere[name])
    if not elsewhere[place]:
        return []
    return [
        f"no color/ and no images next to groundtruth.txt in {len(lacking)} of {len(sequences)} sequences: this is not "
        f"VOT's layout. {elsewhere[place]} have {place}/ instead; leave --dataset out or say --dataset folder"
    ]


def workspace_benchmark(folder: Path) -> str | None:
    """The benchmark of a workspace of vot-toolkit, e.g. "vot2018", by the stack of experiments in its `config.yaml`.

    That is what the toolkit scores the workspace as, so it decides, whatever sequences there are. None for a folder
    without the file, and for a stack that is no benchmark's.
    """
    path = folder / "config.yaml"
    if not path.is_file():
        return None
    stack = next((found[1] for line in read_lines(path) if (found := _STACK.match(line))), "")
    known = match_known(stack)
    return known.name if known is not None else None


def _read_sequence(source: Source, folder: Path) -> tuple[Sequence | None, list[str]]:
    annotation = folder / "groundtruth.txt"
    origin = source.origin or 0.0
    try:
        regions = read_regions(annotation, origin)
        meta = _metadata(folder / "sequence")
        tags, notes = read_tags(folder, len(regions))
    except InputError as error:
        source.problems.report("unreadable ground truth", folder.name, str(error))
        return None, []
    images = folder if source.images is None else source.images / folder.name
    channel = meta.get("channels.color", "color/").rpartition("/")[0]
    if ".." in channel or channel.startswith("/"):
        raise InputError(f"{folder / 'sequence'}: channels.color must stay inside the folder, found {channel!r}.")
    candidates = [images / channel, *(images / name for name in _CHANNELS), images]
    images = next((candidate for candidate in candidates if list_images(candidate)), images)
    regions = first_region_only(regions, images)
    size = (int(float(meta["width"])), int(float(meta["height"]))) if {"width", "height"} <= meta.keys() else None
    sequence = regions_with_images(
        source,
        folder.name,
        regions,
        annotation=annotation,
        images=images,
        origin=origin,
        tags=tags,
        size=size,
        fps=float(meta["fps"]) if "fps" in meta else None,
    )
    return sequence, notes


def _metadata(path: Path) -> dict[str, str]:
    """The key=value lines of vot-toolkit's file `sequence`; {} where there is none."""
    if not path.is_file():
        return {}
    pairs = (line.partition("=") for line in read_lines(path))
    return {key.strip(): value.strip() for key, _, value in pairs}


def _sequence_root(path: Path) -> Path:
    nested = path / "sequences"
    return nested if not (path / "list.txt").is_file() and (nested / "list.txt").is_file() else path


def _listed(root: Path) -> list[str]:
    names = [line.strip() for line in read_lines(root / "list.txt") if line.strip()]
    escaping = [name for name in names if Path(name).name != name or name == ".."]
    if escaping:
        raise InputError(f"{root / 'list.txt'}: {escaping[0]!r} is no folder name; names may not hold slashes.")
    return names


LAYOUT = Layout(
    name="vot",
    summary="list.txt, <sequence>/groundtruth.txt (polygons or rectangles), .tag files, images flat or in color/",
    convention="polygon corners or x,y,w,h, taken as 0-based",
    recognises=recognises,
    read=read,
    family="vot",
    marks=("groundtruth.txt", "color/"),
)
