"""What a run says where nobody watches it."""

from __future__ import annotations

from pathlib import Path

import pytest

from siamfc_eval.cli.run_progress import Progress
from siamfc_eval.running.events import Advanced, ItemFinished, ProtocolStarted


def test_a_log_has_a_line_a_minute(capsys: pytest.CaptureFixture[str]) -> None:
    now = [0.0]
    with Progress(clock=lambda: now[0]) as progress:
        progress(ProtocolStarted("kcf", "ope", Path("runs"), items=3, done=0, frames=4000, executor="one by one"))
        for _ in range(10):
            now[0] += 13.0
            progress(Advanced(100))
        progress(ItemFinished("kcf", "bag"))
    lines = capsys.readouterr().err.splitlines()
    assert lines == [
        "kcf ope: 3 runs, 4,000 frames, one by one",
        "kcf ope (one by one): 0 of 3 runs, 500 of 4,000 frames, 8/s, about 8 min left",
        "kcf ope (one by one): 0 of 3 runs, 1,000 of 4,000 frames, 8/s, about 6 min left",
    ]


def test_one_is_not_several(capsys: pytest.CaptureFixture[str]) -> None:
    with Progress() as progress:
        progress(ProtocolStarted("kcf", "ope", Path("runs"), items=1, done=0, frames=1, executor="one by one"))
    assert capsys.readouterr().err == "kcf ope: 1 run, 1 frame, one by one\n"
