"""Machine code is made once, runs without numba afterwards, and is never run where it is damaged or of other code."""

from __future__ import annotations

import ast
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from siamfc_eval.compiled import Kernel, _source
from siamfc_eval.geometry import boxes, raster
from siamfc_eval.metrics import curves
from siamfc_eval.results.formats import lines

LINES = """
import sys
from siamfc_eval.results.formats.lines import parse_lines
print(parse_lines(b"1,2,3,4\\n2\\n0.1234567890123456789,nan,7,8").boxes.tolist())
"""
OVERLAP = """
import numpy as np
from siamfc_eval.geometry.raster import overlap
polygon = np.array([2.0, 2, 9, 3, 8, 9, 3, 7, 5, 5])
print(overlap(np.array([1.0, 1, 5, 5]), polygon, (19, 19), "vot-toolkit"))
"""


def run(folder: Path, program: str) -> list[str]:
    """What a program prints, and at last whether it imported numba."""
    environment = {**os.environ, "NUMBA_CACHE_DIR": str(folder)}
    command = [sys.executable, "-c", program + "print('numba' in sys.modules)"]
    return subprocess.run(command, env=environment, capture_output=True, text=True, check=True).stdout.splitlines()


def test_a_second_process_runs_what_the_first_compiled_without_numba(tmp_path: Path) -> None:
    first, second = run(tmp_path, LINES + OVERLAP), run(tmp_path, LINES + OVERLAP)
    assert first[-1] == "True"
    assert second == [*first[:-1], "False"]


def test_damaged_machine_code_is_not_run_but_made_again(tmp_path: Path) -> None:
    first = run(tmp_path, LINES)
    (file,) = tmp_path.iterdir()
    file.write_bytes(file.read_bytes()[:-7])
    assert run(tmp_path, LINES) == first
    assert run(tmp_path, LINES) == [*first[:-1], "False"]


def test_a_folder_that_cannot_be_used_costs_time_and_nothing_else(tmp_path: Path) -> None:
    blocked = tmp_path / "file"
    blocked.write_text("")
    assert run(blocked, LINES)[-1] == "True"


def test_another_llvmlite_costs_time_and_nothing_else(tmp_path: Path) -> None:
    changed = """
import siamfc_eval.compiled
def missing(*_):
    raise AttributeError("module 'llvmlite.binding' has no attribute 'create_mcjit_compiler'")
siamfc_eval.compiled._link = missing
"""
    expected = run(tmp_path, LINES + OVERLAP)
    assert run(tmp_path, changed + LINES + OVERLAP) == expected


def test_the_file_is_named_after_the_code_that_it_is_of(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    source = tmp_path / "kernel.py"
    monkeypatch.setattr("siamfc_eval.compiled._source", lambda module: source)
    names = []
    for text in ("return 1", "return 2"):
        source.write_text(text)
        names.append(Kernel("some.kernel", "function", int)._file_name)
    assert names[0] != names[1]


@pytest.mark.parametrize("kernel", [raster._ious, lines._parse_lines, boxes._compare, curves._rank_histogram])
def test_the_name_covers_all_code_that_is_compiled_in(kernel: Kernel) -> None:
    named = {kernel._module, *kernel._uses, "siamfc_eval.compiling"}
    for module in named:
        tree = ast.parse(_source(module).read_text())
        imported = {node.module or "" for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)}
        assert {name for name in imported if name.startswith("siamfc_eval")} <= named


def test_arrays_of_another_kind_are_refused() -> None:
    letters = np.zeros(8, dtype=np.uint8)
    rows, codes, hard = np.zeros((2, 4)), np.zeros(2, dtype=np.int8), np.zeros((8, 3), dtype=np.int64)
    for wrong in (rows.astype(np.float32), rows[:, ::2]):
        with pytest.raises(TypeError, match=r"parse_lines: expected a contiguous array of .*float64"):
            lines._parse_lines(letters, 7, wrong, codes, 2, hard, np.zeros(1, dtype=np.int64))


def test_the_rasteriser_takes_arrays_of_any_layout() -> None:
    values = np.arange(1.0, 33.0).reshape(4, 8)[:, ::2]
    strided = raster.PackedRegions(values.reshape(-1)[::1], np.arange(0, 17, 4)[::1])
    backwards = raster.PackedRegions(values[::-1, ::-1].reshape(-1)[::-1], np.arange(0, 17, 4, dtype=np.int32))
    found = raster.packed_overlaps(strided, backwards, None, "vot-toolkit")
    np.testing.assert_array_equal(found, [[1.0, 1.0, 1.0, 1.0]])
