"""Facts about OTB that its folders do not hold: which sequences a subset has, and where annotated frames begin.

Sources: the lists `tb_100`, `tb_50` and `cvpr13` and the sequence configuration of the OTB MATLAB benchmark (Wu, Lim,
Yang: Object Tracking Benchmark, TPAMI 2015; Online Object Tracking, CVPR 2013).
"""

from __future__ import annotations

import re

_TB_50 = """
    Basketball Biker Bird1 BlurBody BlurCar2 BlurFace BlurOwl Bolt Box Car1 Car4 CarDark CarScale ClifBar Couple Crowds
    David Deer Diving DragonBaby Dudek Football Freeman4 Girl Human3 Human4-2 Human6 Human9 Ironman Jump Jumping Liquor
    Matrix MotorRolling Panda RedTeam Shaking Singer2 Skating1 Skating2-1 Skating2-2 Skiing Soccer Surfer Sylvester
    Tiger2 Trellis Walking Walking2 Woman
"""
_CVPR13 = """
    Basketball Bolt Boy Car4 CarDark CarScale Coke Couple Crossing David David2 David3 Deer Dog1 Doll Dudek FaceOcc1
    FaceOcc2 Fish FleetFace Football Football1 Freeman1 Freeman3 Freeman4 Girl Ironman Jogging-1 Jogging-2 Jumping
    Lemming Liquor Matrix Mhyang MotorRolling MountainBike Shaking Singer1 Singer2 Skating1 Skiing Soccer Subway Suv
    Sylvester Tiger1 Tiger2 Trellis Walking Walking2 Woman
"""
_OTHERS = """
    Bird2 BlurCar1 BlurCar3 BlurCar4 Board Bolt2 Car2 Car24 Coupon Dancer Dancer2 Dog Girl2 Gym Human2 Human5 Human7
    Human8 KiteSurf Man Rubik Skater Skater2 Toy Trans Twinnings Vase
"""

OTB50: frozenset[str] = frozenset(_TB_50.split())
OTB2013: frozenset[str] = frozenset(_CVPR13.split())
OTB2015: frozenset[str] = OTB50 | OTB2013 | frozenset(_OTHERS.split())

SUBSETS: dict[str, frozenset[str]] = {"otb2015": OTB2015, "otb50": OTB50, "otb2013": OTB2013}

FIRST_FRAME: dict[str, int] = {"BlurCar1": 247, "BlurCar3": 3, "BlurCar4": 18, "David": 300}
"""Number of the image file of the first row of ground truth, where it is not 1."""

LONGER_THAN_ANNOTATED: frozenset[str] = frozenset({"Diving", "Football1", "Freeman3", "Freeman4"})
"""Sequences distributed with more images than the benchmark evaluates; the ground truth says how many count."""

LEAD_IN: dict[str, int] = {"Tiger1": 5}
"""Annotated leading frames that the MATLAB benchmark and its descendants skip and GOT-10k's toolkit keeps."""

_CANONICAL = {re.sub(r"[^a-z0-9]", "", name.lower()): name for name in OTB2015}


def canonical_name(name: str) -> str | None:
    """The benchmark's own form of a sequence name (`jogging.1` -> `Jogging-1`); None for a name that OTB lacks."""
    key = re.sub(r"[^a-z0-9]", "", name.lower())
    return _CANONICAL.get("human42" if key == "human4" else key)


def result_aliases(name: str) -> frozenset[str]:
    """Other names under which toolkits write raw results of a sequence: `Jogging.1`, `jogging_1`, `carDark`."""
    names = {name}
    if name == "Human4-2":
        names.add("Human4")
    if re.search(r"-\d$", name):
        names |= {name[:-2] + mark + name[-1] for mark in "._"}
    lowered = {written[0].lower() + written[1:] for written in names}
    return frozenset((names | lowered | {written.lower() for written in names}) - {name})
