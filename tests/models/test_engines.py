"""Engines: each answers as torch does in float32, within a stated tolerance, and says what it cannot do."""

from __future__ import annotations

import importlib.util
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from siamfc_eval.errors import InputError, MissingDependencyError, UnknownNameError  # noqa: E402
from siamfc_eval.models.engines import instructions  # noqa: E402
from siamfc_eval.models.engines.engine import Computing, Precision, resolve_engine  # noqa: E402
from siamfc_eval.models.engines.prepare import prepare  # noqa: E402
from siamfc_eval.models.registry import build_model  # noqa: E402
from siamfc_eval.models.siamese import SiameseNetwork  # noqa: E402

CPU = torch.device("cpu")
TOLERANCE = {"onnxruntime": 1e-5, "openvino": 1e-5}
"""Largest difference from torch in float32, as a share of the largest value."""
NETWORKS: dict[str, dict[str, Any]] = {
    "SiamFC": {"channels": (8, 16, 16, 16, 8)},
    "SiamFCRes22": {"planes": 8},
    "SiamFCIncep22": {"planes": 8},
    "SiamRPN": {"channels": (8, 16, 16, 16, 8)},
}


def _network(name: str) -> SiameseNetwork:
    torch.manual_seed(0)
    network = build_model(name, **NETWORKS[name])
    for module in network.modules():
        if isinstance(module, torch.nn.BatchNorm2d):
            module.running_mean.uniform_(-0.2, 0.2)
            module.running_var.uniform_(0.5, 1.5)
    return network.eval()


def _images(count: int, side: int) -> Any:
    return (torch.rand(count, 3, side, side, generator=torch.Generator().manual_seed(side)) * 255).round()


def _answers(network: Any, searches: int) -> list[Any]:
    with torch.inference_mode():
        answer = network.detect(network.template(_images(1, 127)), _images(searches, 255))
    return list(answer) if isinstance(answer, tuple) else [answer]


@pytest.mark.parametrize("name", NETWORKS)
@pytest.mark.parametrize("engine", TOLERANCE)
def test_an_engine_answers_as_torch_does(engine: str, name: str) -> None:
    pytest.importorskip(engine)
    network = _network(name)
    searches = 3 if network.kind == "fc" else 1
    exact = _answers(prepare(network, CPU, Computing()), searches)
    found = _answers(prepare(network, CPU, Computing(engine)), searches)
    for one, other in zip(exact, found, strict=True):
        assert one.shape == other.shape
        assert other.dtype == torch.float32
        assert float((one - other).abs().max()) <= TOLERANCE[engine] * float(one.abs().max())


@pytest.mark.parametrize("engine", ["onnxruntime", "openvino"])
def test_an_engine_gives_the_same_bits_to_several_threads_at_once(engine: str) -> None:
    pytest.importorskip(engine)
    network: Any = prepare(_network("SiamFCRes22"), CPU, Computing(engine))
    images = [_images(1, 127 + 8 * (index % 2)) + index for index in range(6)]
    with torch.inference_mode():
        alone = [network.embed(image).clone() for image in images]
        found: list[Any] = [None] * len(images)

        def work(start: int) -> None:
            with torch.inference_mode():
                for index in range(start, len(images), 3):
                    found[index] = network.embed(images[index])

        threads = [threading.Thread(target=work, args=(start,)) for start in range(3)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    for one, other in zip(alone, found, strict=True):
        assert torch.equal(one, other)


def test_bfloat16_rounds_features_and_leaves_the_correlation_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(instructions, "_BFLOAT16", ("fma", "neon"))  # slow without instructions, and the same numbers
    network: Any = _network("SiamFC")
    exact: Any = prepare(network, CPU, Computing())
    rounded: Any = prepare(network, CPU, Computing(precision="bfloat16"))
    with torch.inference_mode():
        features, search = rounded.template(_images(1, 127)), rounded.embed(_images(1, 255))
        assert torch.equal(features, features.bfloat16().float())
        (response,) = _answers(rounded, 1)
        assert torch.equal(response, exact.correlate(features, search))
    (right,) = _answers(exact, 1)
    assert 0 < float((response - right).abs().max()) < 0.05 * float(right.abs().max())


def test_auto_is_torch_whatever_is_installed_and_onnxruntime_for_int8(monkeypatch: pytest.MonkeyPatch) -> None:
    precisions: list[Precision] = ["float32", "bfloat16", "float16", "int8"]
    expected = ["torch", "torch", "torch", "onnxruntime"]
    assert [resolve_engine("auto", precision) for precision in precisions] == expected
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    assert [resolve_engine("auto", precision) for precision in precisions] == expected


def _no_package(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)


def _no_bfloat16(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(instructions, "_BFLOAT16", ())


@pytest.mark.parametrize(
    ("computing", "arrange", "error", "message"),
    [
        (Computing("openvino"), _no_package, MissingDependencyError, r"engine openvino needs .*\[openvino\]"),
        (Computing("onnxruntime"), _no_package, MissingDependencyError, r"engine onnxruntime needs .*\[onnx\]"),
        (Computing("openvin"), None, UnknownNameError, "Did you mean openvino"),
        (Computing("openvino", "int8"), None, InputError, "not in int8; int8 is what onnxruntime can"),
        (Computing("torch", "bfloat16"), _no_bfloat16, InputError, "no instructions for bfloat16.*--precision float32"),
        (Computing("openvino", "bfloat16"), _no_bfloat16, InputError, "no instructions for bfloat16"),
        (Computing("torch", "float16"), None, InputError, "float16 is for graphics cards"),
        (Computing("tensorrt", "float16"), None, InputError, "works on cuda, not on cpu"),
        (Computing(precision="int8"), None, InputError, "int8 needs a quantised backbone"),
    ],
)
def test_what_cannot_be_had_is_refused_and_named(
    computing: Computing,
    arrange: Callable[[pytest.MonkeyPatch], None] | None,
    error: type[Exception],
    message: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    pytest.importorskip("openvino")
    pytest.importorskip("onnxruntime")
    if arrange is not None:
        arrange(monkeypatch)
    with pytest.raises(error, match=message):
        prepare(_network("SiamFC"), CPU, computing)


@pytest.mark.gpu
@pytest.mark.parametrize(("precision", "tolerance"), [("bfloat16", 0.05), ("float16", 0.01)])
@pytest.mark.parametrize("engine", ["torch", "tensorrt"])
def test_a_card_answers_as_the_cpu_does(engine: str, precision: Precision, tolerance: float, card: Any) -> None:
    network = _network("SiamFC")
    if engine == "tensorrt" and precision == "bfloat16":
        pytest.skip("tensorrt is offered in float16 only")
    try:
        prepared: Any = prepare(network, card, Computing(engine, precision))
    except InputError as error:
        pytest.skip(str(error))
    (exact,) = _answers(prepare(network, CPU, Computing()), 1)
    with torch.inference_mode():
        found = prepared.detect(prepared.template(_images(1, 127).to(card)), _images(1, 255).to(card)).cpu()
    assert float((found - exact).abs().max()) <= tolerance * float(exact.abs().max())


def test_a_definition_names_an_engine_which_enters_the_hash(tmp_path: Path) -> None:
    from siamfc_eval.catalogue import catalogue_folder
    from siamfc_eval.tracking.catalogue import read_catalogue, tracker_facts
    from siamfc_eval.tracking.family import LoadOptions

    weights = catalogue_folder("trackers") / "siamfc-slim.safetensors"
    text = f'family = "siamfc"\nmodel = "SiamFC"\nweights = "{weights}"\n'
    (tmp_path / "plain.toml").write_text(text)
    (tmp_path / "fast.toml").write_text(text + 'engine = "openvino"\n')
    plain, fast = (read_catalogue(str(tmp_path / f"{name}.toml")) for name in ("plain", "fast"))
    facts = tracker_facts(plain)
    assert "engine" not in facts
    assert "precision" not in facts
    assert tracker_facts(plain, LoadOptions(engine="auto", precision="float32"))["hash"] == facts["hash"]
    assert tracker_facts(fast)["engine"] == "openvino"
    assert tracker_facts(fast)["hash"] != facts["hash"]
    assert tracker_facts(fast)["hash"] == tracker_facts(plain, LoadOptions(engine="openvino"))["hash"]
    assert tracker_facts(fast, LoadOptions(engine="torch"))["hash"] == facts["hash"]
    assert tracker_facts(plain, LoadOptions(precision="bfloat16"))["hash"] != facts["hash"]
    with pytest.raises(UnknownNameError, match="unknown precision 'float8'"):
        tracker_facts(plain, LoadOptions(precision="float8"))
    with pytest.raises(InputError, match="plain has no backbone in int8"):
        tracker_facts(plain, LoadOptions(precision="int8"))


def test_an_engine_means_nothing_to_a_tracker_without_a_network() -> None:
    from siamfc_eval.adapters.load import load_tracker

    for spec in ("kcf", "static", "trax:true"):
        with pytest.raises(InputError, match="--engine openvino means nothing"):
            load_tracker(spec, engine="openvino")


def test_a_tracker_follows_a_target_alike_with_every_engine() -> None:
    pytest.importorskip("openvino")
    pytest.importorskip("onnxruntime")
    from siamfc_eval.adapters.load import load_tracker
    from siamfc_eval.synthetic.benchmark import embedded_benchmark
    from siamfc_eval.tracking.capabilities import engine_of

    (sequence,) = embedded_benchmark(length=6, names=("sign-in-the-flicker",))
    found = {}
    for engine in ("torch", "onnxruntime", "openvino"):
        tracker = load_tracker("siamfc-slim", device="cpu", engine=engine)
        assert engine_of(tracker) == {"engine": engine, "precision": "float32"}
        assert sequence.frames is not None
        state, boxes = tracker.init(sequence.frames[0], sequence.boxes[0]), []
        for frame in sequence.frames[1:]:
            state, output = tracker.update(state, frame)
            boxes.append(output.region)
        found[engine] = np.array(boxes)
    for engine in ("onnxruntime", "openvino"):
        np.testing.assert_allclose(found[engine], found["torch"], atol=0.01)
