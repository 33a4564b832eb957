"""Machine code is made once, and never run where it is damaged, of other code, or where others could have put it."""

from __future__ import annotations

import ast
import ctypes
import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from siamfc_eval.compiled import Kernel, _danger, _source
from siamfc_eval.geometry import raster
from siamfc_eval.tracking.families.siamfc import responses

PROGRAM = """
import sys
import numpy as np
from siamfc_eval.tracking.families.siamfc.responses import _enlarge, upsample
print('numba' in sys.modules)
print(upsample(np.array([[[0, 1], [0.5, 0.25]]], dtype=np.float32), 3, 'opencv').tolist())
print(_enlarge._machine_code.cache_hits)
"""
"""Calls the smallest kernel; says whether numba was there before, what came out, and whether it was compiled before."""
PLANTED = b"cos\nabort\n(tR."
"""A pickle that ends the process that loads it."""


@pytest.fixture(scope="module")
def first(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, list[str]]:
    """A folder with what one process compiled, and what that process printed."""
    folder = tmp_path_factory.mktemp("compiled")
    return folder, run(folder)[0]


@pytest.fixture
def folder(first: tuple[Path, list[str]], tmp_path: Path) -> Path:
    """A copy of it."""
    return Path(shutil.copytree(first[0], tmp_path / "copy"))


def run(folder: Path, program: str = PROGRAM) -> tuple[list[str], str]:
    """What a program prints, and what it says on standard error."""
    environment = {**os.environ, "NUMBA_CACHE_DIR": str(folder)}
    command = [sys.executable, "-c", program]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
    return done.stdout.splitlines(), done.stderr


def kept_files(folder: Path) -> list[Path]:
    return sorted(path for path in folder.rglob("*") if path.suffix in {".nbi", ".nbc"})


def test_a_second_process_loads_what_the_first_compiled_and_numba_only_for_a_kernel(
    first: tuple[Path, list[str]], folder: Path
) -> None:
    printed = first[1]
    assert (printed[0], printed[2]) == ("False", "0")
    assert run(folder)[0] == ["False", printed[1], "1"]


def test_damaged_machine_code_is_not_run_but_made_again(first: tuple[Path, list[str]], folder: Path) -> None:
    (code,) = folder.rglob("*.nbc")
    content = bytearray(code.read_bytes())
    content[len(content) // 2] ^= 4
    code.write_bytes(bytes(content))
    assert run(folder)[0] == first[1]
    assert run(folder)[0] == [*first[1][:2], "1"]


def test_planted_pickles_are_removed_unread(first: tuple[Path, list[str]], folder: Path) -> None:
    for file in kept_files(folder):
        file.write_bytes(PLANTED)
    assert run(folder)[0] == first[1]


@pytest.mark.skipif(os.name != "posix", reason="modes of folders are a matter of POSIX")
def test_a_folder_in_which_others_may_write_is_refused_with_a_reason(
    first: tuple[Path, list[str]], folder: Path
) -> None:
    for file in kept_files(folder):
        file.write_bytes(PLANTED)
    (folder / "siamfc-eval").chmod(0o777)
    found, said = run(folder)
    assert found == first[1]
    assert "its mode is 0777 instead of 0700" in said
    assert "Remove this folder" in said
    assert all(file.read_bytes() == PLANTED for file in kept_files(folder))


@pytest.mark.skipif(os.name != "posix", reason="modes of folders are a matter of POSIX")
def test_links_and_folders_that_everybody_may_replace_are_refused(tmp_path: Path) -> None:
    folder = tmp_path / "open" / "ours"
    folder.mkdir(parents=True)
    for mode in (0o755, 0o770, 0o720):
        folder.chmod(mode)
        assert _danger(folder) == f"its mode is {mode:04o} instead of 0700"
    folder.chmod(0o700)
    assert _danger(folder) == ""
    (tmp_path / "link").symlink_to(folder)
    assert _danger(tmp_path / "link") == "it is a link or a file"
    (tmp_path / "open").chmod(0o777)
    assert _danger(folder).startswith("everybody may replace what is in")
    (tmp_path / "open").chmod(0o1777)
    assert _danger(folder) == ""


@pytest.mark.skipif(os.name != "posix", reason="owners of folders are a matter of POSIX")
def test_a_folder_of_somebody_else_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    tmp_path.chmod(0o700)
    monkeypatch.setattr("os.geteuid", lambda: tmp_path.stat().st_uid + 1)
    assert _danger(tmp_path) == "it belongs to somebody else"


def test_a_folder_that_cannot_be_used_costs_time_and_nothing_else(tmp_path: Path) -> None:
    blocked = tmp_path / "file"
    blocked.write_text("")
    assert run(blocked)[0][2] == "0"


def test_functions_of_the_user_are_kept_where_the_user_wants_them(folder: Path) -> None:
    program = PROGRAM + "from numba import config; print(config.CACHE_DIR, repr(config.CACHE_LOCATOR_CLASSES))"
    assert run(folder, program)[0][-1] == f"{folder} ''"


def test_the_folder_is_named_after_the_code_that_it_is_of(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    source = tmp_path / "kernel.py"
    monkeypatch.setattr("siamfc_eval.compiled._source", lambda module: source)
    names = []
    for text in ("return 1", "return 2"):
        source.write_text(text)
        names.append(Kernel("some.kernel", "function", int)._folder_name)
    assert names[0] != names[1]


@pytest.mark.parametrize("kernel", [raster._ious, responses._enlarge])
def test_the_name_covers_all_code_that_is_compiled_in(kernel: Kernel) -> None:
    named = {kernel._module, *kernel._uses, "siamfc_eval.compiled"}
    for module in named - {"siamfc_eval.compiled"}:
        tree = ast.parse(_source(module).read_text())
        imported = {node.module or "" for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)}
        assert {name for name in imported if name.startswith("siamfc_eval")} <= named


def test_arrays_of_another_kind_are_refused() -> None:
    values, line, enlarged = np.zeros((1, 2, 2), np.float32), np.empty(2, np.float32), np.zeros((1, 4, 4), np.float32)
    for wrong in (np.zeros((4, 2)), np.zeros((4, 4), np.float32)[:, ::2]):
        with pytest.raises(TypeError, match=r"enlarge: expected a contiguous array of .*float32"):
            responses._enlarge(values, 1, 2, wrong, values, 4, line, enlarged)


def test_the_rasteriser_takes_arrays_of_any_layout() -> None:
    values = np.arange(1.0, 33.0).reshape(4, 8)[:, ::2]
    strided = raster.PackedRegions(values.reshape(-1)[::1], np.arange(0, 17, 4)[::1])
    backwards = raster.PackedRegions(values[::-1, ::-1].reshape(-1)[::-1], np.arange(0, 17, 4, dtype=np.int32))
    found = raster.packed_overlaps(strided, backwards, None, "vot-toolkit")
    np.testing.assert_array_equal(found, [[1.0, 1.0, 1.0, 1.0]])


def test_an_interrupt_while_a_kernel_is_compiled_is_not_lost(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """LLVM calls numba back through ctypes, where an exception is printed and forgotten."""
    monkeypatch.setenv("NUMBA_CACHE_DIR", str(tmp_path))
    finished = []

    def compiles(kernel: Kernel, cache: bool) -> int:
        ctypes.CFUNCTYPE(None)(lambda: signal.raise_signal(signal.SIGINT))()
        finished.append(cache)
        return 1

    monkeypatch.setattr(Kernel, "_from_numba", compiles)
    before = signal.getsignal(signal.SIGINT)
    with pytest.raises(KeyboardInterrupt):
        _ = Kernel("siamfc_eval.geometry.scanlines", "anything")._machine_code
    assert finished == [True]
    assert signal.getsignal(signal.SIGINT) is before
