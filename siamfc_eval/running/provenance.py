"""How a run came about: what decides its results, and what else is good to know."""

from __future__ import annotations

import hashlib
import importlib.metadata
import json
import os
import platform
import subprocess
import sys
from pathlib import Path
from typing import Any

from siamfc_eval.datasets.sequence import Dataset
from siamfc_eval.running.protocol_specs import ProtocolSettings
from siamfc_eval.tracking.capabilities import facts_of
from siamfc_eval.tracking.tracker import Tracker
from siamfc_eval.version import __version__

_PACKAGES = ("numpy", "opencv-python-headless", "opencv-contrib-python-headless", "opencv-python", "torch")
_SHOWN = 60
"""Longest value that an identity shows; longer ones are hashed."""


def identity(tracker: Tracker, dataset: Dataset, protocol: ProtocolSettings) -> dict[str, str]:
    """All that decides the results of a run, under names that say what differs when two runs do.

    The number of repetitions is not part of it: more of them are added to those that are there.
    """
    facts = facts_of(tracker)
    found = {f"tracker.{key}": _short(value) for key, value in facts.items() if key not in {"hash", "name"}}
    for key, value in protocol.model_dump(mode="json", exclude={"folder", "repetitions"}).items():
        found[f"protocol.{key}"] = _short(value)
    found["ground_truth"] = dataset.ground_truth_hash
    return found


def _short(value: Any) -> str:
    text = value if isinstance(value, str) else json.dumps(value, sort_keys=True, default=str)
    return text if len(text) <= _SHOWN else hashlib.sha256(text.encode()).hexdigest()[:16]


def versions() -> dict[str, str]:
    """Package -> version, with Python and this package; those that are not installed are left out."""
    found = {"siamfc-eval": __version__, "python": platform.python_version()}
    for package in _PACKAGES:
        try:
            found[package] = importlib.metadata.version(package)
        except importlib.metadata.PackageNotFoundError:
            continue
    return found


def hardware(device: str = "") -> dict[str, str]:
    """Processor, cores, and the graphics card where the tracker runs on one."""
    found = {"cpu": _processor(), "cores": str(os.cpu_count()), "system": platform.platform(terse=True)}
    if device.startswith("cuda") and "torch" in sys.modules:
        found["gpu"] = str(sys.modules["torch"].cuda.get_device_name(device))
    return found


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        return platform.processor() or platform.machine()
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.machine()


def commit() -> str:
    """Commit of the source checkout, with "+" where tracked files had changes; "" for an installed package."""
    root = Path(__file__).resolve().parents[2]
    if not (root / ".git").exists():
        return ""
    head, changes = _git(root, "rev-parse", "HEAD"), _git(root, "status", "--porcelain", "--untracked-files=no")
    return head[:12] + ("+" if changes else "")


def _git(root: Path, *arguments: str) -> str:
    try:
        answer = subprocess.run(
            ["git", "-C", str(root), *arguments], capture_output=True, text=True, timeout=10, check=False
        )
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return answer.stdout.strip() if answer.returncode == 0 else ""
