"""A small OTB with its published statistics."""

from __future__ import annotations

from tests.metrics.conftest import Bench, bench, unpack

__all__ = ["Bench", "bench", "unpack"]
