"""The classes of docs/trackers.md run as they stand there, in the style that they are shown for."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from siamfc_eval.adapters.load import load_tracker
from siamfc_eval.datasets.frames import Frame

GUIDE = Path(__file__).parents[2] / "docs" / "trackers.md"
CODE = "\n\n".join(re.findall(r"```python\n(.*?)```", GUIDE.read_text(encoding="utf-8"), re.DOTALL))
STYLES = {
    "Got10kLike": "got10k",
    "PysotLike": "pysot",
    "PytrackingLike": "pytracking",
    "OpenCVLike": "opencv",
    "OwnStyle": "siamfc-eval",
}


def test_every_class_of_the_guide_is_tried() -> None:
    assert re.findall(r"^class (\w+)", CODE, re.MULTILINE) == list(STYLES)


@pytest.mark.parametrize("name", STYLES)
def test_a_class_of_the_guide_runs(tmp_path: Path, name: str) -> None:
    (tmp_path / "guide.py").write_text(CODE, encoding="utf-8")
    tracker: Any = load_tracker(f"{tmp_path}/guide.py:{name}")
    assert f"taken for {STYLES[name]} style" in tracker.notes[0]
    frame = Frame(None, lambda: np.zeros((40, 60, 3), dtype=np.uint8))
    start = np.array([10.0, 12.0, 8.0, 9.0])
    state = tracker.init(frame, start)
    np.testing.assert_array_equal(tracker.update(state, frame)[1].region, start)
    tracker.close()
