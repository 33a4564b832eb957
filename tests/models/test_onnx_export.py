"""Networks exported as ONNX answer in onnxruntime as in torch."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch
from click.testing import CliRunner

from siamfc_eval.cli.main import cli
from siamfc_eval.errors import InputError
from siamfc_eval.models.onnx_export import MAX_OPSET, MIN_OPSET, export_onnx
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


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"path": "a.pt"}, r"\.onnx"),
        ({"part": "half"}, "expected pair"),
        ({"searches": 0}, "searches is 0"),
        ({"path": "nowhere/a.onnx"}, "no such folder"),
        ({"opset": 3}, "operator sets 11 to 20"),
        ({"opset": 99}, "operator sets 11 to 20"),
    ],
)
def test_what_cannot_be_exported_is_refused(tmp_path: Path, options: dict[str, Any], words: str) -> None:
    values = {"path": "a.onnx", **options}
    with pytest.raises(InputError, match=words):
        export_onnx(build_model("SiamFC", **NARROW), tmp_path / values.pop("path"), **values)


@pytest.mark.parametrize("opset", [MIN_OPSET, MAX_OPSET])
def test_the_oldest_and_newest_operator_sets_agree_too(tmp_path: Path, opset: int) -> None:
    torch.manual_seed(0)
    model = build_model("SiamRPN", **NARROW)
    assert export_onnx(model, tmp_path / "a.onnx", search_size=159, opset=opset).difference < 1e-4


def test_a_tracker_by_its_models_name_is_exported_with_its_own_or_no_weights(tmp_path: Path) -> None:
    done = CliRunner().invoke(cli, ["export", "onnx", "siamfc-slim", str(tmp_path / "a.onnx"), "--part", "template"])
    assert done.exit_code == 0
    assert "template (1, 38, 6, 6)" in done.output
    with pytest.raises(InputError, match="has no network with weights"):
        CliRunner().invoke(cli, ["export", "onnx", "SiamRPNPP", str(tmp_path / "b.onnx")], catch_exceptions=False)


def test_what_was_assumed_of_exported_weights_is_printed(tmp_path: Path) -> None:
    plain = build_model("SiamFC", channels=(4, 6, 8, 8, 6)).state_dict()
    torch.save({"state_dict": plain, "ema": plain}, tmp_path / "a.pth")
    arguments = ["export", "onnx", str(tmp_path / "a.pth"), str(tmp_path / "a.onnx"), "--part", "template"]
    done = CliRunner().invoke(cli, arguments, catch_exceptions=False)
    assert "note: taken: 'state_dict'" in done.stderr
