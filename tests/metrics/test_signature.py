"""The line of text that pins what a score means."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from siamfc_eval.errors import InputError
from siamfc_eval.metrics.signature import Signature, parse_signature, require_same


def test_a_signature_is_parsed_back() -> None:
    text = "otb2015/success_auc|conv:otb-matlab|thr:21|cmp:gt|gt:0123456789ab|v:0.1.0"
    parsed = parse_signature(text)
    assert str(parsed) == text
    assert (parsed.dataset, parsed.metric, parsed.convention) == ("otb2015", "success_auc", "otb-matlab")
    assert parsed.pins == {"thr": "21", "cmp": "gt"}


@pytest.mark.parametrize(
    "text", ["", "otb2015", "otb2015|conv:a|gt:b", "otb2015|conv:a|gt:b|v:1|thr", "|conv:a|gt:b|v:1", "a|v:1|v:1"]
)
def test_what_is_no_signature_is_refused_with_an_example(text: str) -> None:
    with pytest.raises(InputError, match="otb2015/success_auc"):
        parse_signature(text)


def test_a_signature_that_differs_says_where() -> None:
    one = Signature("otb2015", "otb-matlab", "a" * 12, pins={"thr": "21"}, version="0.1.0")
    require_same(replace(one, metric="success_auc"), one)
    with pytest.raises(InputError, match=r"gt: expected bbb.*v: expected 0\.2\.0.*siamfc-eval==0\.2\.0") as caught:
        require_same(replace(one, ground_truth="b" * 12, version="0.2.0"), one)
    assert "thr: expected" not in str(caught.value)


def test_the_hash_of_ground_truth_sees_every_box_and_no_order(bench: Any) -> None:
    dataset = bench.dataset()
    reversed_order = replace(dataset, sequences=dataset.sequences[::-1])
    assert reversed_order.ground_truth_hash == dataset.ground_truth_hash
    moved = dataset.sequences[1].boxes.copy()
    moved[-1, -1] += 1e-9
    changed = replace(dataset, sequences=(dataset.sequences[0], replace(dataset.sequences[1], boxes=moved)))
    assert changed.ground_truth_hash != dataset.ground_truth_hash
