"""pytracking: `pytracking/analysis/extract_results.py`, and the means that its `plot_results.py` takes of it.

Its sequences come from data set classes that want the images, so it is given objects with the same attributes, and a
module of settings that names a temporary folder. The tracker "exact" is left out: the thresholds come from
`torch.arange`, the last bit of which depends on the processor's vector unit.
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path
from types import ModuleType, SimpleNamespace

import numpy as np
from reading import Found, annotations, attempt, main, summary, trackers

DATASETS = {"otb": "otb", "uav": "uav", "lasot": "lasot"}
"""What a sequence of each benchmark says that its data set is; pytracking has rules that depend on it."""


def _settings(folder: str) -> None:
    """Put a module of settings in the place of pytracking's own, which every user writes for himself."""
    for name in ("pytracking.evaluation", "pytracking.evaluation.environment"):
        sys.modules[name] = ModuleType(name)
    sys.modules["pytracking.evaluation.environment"].env_settings = lambda: SimpleNamespace(result_plot_path=folder)


def score(material: Path, checkout: Path) -> Found:
    """Its scores, over all frames and over those with valid ground truth."""
    sys.path.insert(0, str(checkout))
    with tempfile.TemporaryDirectory() as folder:
        _settings(folder)
        import torch
        from pytracking.analysis.extract_results import extract_results

        def of_tracker(place: str, tracker: str, exclude: bool) -> Found:
            sequences = [
                SimpleNamespace(
                    name=name,
                    ground_truth_rect=np.array(entry["gt_rect"]),
                    dataset=DATASETS[place],
                    target_visible=np.array(entry["absent"]) if "absent" in entry else None,
                )
                for name, entry in annotations(material, place).items()
            ]
            entrant = SimpleNamespace(
                name=tracker,
                parameter_name="",
                run_id=None,
                display_name=tracker,
                results_dir=str(material / place / "results" / tracker),
            )
            found = extract_results([entrant], sequences, "report", exclude_invalid_frames=exclude)
            success, precision, norm = (
                torch.tensor(found[f"ave_success_rate_plot_{kind}"])[:, 0]
                for kind in ("overlap", "center", "center_norm")
            )

            def scores(success: torch.Tensor, precision: torch.Tensor, norm: torch.Tensor) -> dict[str, float]:
                return {
                    "success_auc": float(success.mean(-1)),
                    "success_rate_50": float(success[10]),
                    "success_rate_75": float(success[15]),
                    "precision_20": float(precision[20]),
                    "norm_precision_20": float(norm[20]),
                }

            each = {one.name: scores(success[i], precision[i], norm[i]) for i, one in enumerate(sequences)}
            return summary(each, scores(success.mean(0), precision.mean(0), norm.mean(0)))

        def of_all(place: str, exclude: bool) -> Found:
            names = trackers(material, place, without="exact")
            return {name: attempt(lambda name=name: of_tracker(place, name, exclude)) for name in names}

        return {
            place: {"pytracking": of_all(place, False), "pytracking-valid": of_all(place, True)} for place in DATASETS
        }


if __name__ == "__main__":
    main(score)
