"""A line of text that pins what a score means, and the way back from it.

    otb2015/success_auc|conv:otb-matlab|thr:21|cmp:gt|gt:9f8e7d6c5b4a|v:0.1.0

After the data set (and the metric, where one number is meant) follow the convention, what it pins, the ground truth and
the version that computed it. The idea is sacrebleu's: Post, "A Call for Clarity in Reporting BLEU Scores", WMT 2018.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from siamfc_eval.errors import InputError
from siamfc_eval.version import __version__


@dataclass(frozen=True)
class Signature:
    """The parts of a signature."""

    dataset: str
    convention: str
    ground_truth: str
    """Hash of the ground truth, 12 hexadecimal digits."""
    metric: str = ""
    """Key of one metric; "" for all scores of a convention."""
    pins: Mapping[str, str] = field(default_factory=dict)
    """What else fixes the numbers: thresholds, policies, the attribute table."""
    version: str = __version__

    def __str__(self) -> str:
        head = f"{self.dataset}/{self.metric}" if self.metric else self.dataset
        pins = {"conv": self.convention, **self.pins, "gt": self.ground_truth, "v": self.version}
        return "|".join([head, *(f"{key}:{value}" for key, value in pins.items())])


def parse_signature(text: str) -> Signature:
    """The parts of a signature.

    Raises:
        InputError: it is not a signature.
    """
    head, *parts = text.strip().split("|")
    pins = {}
    for part in parts:
        key, separator, value = part.partition(":")
        if not separator or not key or not value or key in pins:
            raise InputError(f"{text!r}: expected a signature such as {_EXAMPLE}, found {part!r} in it.")
        pins[key] = value
    lacking = [key for key in ("conv", "gt", "v") if key not in pins]
    if lacking or not head:
        raise InputError(
            f"{text!r}: expected a signature such as {_EXAMPLE}; it lacks {', '.join(lacking) or 'a name'}."
        )
    dataset, _, metric = head.partition("/")
    return Signature(dataset, pins.pop("conv"), pins.pop("gt"), metric=metric, version=pins.pop("v"), pins=pins)


_EXAMPLE = "otb2015/success_auc|conv:otb-matlab|thr:21|cmp:gt|gt:0123456789ab|v:0.1.0"


def require_same(given: Signature, computed: Signature) -> None:
    """Refuse to call two scores the same that are not.

    Raises:
        InputError: naming every part that differs, what was expected and what was found.
    """
    remedies = {
        "gt": "the annotations are not those that the score was made with",
        "from": "another package computed a part of it; install that version of it",
        "v": f"install siamfc-eval=={given.version} to reproduce it",
    }
    expected, found = _parts(given), _parts(computed)
    differing = [key for key in {**expected, **found} if expected.get(key) != found.get(key)]
    if differing:
        lines = [
            f"{key}: expected {expected.get(key, 'nothing')}, found {found.get(key, 'nothing')}"
            + (f" ({remedies[key]})" if key in remedies else "")
            for key in differing
        ]
        raise InputError(
            f"this score cannot be reproduced as {given}: {'; '.join(lines)}. "
            "Without --signature the score is computed as it is today."
        )


def _parts(signature: Signature) -> dict[str, str]:
    return {
        "dataset": signature.dataset,
        "conv": signature.convention,
        **signature.pins,
        "gt": signature.ground_truth,
        "v": signature.version,
    }
