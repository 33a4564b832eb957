"""`siamfc-eval doctor`: what is installed, which device is used, what is missing."""

from __future__ import annotations

import importlib.metadata
import os
import platform
from typing import Any

import click

from siamfc_eval.catalogue import catalogue_folder, catalogue_names
from siamfc_eval.cli import options
from siamfc_eval.cli.printing import echo
from siamfc_eval.models.weight_packages import INSTALL, PACKAGE, installed_packages
from siamfc_eval.storage.json_text import json_text
from siamfc_eval.version import __version__

# Distribution -> (extra that installs it, what it is for); an empty extra is part of every installation.
_PACKAGES: dict[str, tuple[str, str]] = {
    "numpy": ("", "arrays"),
    "scipy": ("", "statistics, MATLAB files"),
    "numba": ("", "rasterised overlap"),
    "pandas": ("", "tables"),
    "matplotlib": ("", "plots"),
    "opencv-python-headless": ("", "images, baseline trackers"),
    "torch": ("torch", "networks"),
    "safetensors": ("torch", "weights"),
    "h5py": ("torch", "weights of MatConvNet and SiamVGG"),
    "got10k": ("got10k", "trackers inside got10k's own experiments"),
    "tensorboard": ("train", "training curves"),
    "optuna": ("tune", "tuning of hyper-parameters"),
    "onnxruntime": ("onnx", "networks in int8, checking exported networks"),
    "openvino": ("openvino", "faster networks on a CPU"),
    "distributed": ("cluster", "runs on many machines"),
}

_FIRST_CHOICE = "siamfc-slim"
_WHY = (
    "of the networks that `backbones` compares none scores higher on real sequences, and the wide ones take seven to "
    "fourteen times as long (README, Backbones)"
)


@click.command(epilog="Example: siamfc-eval doctor --json")
@options.as_json
def command(as_json: bool) -> int:
    """Say what is installed, which device is used and what is missing.

    Exits with 1 if a package that scoring needs is missing; a missing extra is only named.
    """
    findings = examine()
    if as_json:
        echo(json_text(findings))
    else:
        _show(findings)
    broken = [name for name, entry in findings["packages"].items() if not entry["extra"] and entry["version"] is None]
    return 1 if broken else 0


def examine() -> dict[str, Any]:
    """Everything that the verb reports, as plain data."""
    packages = {
        name: {"version": _version(name), "extra": extra, "for": purpose}
        for name, (extra, purpose) in _PACKAGES.items()
    }
    return {
        "siamfc_eval": __version__,
        "python": platform.python_version(),
        "system": platform.platform(),
        "cores": os.cpu_count(),
        "device": _device(packages["torch"]["version"]),
        "packages": packages,
        "trackers": {name: _weights_of(name) for name in catalogue_names("trackers")},
        "first_choice": {"tracker": _FIRST_CHOICE, "why": _WHY},
        "weights": installed_packages(),
        "experiments": catalogue_names("experiments"),
        "known_faults": _known_faults(packages),
        "catalogue": str(catalogue_folder("trackers").parent),
    }


def _version(distribution: str) -> str | None:
    try:
        return importlib.metadata.version(distribution)
    except importlib.metadata.PackageNotFoundError:
        return None


def _device(torch_version: str | None) -> str:
    if torch_version is None:
        return "none: torch is not installed, so networks cannot run; scoring and reports work"
    import torch

    if torch.cuda.is_available():
        return f"cuda: {torch.cuda.get_device_name(0)}"
    return f"cpu: {torch.get_num_threads()} threads"


def _weights_of(tracker: str) -> str:
    """What a tracker needs: "none needed", "present", or what it lacks, as `list trackers` says it."""
    from siamfc_eval.tracking.catalogue import read_catalogue
    from siamfc_eval.tracking.family import FAMILIES

    described = read_catalogue(tracker)
    lacking = FAMILIES[described.definition.family].lacks(described)
    return lacking or ("present" if getattr(described.definition, "weights", None) else "none needed")


def _known_faults(packages: dict[str, dict[str, Any]]) -> list[str]:
    """Faults of other packages, as they are installed here, that a user of this one would meet."""
    got10k, numpy = packages["got10k"]["version"], packages["numpy"]["version"]
    if got10k == "0.1.3" and numpy is not None and int(numpy.partition(".")[0]) >= 2:
        return [
            f"got10k {got10k} uses np.NaN, which numpy {numpy} no longer has: its ExperimentVOT fails in realtime runs "
            "and in its report. The same from here: siamfc-eval run vot2018 --tracker NAME --data FOLDER, then "
            "siamfc-eval report."
        ]
    return []


def _show(findings: dict[str, Any]) -> None:
    from rich.table import Table

    from siamfc_eval.cli.console import Console

    console = Console()
    console.print(
        f"siamfc_eval {findings['siamfc_eval']} on Python {findings['python']}, {findings['cores']} cores", style="bold"
    )
    console.print(f"device  {findings['device']}")
    table = Table("package", "version", "for", "if missing")
    for name, entry in findings["packages"].items():
        extra = f"[{entry['extra']}]" if entry["extra"] else ""
        hint = "" if entry["version"] else f"pip install '.{extra}'"
        table.add_row(name, entry["version"] or "missing", entry["for"], hint.replace("[", r"\["))
    console.print(table)
    trackers = Table("tracker", "weights")
    for name, state in findings["trackers"].items():
        trackers.add_row(name, state)
    console.print(trackers)
    choice = findings["first_choice"]
    console.print(f"to begin with  {choice['tracker']}: {choice['why']}", highlight=False)
    if findings["weights"]:
        console.print(f"weights  {', '.join(findings['weights'])}")
    if any(PACKAGE in state for state in findings["trackers"].values()):
        console.print(f"weights in {PACKAGE}  {INSTALL}", highlight=False, markup=False)
    console.print(f"experiments  {', '.join(findings['experiments']) or 'none'}")
    for fault in findings["known_faults"]:
        console.print(f"known fault  {fault}", highlight=False, markup=False)
