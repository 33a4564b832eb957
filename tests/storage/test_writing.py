"""Files are written whole or not at all, and whatever the system refuses has a message."""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
from pathlib import Path

import pytest

from siamfc_eval.errors import InputError
from siamfc_eval.storage.json_text import json_text
from siamfc_eval.storage.reading import read_bounded
from siamfc_eval.storage.writing import append_line, make_folder, replacing, write_atomic


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_a_file_is_replaced_as_a_whole_and_its_folders_are_made(tmp_path: Path) -> None:
    path = tmp_path / "a" / "b.txt"
    write_atomic(path, "old")
    write_atomic(path, "new\n")
    assert path.read_text() == "new\n"
    assert names(path.parent) == ["b.txt"]


@pytest.mark.parametrize("stage", ["write", "fsync", "replace"])
def test_a_full_disk_leaves_the_old_file_and_nothing_else(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, stage: str
) -> None:
    path = tmp_path / "scores.json"
    write_atomic(path, "old")

    def full(*_: object, **__: object) -> None:
        raise OSError(28, "No space left on device")

    target = {"write": "pathlib.Path.open", "fsync": "os.fsync", "replace": "pathlib.Path.replace"}[stage]
    monkeypatch.setattr(target, full)
    with pytest.raises(InputError, match=r"scores\.json: cannot write .*No space left on device.*Choose another"):
        write_atomic(path, "new", remedy="Choose another --output.")
    monkeypatch.undo()
    assert path.read_text() == "old"
    assert names(tmp_path) == ["scores.json"]


def test_any_failure_inside_leaves_the_old_file(tmp_path: Path) -> None:
    path = tmp_path / "video.mp4"
    write_atomic(path, "old")
    with contextlib.suppress(ZeroDivisionError), replacing(path, ending=".mp4") as unfinished:
        assert unfinished.suffix == ".mp4"
        unfinished.write_text("half")
        raise ZeroDivisionError
    assert path.read_text() == "old"
    assert names(tmp_path) == ["video.mp4"]


def test_what_is_in_the_way_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    for write in (
        lambda path: write_atomic(path / "x.txt", "text"),
        lambda path: make_folder(path / "x"),
        lambda path: append_line(path / "x.txt", "line"),
    ):
        with pytest.raises(InputError, match=r"file.x.*: cannot (write this file|make this folder) \("):
            write(tmp_path / "file")


def test_large_files_devices_and_pipes_are_refused_without_being_read(tmp_path: Path) -> None:
    sparse = tmp_path / "groundtruth.txt"
    with sparse.open("wb") as file:
        file.truncate(2**30)
    with pytest.raises(InputError, match=r"groundtruth\.txt: 1,073,741,824 bytes, and ground truth is read up to 100"):
        read_bounded(sparse, 100, "ground truth")
    if hasattr(os, "mkfifo"):
        os.mkfifo(tmp_path / "pipe")
        with pytest.raises(InputError, match="expected ground truth, found a folder, a device or a pipe"):
            read_bounded(tmp_path / "pipe", 100, "ground truth")


def test_json_has_null_where_a_number_is_missing() -> None:
    assert json_text({"a": [float("nan"), 1.5], "b": {"c": float("inf")}}).split() == [
        *("{", '"a":', "[", "null,", "1.5", "],", '"b":', "{", '"c":', "null", "}", "}")
    ]


@pytest.mark.skipif(os.name != "posix", reason="whether a process is there is asked of a POSIX system")
def test_what_killed_processes_left_half_written_goes_when_the_folder_is_next_written_to(tmp_path: Path) -> None:
    ended = subprocess.Popen([sys.executable, "-c", ""])
    ended.wait()
    old, running, new, foreign = (
        tmp_path / f".a.csv.{ended.pid}-01234567.tmp",
        tmp_path / f".b.csv.{os.getppid()}-01234567.tmp",
        tmp_path / f".c.csv.{ended.pid}-89abcdef.tmp",
        tmp_path / ".mine.tmp",
    )
    for path in (old, running, new, foreign):
        path.write_text("half")
        os.utime(path, (1e9, 1e9))
    os.utime(new)
    write_atomic(tmp_path / "a.csv", "whole")
    assert names(tmp_path) == sorted([running.name, new.name, foreign.name, "a.csv"])
