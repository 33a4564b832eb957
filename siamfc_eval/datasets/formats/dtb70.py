"""DTB70: `<Sequence>/groundtruth_rect.txt` and `<Sequence>/img/%05d.jpg`, the file names of OTB with other sequences.

Boxes are x, y, w, h with a 1-based corner (a MATLAB benchmark in the OTB line).
"""

from __future__ import annotations

from pathlib import Path

from siamfc_eval.datasets.known import name_from_path
from siamfc_eval.datasets.layout import Layout, Source, subfolders
from siamfc_eval.datasets.origins import published_origin
from siamfc_eval.datasets.reading.annotation_text import read_boxes
from siamfc_eval.datasets.reading.otb_names import OTB2015
from siamfc_eval.datasets.reading.sequences import boxes_with_images
from siamfc_eval.datasets.sequence import Dataset
from siamfc_eval.errors import InputError

_NAMES = """
    Animal1 Animal2 Animal3 Animal4 BMX2 BMX3 BMX4 BMX5 Basketball Car2 Car4 Car5 Car6 Car8 ChasingDrones Girl1 Girl2
    Gull1 Gull2 Horse1 Horse2 Kiting ManRunning1 ManRunning2 Motor1 Motor2 MountainBike1 MountainBike5 MountainBike6
    Paragliding3 Paragliding5 RaceCar RaceCar1 RcCar3 RcCar4 RcCar5 RcCar6 RcCar7 RcCar8 RcCar9 SUP2 SUP4 SUP5 Sheep1
    Sheep2 SkateBoarding4 Skiing1 Skiing2 SnowBoarding2 SnowBoarding4 SnowBoarding6 Soccer1 Soccer2 SpeedCar2 SpeedCar4
    StreetBasketball1 StreetBasketball2 StreetBasketball3 Surfing03 Surfing04 Surfing06 Surfing10 Surfing12 Vaulting
    Wakeboarding1 Wakeboarding2 Walking Yacht2 Yacht4 Zebra
"""

DTB70_NAMES: frozenset[str] = frozenset(_NAMES.split())


def names_are_dtb70(names: set[str]) -> bool:
    """True where all names are DTB70's and they are not all OTB's too (Basketball, Car2, Car4, Girl2, Walking are)."""
    return bool(names) and names <= DTB70_NAMES and not names <= OTB2015


def recognises(path: Path) -> bool:
    """True for a folder whose sequences are all DTB70's."""
    return names_are_dtb70({folder.name for folder in _folders(path)})


def read(source: Source) -> Dataset:
    """Read all sequences.

    Raises:
        InputError: a sequence that cannot be used.
    """
    sequences = []
    for folder in _folders(source.path):
        annotation = folder / "groundtruth_rect.txt"
        images = (folder if source.images is None else source.images / folder.name) / "img"
        try:
            published = read_boxes(annotation)
        except InputError as error:
            source.problems.report("unreadable ground truth", folder.name, str(error))
            continue
        sequences.append(
            boxes_with_images(
                source,
                folder.name,
                published,
                annotation=annotation,
                images=images,
                origin=published_origin("dtb70"),
            )
        )
    name = source.dataset or name_from_path(source.path, "dtb70")
    return Dataset(name, tuple(sequence for sequence in sequences if sequence is not None), "dtb70")


def _folders(path: Path) -> list[Path]:
    if (path / "groundtruth_rect.txt").is_file():
        return [path]
    return [folder for folder in subfolders(path) if (folder / "groundtruth_rect.txt").is_file()]


LAYOUT = Layout(
    name="dtb70",
    summary="<Sequence>/groundtruth_rect.txt and <Sequence>/img/, with DTB70's sequence names",
    convention="x,y,w,h with 1-based top-left corner (MATLAB)",
    recognises=recognises,
    read=read,
    family="dtb70",
)
