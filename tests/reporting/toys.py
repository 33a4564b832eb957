"""Made-up scores of a few trackers, with everything that a report can show."""

from __future__ import annotations

import numpy as np

from siamfc_eval.metrics.scores import CurveAxis, Metric, Scores, TrackerScores

THRESHOLDS = np.linspace(0, 1, 21)


class CurveMeasure:
    """Row = (success curve of 21 points, 1)."""

    metrics: tuple[Metric, ...] = (
        Metric("success_auc", "Success AUC", "higher"),
        Metric("lost_number", "Lost", "lower", high=np.inf, digits=1),
    )
    curves = (CurveAxis("success", "Success", THRESHOLDS, "Overlap threshold", "Success rate", "success_auc"),)

    def finish(self, statistics: np.ndarray) -> dict[str, np.ndarray]:
        auc = statistics[..., :21].mean(axis=-1) / statistics[..., 21]
        return {"success_auc": auc, "lost_number": 10 * (1 - auc)}

    def finish_curves(self, statistics: np.ndarray) -> dict[str, np.ndarray]:
        return {"success": statistics[..., :21] / statistics[..., 21:]}


def toy_scores(names: tuple[str, ...], **changes: object) -> Scores:
    measure = CurveMeasure()
    generator = np.random.default_rng(1)
    sequences = tuple(f"seq{i}" for i in range(12))
    base = generator.uniform(2, 6, size=12)
    trackers = {}
    for i, name in enumerate(names):
        rows = np.stack([np.append(1 / (1 + np.exp((THRESHOLDS - 0.75 + 0.12 * i) * b * 2)), 1.0) for b in base])
        scored = [{key: float(value) for key, value in measure.finish(row).items()} for row in rows]
        total = rows.sum(axis=0)
        trackers[name] = TrackerScores(
            name=name,
            values={key: float(value) for key, value in measure.finish(total).items()},
            sequences=dict(zip(sequences, scored, strict=True)),
            curves=measure.finish_curves(total),
            attributes={"IV": scored[0], "OCC": scored[1]},
            statistics=rows,
            speed={"fps_total": 90.0 / (i + 1)},
            notes=("line 1 is the ground truth + 0.5 px",) if i == 0 else (),
        )
    settings: dict[str, object] = {
        "dataset": "toy",
        "convention": "otb-matlab",
        "signature": "toy|conv:otb-matlab|thr:21",
        "measure": measure,
        "sequences": sequences,
        "trackers": trackers,
        "attribute_source": "synthetic",
        "attribute_counts": {"IV": 4, "OCC": 5},
    }
    return Scores(**(settings | changes))  # type: ignore[arg-type]
