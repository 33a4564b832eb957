"""Recorded regions, fed back through the supervised protocol, give the recorded files again, codes and all."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from siamfc_eval.datasets.sequence import Sequence
from siamfc_eval.errors import InputError
from siamfc_eval.geometry.raster import overlaps
from siamfc_eval.geometry.regions import Region
from siamfc_eval.protocols.exact_overlap import exact_overlap
from siamfc_eval.protocols.replay import replay
from siamfc_eval.protocols.supervised import Overlap, supervised
from siamfc_eval.protocols.trajectory import Code, Entry

# The scripts that ran these two decide on failures by areas; pysot, which ran the others, by pixels.
RAN_WITH_AREAS = {"LightTrack", "Ocean-online"}
COMPLETE = {"vot2018": 360, "vot2019": 120}


def _read(path: Path) -> tuple[Entry, ...]:
    rows = [[float(value) for value in line.split(",")] for line in path.read_text().split()]
    return tuple(Code(int(row[0])) if len(row) == 1 else np.array(row) for row in rows)


def _sequences(path: Path) -> dict[str, Sequence]:
    found = {}
    for name, raw in json.loads(path.read_text()).items():
        regions = tuple(np.array(region, dtype=float) for region in raw["gt_rect"])
        size = (raw["width"], raw["height"]) if "width" in raw else None
        found[name] = Sequence(name, np.full((len(regions), 4), np.nan), regions=regions, image_size=size)
    return found


def _rasterised(sequence: Sequence, recorded: tuple[Entry, ...]) -> Overlap:
    """The pixel rule, computed for the whole file in one call because one call per frame would take a minute."""
    truths = sequence.ground_truth
    answers = [None if isinstance(entry, Code) else entry for entry in recorded]
    values = overlaps(answers, truths, sequence.image_size, "vot-official")
    known = {(id(answer), id(truth)): value for answer, truth, value in zip(answers, truths, values, strict=True)}

    def overlap(region: Region, truth: Region) -> float:
        return float(known.get((id(region), id(truth)), 0.0))

    return overlap


@pytest.mark.shared
@pytest.mark.parametrize("year", sorted(COMPLETE))
def test_supervised_reproduces_every_recorded_file(shared: Path, year: str) -> None:
    sequences = _sequences(shared / "data" / year / "annotations.json")
    replayed = 0
    for path in sorted((shared / "data" / year / "results").glob("*/baseline/*/*_001.txt")):
        tracker, name = path.parts[-4], path.parent.name
        sequence, recorded = sequences[name], _read(path)
        overlap = exact_overlap if tracker in RAN_WITH_AREAS else _rasterised(sequence, recorded)
        trajectory = replay(supervised(sequence, overlap), recorded)
        assert len(trajectory) == len(recorded), (tracker, name)
        for frame, (ours, theirs) in enumerate(zip(trajectory.entries, recorded, strict=True)):
            assert type(ours) is type(theirs), (tracker, name, frame)
            assert np.array_equal(ours, theirs), (tracker, name, frame)
        replayed += 1
    assert replayed == COMPLETE[year]


@pytest.mark.shared
def test_a_recording_under_another_rule_is_refused(shared: Path) -> None:
    folder = shared / "data" / "vot2018"
    sequence = _sequences(folder / "annotations.json")["fish2"]
    recorded = _read(folder / "results/LightTrack/baseline/fish2/fish2_001.txt")
    with pytest.raises(InputError, match="frame 88: the protocol asks for a region, the recording has code 1"):
        replay(supervised(sequence, _rasterised(sequence, recorded)), recorded)
