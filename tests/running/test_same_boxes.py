"""On a CPU a run leaves the same bytes however it is made; under every set of instructions that this processor has.

Each set is tried in a process of its own, so that what holds here holds on other processors too.
"""

from __future__ import annotations

import json
import os
import platform
import subprocess
import sys
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

from siamfc_eval.tracking.families.siamese.crops import crop_rounded, crop_square, mean_colour
from siamfc_eval.tracking.families.siamfc.responses import upsample, upsampling_matrices

pytest.importorskip("torch")

SCRIPT = Path(__file__).with_name("ways_to_run.py")
INSTRUCTIONS = {
    "SSE4.1": {"ONEDNN_MAX_CPU_ISA": "SSE41", "ATEN_CPU_CAPABILITY": "default"},
    "AVX2": {"ONEDNN_MAX_CPU_ISA": "AVX2", "ATEN_CPU_CAPABILITY": "avx2"},
    "AVX-512": {"ONEDNN_MAX_CPU_ISA": "AVX512_CORE", "ATEN_CPU_CAPABILITY": "avx512"},
}
NARROW = ("siamfc-slim", "siamfc-res22-slim", "siamrpn-slim")
OTHERS = ("siamfc-next22-slim", "siamfc-vgg-slim")
WIDE = ("siamfc-res22",)


def _ways(trackers: tuple[str, ...], **environment: str) -> dict[str, Any]:
    """Tracker -> way to run it -> hash of what that leaves."""
    answer = subprocess.run(
        [sys.executable, str(SCRIPT), *trackers],
        env=os.environ | environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert answer.returncode == 0, answer.stderr
    found: dict[str, Any] = json.loads(answer.stdout)
    return found


def _assert_one_answer(found: dict[str, str]) -> None:
    hashes = {way: value for way, value in found.items() if value != "the same"}
    assert len(hashes) > 1
    assert len(set(hashes.values())) == 1, hashes


def _needs(instructions: str) -> None:
    """Skip where the processor cannot do what a set of instructions asks for."""
    import llvmlite.binding as llvm

    if platform.machine().lower() not in {"x86_64", "amd64"}:
        pytest.skip("these sets of instructions are those of x86-64 processors")
    flag = {"SSE4.1": "sse4.1", "AVX2": "avx2", "AVX-512": "avx512dq"}[instructions]
    if not llvm.get_host_cpu_features().get(flag):
        pytest.skip(f"this processor has no {instructions}")


@pytest.mark.parametrize("instructions", INSTRUCTIONS)
def test_files_of_a_run_are_the_same_bytes_however_it_is_made(instructions: str) -> None:
    _needs(instructions)
    chosen = INSTRUCTIONS[instructions]
    found = _ways(NARROW + (WIDE if instructions == "AVX2" else ()), OMP_NUM_THREADS="4", **chosen)
    assert found.pop("instructions").lower() == chosen["ATEN_CPU_CAPABILITY"]
    for tracker in found:
        _assert_one_answer(found[tracker])


def test_the_number_of_threads_that_a_user_sets_decides_nothing() -> None:
    few = _ways(OTHERS, OMP_NUM_THREADS="1", OPENBLAS_NUM_THREADS="1", MKL_NUM_THREADS="3")
    many = _ways(OTHERS, OMP_NUM_THREADS="5", OPENBLAS_NUM_THREADS="4", MKL_DOMAIN_NUM_THREADS="MKL_BLAS=2")
    assert few == many
    for tracker in OTHERS:
        _assert_one_answer(few[tracker])


@pytest.mark.parametrize("engine", ["onnxruntime", "openvino"])
def test_files_of_a_run_are_the_same_bytes_however_it_is_made_with_each_engine(engine: str) -> None:
    pytest.importorskip(engine)
    tracker = f"siamfc-slim@{engine}"
    found = _ways((tracker,), OMP_NUM_THREADS="3")
    _assert_one_answer(found[tracker])


def test_a_response_map_is_enlarged_by_sums_in_one_order_whatever_the_processor() -> None:
    responses = np.random.default_rng(0).normal(size=(3, 17, 17)).astype(np.float32)
    matrix, _ = upsampling_matrices(17, 272, "spline")
    for response, enlarged in zip(responses, upsample(responses, 272), strict=True):
        lines = np.zeros((272, 17), np.float32)
        for step in range(17):
            lines += matrix[:, step, None] * response[step]
        expected = np.zeros((272, 272), np.float32)
        for step in range(17):
            expected += lines[:, step, None] * matrix[:, step]
        np.testing.assert_array_equal(enlarged, expected)


def test_crops_are_the_same_bytes_for_any_number_of_threads_of_opencv() -> None:
    rng = np.random.default_rng(0)
    before = cv2.getNumThreads()
    try:
        for _ in range(20):
            height, width = rng.integers(30, 700, 2)
            image = rng.integers(0, 256, (height, width, 3), dtype=np.uint8)
            centre, side, size = rng.uniform(-20, 700, 2), float(rng.uniform(5, 700)), int(rng.choice([127, 255, 287]))
            found = set()
            for threads in (1, 2, 5, 16):
                cv2.setNumThreads(threads)
                fill = mean_colour(image)
                crops = [crop(image, centre, side, size, fill) for crop in (crop_square, crop_rounded)]
                found.add(b"".join(crop.tobytes() for crop in crops) + fill.tobytes())
            assert len(found) == 1
    finally:
        cv2.setNumThreads(before)
