"""Weights of siamfc-eval's wide networks: files, which it finds through the entry point `siamfc_eval.weights`."""

from pathlib import Path

_HERE = Path(__file__).resolve().parent

FOLDER = _HERE if any(_HERE.glob("*.safetensors")) else _HERE.parents[1] / "trackers"
"""The folder with the weights: this package's own, or the repository's where the package is used from there."""
