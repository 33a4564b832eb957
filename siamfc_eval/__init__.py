"""Evaluate Siamese single-object trackers on VOT, OTB and their kin.

    >>> import siamfc_eval as se
    >>> boxes = [[10, 10, 20, 20], [12, 10, 20, 20], [40, 40, 20, 20]]
    >>> truth = [[10, 10, 20, 20], [11, 10, 20, 20], [12, 10, 20, 20]]
    >>> round(se.success_auc(boxes, truth, convention="otb-matlab"), 3)
    0.619

Importing this package costs nothing: numpy, torch, OpenCV and matplotlib load when a part that needs them is used.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from siamfc_eval.version import __version__

if TYPE_CHECKING:
    from siamfc_eval.api.arrays import (
        eao,
        normalised_precision,
        one_pass_scores,
        precision,
        success_auc,
        supervised_scores,
    )
    from siamfc_eval.api.comparison import compare
    from siamfc_eval.api.explanation import explain
    from siamfc_eval.api.own import check_dataset, check_tracker, convert_dataset, write_tracker
    from siamfc_eval.api.published import publish
    from siamfc_eval.api.report import report
    from siamfc_eval.api.results import load_dataset, load_results
    from siamfc_eval.api.running import load_tracker, run
    from siamfc_eval.api.scores import score
    from siamfc_eval.api.view import view

_WHERE = {
    "check_dataset": "own",
    "check_tracker": "own",
    "compare": "comparison",
    "convert_dataset": "own",
    "eao": "arrays",
    "explain": "explanation",
    "load_dataset": "results",
    "load_results": "results",
    "load_tracker": "running",
    "normalised_precision": "arrays",
    "one_pass_scores": "arrays",
    "precision": "arrays",
    "publish": "published",
    "report": "report",
    "run": "running",
    "score": "scores",
    "success_auc": "arrays",
    "supervised_scores": "arrays",
    "view": "view",
    "write_tracker": "own",
}
"""Name -> module of `siamfc_eval.api` that has it."""

__all__ = [
    "__version__",
    "check_dataset",
    "check_tracker",
    "compare",
    "convert_dataset",
    "eao",
    "explain",
    "load_dataset",
    "load_results",
    "load_tracker",
    "normalised_precision",
    "one_pass_scores",
    "precision",
    "publish",
    "report",
    "run",
    "score",
    "success_auc",
    "supervised_scores",
    "view",
    "write_tracker",
]


def __getattr__(name: str) -> Any:
    """A public function, from the module that is imported for it now (PEP 562)."""
    if name not in _WHERE:
        raise AttributeError(f"module 'siamfc_eval' has no attribute '{name}'")
    import importlib

    found = getattr(importlib.import_module(f"siamfc_eval.api.{_WHERE[name]}"), name)
    globals()[name] = found
    return found


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
