"""What was kept is read as it was written, or not at all."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from siamfc_eval.storage import cache


@pytest.fixture
def kept(tmp_path: Path) -> Path:
    path = tmp_path / "kept" / "name"
    head = {"words": ["é", "\udc80".encode("utf-8", "replace").decode()], "number": 1.5, "none": None}
    assert cache.store(path, head, [np.arange(6.0).reshape(2, 3), np.array([np.nan, np.inf]), np.zeros((0, 4))])
    return path


def test_a_record_is_read_as_it_was_written(kept: Path) -> None:
    record = cache.load(kept)
    assert record is not None
    assert record.head == {"words": ["é", "?"], "number": 1.5, "none": None}
    np.testing.assert_array_equal(record.tables[0], [[0, 1, 2], [3, 4, 5]])
    np.testing.assert_array_equal(record.tables[1], [np.nan, np.inf])
    assert record.tables[2].shape == (0, 4)


def test_no_bit_can_change_unnoticed(kept: Path) -> None:
    content = kept.read_bytes()
    for at in range(len(content)):
        for bit in (1, 128):
            damaged = bytearray(content)
            damaged[at] ^= bit
            kept.write_bytes(bytes(damaged))
            assert cache.load(kept) is None, at
    for damaged_content in (b"", content[:-1], content + b"\0", content[:40], content[:32]):
        kept.write_bytes(damaged_content)
        assert cache.load(kept) is None


def test_a_record_under_another_name_is_not_read(kept: Path) -> None:
    kept.rename(kept.with_name("other"))
    assert cache.load(kept.with_name("other")) is None


@pytest.mark.parametrize("head", [float("nan"), [2**70], {"a": (1, float("inf"))}, {1: 2}, object()])
def test_what_json_cannot_say_exactly_is_not_kept(tmp_path: Path, head: object) -> None:
    assert not cache.store(tmp_path / "name", head)
    assert not (tmp_path / "name").exists()
