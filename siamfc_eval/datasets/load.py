"""Read a data set whatever its layout."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import numpy as np

from siamfc_eval.datasets.formats import folder, otb
from siamfc_eval.datasets.known import KNOWN, KnownDataset, match_known, shortfall
from siamfc_eval.datasets.layout import Layout, Source
from siamfc_eval.datasets.nearest import nearest
from siamfc_eval.datasets.problems import Problem, Problems
from siamfc_eval.datasets.reading.annotation_json import forget_json
from siamfc_eval.datasets.sequence import Dataset, Sequence
from siamfc_eval.errors import InputError, UnknownNameError
from siamfc_eval.plain_text import counted
from siamfc_eval.registry import Registry

LAYOUTS: Registry[Layout] = Registry(
    "data set layout", "siamfc_eval.datasets.layout:Layout", group="siamfc_eval.datasets"
)
"""Every layout, by name. `folder` takes what nothing else recognises."""

for _name in (
    "otb",
    "vot",
    "got10k",
    "lasot",
    "lasot-annotations",
    "uav",
    "nfs",
    "tcolor128",
    "dtb70",
    "trackingnet",
    "mot",
    "csv",
    "videos",
    "compact-json",
    "pysot-json",
    "folder",
):
    LAYOUTS.add(_name, f"siamfc_eval.datasets.formats.{_name.replace('-', '_')}:LAYOUT")

_OF_FILES = ("compact-json", "pysot-json")
"""The layouts of which a data set is one file."""


def load_dataset(
    path: Path | str,
    kind: str | None = None,
    images: Path | str | None = None,
    name: str | None = None,
    *,
    origin: float | None = None,
    init_omit: Path | str | None = None,
    problems: list[Problem] | None = None,
) -> Dataset:
    """Read the annotations of a data set; images are listed and decoded only when a frame is used.

    Args:
        path: folder or JSON file of annotations.
        kind: a layout ("otb", "vot", "pysot-json", ...) or a benchmark ("otb2013", "uav20l", ...), which selects its
            sequences and gives the data set its name; None: recognised from the files.
        images: root of the images where they are apart from the annotations. Where neither this nor the layout leads to
            images, sequences have `frames` None, which is enough for scoring.
        name: name of the data set, instead of the benchmark's or the folder's.
        origin: what the files add to 0-based coordinates (0 or 1), instead of the layout's rule.
        init_omit: JSON file of frame ranges in which OTB's TRE starts no tracker; else `init_omit.json` next to them.
        problems: where given, sequences that cannot be used are left out and their problems appended here.

    Returns:
        The data set; boxes are 0-based x, y, w, h in pixels.

    Raises:
        InputError: nothing there, an unknown or ambiguous layout, or (without `problems`) an unusable sequence.
        UnknownNameError: `kind` is neither a layout nor a benchmark.
    """
    path = Path(path).expanduser()
    if not path.exists():
        raise InputError(f"{path}: no such file or folder. Expected a data set or its annotation file.")
    images = Path(images).expanduser() if images is not None else None
    if images is not None and not images.is_dir():
        raise InputError(f"{images}: no such folder. Expected the root of the images.")
    layout, known = _resolve(path, kind)
    sink = Problems(strict=problems is None)
    source = Source(path, images, known.name if known else None, origin, sink)
    dataset = usable(layout.read(source), sink)
    forget_json()
    if problems is not None:
        problems += sink.found
    if not len(dataset) and not sink.found:
        raise InputError(f"{path}: {_nothing_there(path, layout)}")
    if init_omit is not None:
        table = otb.read_init_omit(_existing(Path(init_omit).expanduser()))
        omitted = tuple(dataclasses.replace(s, init_omit=table.get(s.name, ())) for s in dataset)
        dataset = dataclasses.replace(dataset, sequences=omitted)
    notes = (*dataset.notes, *_completeness(dataset, known))
    return dataclasses.replace(dataset, name=name or dataset.name, notes=notes)


def recognise(path: Path, family: str = "") -> Layout:
    """The layout of a path.

    Args:
        path: folder or file.
        family: prefer layouts of this family of benchmarks where several fit; "": no preference.

    Raises:
        InputError: no layout fits, or several do.
    """
    if path.is_file():
        # Needs neither the modules of all other layouts nor a look at other packages.
        own = [LAYOUTS[name] for name in _OF_FILES]
        fitting = [layout for layout in own if layout.recognises(path)]
        if len(fitting) == 1:
            return fitting[0]
    specific = [layout for layout in LAYOUTS.values() if layout.name != "folder" and layout.recognises(path)]
    if len(specific) > 1 and family:
        specific = [layout for layout in specific if layout.family == family] or specific
    if len(specific) > 1:
        raise InputError(
            f"{path}: could be {' or '.join(layout.name for layout in specific)}. Say which with --dataset."
        )
    if specific:
        return specific[0]
    if folder.recognises(path):
        return LAYOUTS["folder"]
    expected = "\n".join(f"  {layout.name}: {layout.summary}" for layout in LAYOUTS.values())
    closest = nearest(path, tuple(LAYOUTS.values()))
    raise InputError(f"{path}: no known layout.{closest and ' ' + closest} Expected one of:\n{expected}")


def _nothing_there(path: Path, layout: Layout) -> str:
    """Why a layout found no sequence."""
    if layout.recognises(path):
        return f"the layout {layout.name} was recognised, but no sequence was found."
    try:
        other = f"It looks like {recognise(path).name}: leave the layout out, or name that one."
    except InputError:
        other = nearest(path, tuple(LAYOUTS.values()))
    return f"no sequence in the layout {layout.name} ({layout.summary}). {other}".rstrip()


def _resolve(path: Path, kind: str | None) -> tuple[Layout, KnownDataset | None]:
    if kind is None:
        return recognise(path), None
    known = match_known(kind)
    is_layout = kind in LAYOUTS.own or (known is None and kind in LAYOUTS)
    if is_layout and (path.is_dir() or path.suffix != ".json" or kind.endswith("json")):
        benchmark = known if known and known.name == kind else None
        return (_of_family(path, LAYOUTS[kind]) if benchmark else LAYOUTS[kind]), benchmark
    if known is None and not is_layout:
        raise UnknownNameError("data set or layout", kind, [*LAYOUTS, *(entry.name for entry in KNOWN)])
    family = known.family if known else LAYOUTS[kind].family
    if path.is_file():
        return recognise(path, family), known
    own = [layout for layout in LAYOUTS.values() if layout.family == family]
    fitting = [layout for layout in own if layout.recognises(path)]
    return (fitting[0] if fitting else recognise(path)), known


def _of_family(path: Path, layout: Layout) -> Layout:
    """The layout, unless the path has another one in which the same benchmark is published."""
    family = [other for other in LAYOUTS.values() if other.family == layout.family and other.recognises(path)]
    return layout if layout in family or not family else family[0]


def usable(dataset: Dataset, sink: Problems) -> Dataset:
    """Without the sequences on which no tracker can be started, and without doubles."""
    kept: dict[str, Sequence] = {}
    for sequence in dataset:
        box = sequence.boxes[0]
        if sequence.name in kept:
            sink.report("duplicate name", sequence.name, "two sequences of this name. Remove or rename one.")
        elif not (np.isfinite(box).all() and box[2] > 0 and box[3] > 0):
            found = ", ".join(f"{value:g}" for value in sequence.published_boxes[0])
            sink.report("invalid first box", sequence.name, f"row 1 must be a box of positive size, found {found}.")
        else:
            kept[sequence.name] = sequence
    return dataclasses.replace(dataset, sequences=tuple(kept.values()))


def _completeness(dataset: Dataset, known: KnownDataset | None) -> tuple[str, ...]:
    known = known or match_known(dataset.name)
    if known is None or known.sequences is None or known.sequences == len(dataset):
        return ()
    lacking = shortfall(known.name, len(dataset))
    return (lacking or f"{counted(len(dataset), 'sequence')}, where the whole of {known.name} has {known.sequences}",)


def _existing(path: Path) -> Path:
    if not path.is_file():
        raise InputError(f"{path}: no such file. Expected the frame ranges of init_omit.")
    return path
