"""Networks exported as ONNX answer in onnxruntime as in torch."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch

from siamfc_eval.errors import InputError
from siamfc_eval.models.onnx_export import export_onnx
from siamfc_eval.models.registry import build_model

pytest.importorskip("onnx")
onnxruntime = pytest.importorskip("onnxruntime")

NARROW: dict[str, Any] = {"channels": (8, 8, 8, 8, 8)}


@pytest.mark.parametrize("part", ["pair", "template", "detect"])
@pytest.mark.parametrize(("name", "searches"), [("SiamFC", 3), ("SiamRPN", 1)])
def test_every_part_of_a_network_agrees_with_torch(tmp_path: Path, name: str, searches: int, part: str) -> None:
    torch.manual_seed(0)
    done = export_onnx(build_model(name, **NARROW), tmp_path / "a.onnx", part=part, searches=searches, search_size=159)
    assert done.difference < 1e-4
    if part != "template":
        assert done.inputs["search"] == (searches, 3, 159, 159)
        assert set(done.outputs) == ({"response"} if name == "SiamFC" else {"cls", "loc"})


def test_template_and_detector_together_are_the_whole(tmp_path: Path) -> None:
    torch.manual_seed(0)
    model: Any = build_model("SiamFC", **NARROW).eval()
    for part in ("template", "detect"):
        export_onnx(model, tmp_path / f"{part}.onnx", part=part, search_size=159)
    exemplar, search = torch.rand(1, 3, 127, 127) * 255, torch.rand(1, 3, 159, 159) * 255
    template = onnxruntime.InferenceSession(tmp_path / "template.onnx").run(None, {"exemplar": exemplar.numpy()})
    found = onnxruntime.InferenceSession(tmp_path / "detect.onnx").run(
        None, {"search": search.numpy(), "template": template[0]}
    )
    with torch.inference_mode():
        right = model(exemplar, search)
    assert float((torch.from_numpy(found[0]) - right).abs().max() / right.abs().max()) < 1e-4


@pytest.mark.parametrize(("path", "part"), [("a.pt", "pair"), ("a.onnx", "half")])
def test_other_suffixes_and_parts_are_refused(tmp_path: Path, path: str, part: str) -> None:
    with pytest.raises(InputError, match=r"\.onnx|expected pair"):
        export_onnx(build_model("SiamFC", **NARROW), tmp_path / path, part=part)
