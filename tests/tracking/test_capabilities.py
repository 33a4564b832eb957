"""What a tracker can do is had by declaring it, and lacking it is said in one place."""

from __future__ import annotations

from typing import Any

from siamfc_eval.tracking import capabilities
from siamfc_eval.tracking.families.static import StaticTracker
from siamfc_eval.tracking.tracker import CallTimes


class Able(StaticTracker):
    """Has everything."""

    accepts_polygons = True
    reads_files = True
    device = "cuda:1"
    notes = ("taken for a toy",)
    restarts = 2
    last_call = CallTimes(0.5, 0.1)

    def __init__(self) -> None:
        super().__init__("able")
        self.facts = {"family": "toy"}
        self.calls: list[Any] = []

    def seed(self, number: int) -> None:
        """Remembers."""
        self.calls.append(number)

    def synchronize(self) -> None:
        """Remembers."""
        self.calls.append("synchronize")

    def make_ready(self) -> None:
        """Remembers."""
        self.calls.append("make_ready")

    def close(self) -> None:
        """Remembers."""
        self.calls.append("close")


def test_a_plain_tracker_has_the_least_of_everything() -> None:
    plain = StaticTracker("plain")
    assert capabilities.device_of(plain) == "cpu"
    assert capabilities.facts_of(plain) == {"class": "StaticTracker"}
    assert capabilities.notes_of(plain) == ()
    assert not capabilities.takes_polygons(plain)
    assert not capabilities.reads_files(plain)
    assert capabilities.restarts_of(plain) == 0
    assert capabilities.last_call_of(plain) is None
    for call in (capabilities.prepare, capabilities.synchronise, capabilities.close):
        call(plain)
    assert not isinstance(plain, capabilities.Seeded)


def test_what_a_tracker_declares_is_used() -> None:
    able = Able()
    assert capabilities.device_of(able) == "cuda:1"
    assert capabilities.facts_of(able) == {"family": "toy"}
    assert capabilities.notes_of(able) == ("taken for a toy",)
    assert capabilities.takes_polygons(able)
    assert capabilities.reads_files(able)
    assert capabilities.restarts_of(able) == 2
    assert capabilities.last_call_of(able) == CallTimes(0.5, 0.1)
    for call in (capabilities.prepare, capabilities.synchronise, capabilities.close):
        call(able)
    assert able.calls == ["make_ready", "synchronize", "close"]
    assert isinstance(able, capabilities.Seeded)
