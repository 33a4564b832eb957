"""MatConvNet files: every parameter in its place, and no damage that does more than give an error."""

from __future__ import annotations

import contextlib
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from scipy.io import savemat

from siamfc_eval.errors import InputError
from siamfc_eval.models.checkpoints import load_model, read_checkpoint

WIDTHS = (3, 4, 4, 6, 6, 4)
GROUPS = (1, 2, 1, 2, 2)
KERNELS = (11, 5, 3, 3, 3)


def parameters(**changes: Any) -> dict[str, np.ndarray]:
    """A narrow SiamFC as MatConvNet names and turns it: filters (h, w, in, out), moments [mean, deviation]."""
    rng = np.random.default_rng(0)
    values: dict[str, np.ndarray] = {}
    for index, (kernel, groups) in enumerate(zip(KERNELS, GROUPS, strict=True), start=1):
        inputs, outputs = WIDTHS[index - 1] // groups, WIDTHS[index]
        values[f"br_conv{index}f"] = rng.normal(size=(kernel, kernel, inputs, outputs)).astype(np.float32)
        values[f"br_conv{index}b"] = rng.normal(size=(outputs, 1)).astype(np.float32)
        if index < 5:
            values[f"br_bn{index}m"] = rng.normal(size=(outputs, 1)).astype(np.float32)
            values[f"br_bn{index}b"] = rng.normal(size=(outputs, 1)).astype(np.float32)
            values[f"br_bn{index}x"] = rng.uniform(1, 2, size=(outputs, 2)).astype(np.float32)
    values |= {"fin_adjustf": np.array([[0.002]], np.float32), "fin_adjustb": np.array([[-1.5]], np.float32)}
    return values | changes


def written(
    path: Path, values: dict[str, np.ndarray], layers: tuple[tuple[str, dict[str, Any]], ...] = (), **save: Any
) -> Path:
    """The file of a network, with whatever layers are given."""
    params = np.array(list(values.items()), dtype=[("name", "O"), ("value", "O")])
    blocks = np.array(list(layers), dtype=[("name", "O"), ("block", "O")])
    savemat(path, {"before": 1.0, "net": {"params": params, "layers": blocks, "meta": {"note": "x"}}}, **save)
    return path


@pytest.mark.parametrize("compress", [True, False])
def test_every_parameter_finds_its_place(tmp_path: Path, compress: bool) -> None:
    values = parameters()
    checkpoint = read_checkpoint(written(tmp_path / "a.mat", values, do_compression=compress))
    assert (checkpoint.model, checkpoint.source, checkpoint.unused) == ("SiamFC", "matconvnet", ())
    assert checkpoint.options["channels"] == WIDTHS[1:]
    assert checkpoint.options["groups"] == GROUPS
    state = load_model(tmp_path / "a.mat").state_dict()
    np.testing.assert_array_equal(state["backbone.conv2.0.weight"].numpy(), values["br_conv2f"].transpose(3, 2, 0, 1))
    np.testing.assert_array_equal(state["backbone.conv3.1.running_mean"].numpy(), values["br_bn3x"][:, 0])
    np.testing.assert_array_equal(state["backbone.conv3.1.running_var"].numpy(), values["br_bn3x"][:, 1] ** 2)
    assert float(state["head.adjust.gain"]) == pytest.approx(0.002)
    assert float(state["head.adjust.bias"]) == pytest.approx(-1.5)


def test_strides_and_the_last_relu_are_read_from_the_layers(tmp_path: Path) -> None:
    layers: list[tuple[str, dict[str, Any]]] = [
        (f"br1_conv{number}", {"stride": np.array([[1.0, 1.0]])}) for number in range(2, 6)
    ]
    layers += [(f"br1_relu{number}", {"leak": 0.0}) for number in range(1, 6)]
    layers += [("br1_conv1", {"stride": np.array([[4.0, 4.0]])}), ("br1_pool2", {"stride": np.array([[1.0, 1.0]])})]
    layers += [("br2_conv1", {"stride": np.array([[9.0, 9.0]])})]
    options = read_checkpoint(written(tmp_path / "a.mat", parameters(), tuple(layers))).options
    assert (options["conv1_stride"], options["pool2_stride"], options["final_relu"]) == (4, 1, True)


@pytest.mark.parametrize(
    ("name", "value"),
    [("br_conv2f", np.ones((2, 2, 2, 2, 2))), ("br_bn3x", np.ones((6, 3))), ("fin_adjustf", np.ones((2, 2)))],
)
def test_parameters_of_another_shape_are_named(tmp_path: Path, name: str, value: np.ndarray) -> None:
    path = written(tmp_path / "a.mat", parameters(**{name: value.astype(np.float32)}))
    with pytest.raises(InputError, match=rf"a\.mat: parameter {name} has shape [\dx]+, which is no"):
        load_model(path)


def test_a_lost_layer_is_noticed(tmp_path: Path) -> None:
    values = parameters()
    for part in "mbx":
        del values[f"br_bn2{part}"]
    with pytest.raises(InputError, match=r"missing: backbone\.conv2\.1\.weight"):
        load_model(written(tmp_path / "a.mat", values))


@settings(max_examples=80, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(data=st.data())
def test_no_damage_gives_anything_but_an_input_error(tmp_path: Path, data: st.DataObject) -> None:
    path = written(tmp_path / "a.mat", parameters(), do_compression=data.draw(st.booleans()))
    content = bytearray(path.read_bytes())
    for _ in range(data.draw(st.integers(1, 4))):
        content[data.draw(st.integers(0, len(content) - 1))] = data.draw(st.integers(0, 255))
    path.write_bytes(content[: data.draw(st.integers(1, len(content)))])
    with contextlib.suppress(InputError):
        assert all(bool(torch.isfinite(tensor).all()) for tensor in load_model(path).state_dict().values())
