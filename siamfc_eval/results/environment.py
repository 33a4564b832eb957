"""What a run ran on: package versions, the machine, the commit of the source."""

from __future__ import annotations

import contextlib
import os
import platform
import subprocess
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from siamfc_eval import __version__

_PACKAGES = ("numpy", "scipy", "opencv-python-headless", "opencv-python", "torch", "safetensors", "got10k", "vot-trax")


def package_versions() -> dict[str, str]:
    """Versions of Python, of this package and of what decides its numbers; nothing is imported."""
    versions = {"python": platform.python_version(), "siamfc-eval": __version__}
    for package in _PACKAGES:
        try:
            versions[package] = version(package)
        except PackageNotFoundError:
            continue
    return versions


def machine() -> dict[str, str]:
    """The processor, its cores, the memory and the operating system, as far as the system tells."""
    facts = {
        "cpu": _cpu_name(),
        "cores": str(os.cpu_count() or "unknown"),
        "system": f"{platform.system()} {platform.release()} {platform.machine()}",
    }
    with contextlib.suppress(ValueError, OSError, AttributeError):  # not every system has these names
        facts["memory_gib"] = f"{os.sysconf('SC_PAGE_SIZE') * os.sysconf('SC_PHYS_PAGES') / 2**30:.1f}"
    return facts


def _cpu_name() -> str:
    with contextlib.suppress(OSError):  # only Linux has this file
        for line in Path("/proc/cpuinfo").read_text().splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor() or platform.machine()


def source_commit() -> str:
    """Commit of the source checkout, with "+" where it has changes; "" for an installed package or without git."""
    folder = Path(__file__).resolve().parents[2]
    if not (folder / ".git").exists():
        return ""
    git = ["git", "-C", str(folder)]
    try:
        commit = subprocess.run([*git, "rev-parse", "HEAD"], capture_output=True, text=True, timeout=10, check=True)
        changes = subprocess.run(
            [*git, "status", "--porcelain", "-uno"], capture_output=True, text=True, timeout=10, check=True
        )
    except (OSError, subprocess.SubprocessError):
        return ""
    return commit.stdout.strip()[:12] + ("+" if changes.stdout.strip() else "")
