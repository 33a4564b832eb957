"""Weights files load whole, from any container, or are refused with what to do about it."""

from __future__ import annotations

import pickle
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest
import torch
from torch import Tensor

from siamfc_eval.errors import InputError, UnknownNameError
from siamfc_eval.models.checkpoints import load_model, load_weights, read_checkpoint
from siamfc_eval.models.preprocessing import IMAGENET_RGB, PLAIN_BGR, PLAIN_RGB
from siamfc_eval.models.registry import build_model
from siamfc_eval.models.saving import save_model

NARROW = (4, 6, 8, 8, 6)


@pytest.fixture
def narrow() -> Any:
    torch.manual_seed(0)
    return build_model("SiamFC", channels=NARROW).eval()


@pytest.fixture
def tensors(narrow: Any) -> dict[str, Tensor]:
    return dict(narrow.state_dict())


def response(model: Any) -> Tensor:
    generator = torch.Generator().manual_seed(1)
    with torch.inference_mode():
        found: Tensor = model(
            torch.rand(1, 3, 127, 127, generator=generator), torch.rand(1, 3, 143, 143, generator=generator)
        )
    return found


def test_a_bare_state_dict_loads_with_widths_read_from_its_shapes(
    tmp_path: Path, narrow: Any, tensors: dict[str, Tensor]
) -> None:
    torch.save(tensors, tmp_path / "a.pth")
    model = load_model(tmp_path / "a.pth")
    assert model.options["channels"] == NARROW
    assert model.preprocessing == PLAIN_RGB
    assert not model.training
    assert torch.equal(response(model), response(narrow))


@pytest.mark.parametrize("wrapper", ["state_dict", "model", "net"])
def test_wrappers_and_module_prefixes_are_removed(
    tmp_path: Path, narrow: Any, tensors: dict[str, Tensor], wrapper: str
) -> None:
    prefixed = {f"module.{name}": tensor for name, tensor in tensors.items()}
    torch.save({"epoch": 3, "arch": None, wrapper: prefixed, "optimizer": {"state": {}}}, tmp_path / "a.pth.tar")
    assert torch.equal(response(load_model(tmp_path / "a.pth.tar")), response(narrow))


def test_old_files_of_torch_load_too(tmp_path: Path, narrow: Any, tensors: dict[str, Tensor]) -> None:
    torch.save(tensors, tmp_path / "a.model", _use_new_zipfile_serialization=False)
    assert torch.equal(response(load_model(tmp_path / "a.model")), response(narrow))


def test_weights_saved_on_a_gpu_load_without_one(
    tmp_path: Path, narrow: Any, tensors: dict[str, Tensor], monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patched:
        patched.setattr(torch.serialization, "location_tag", lambda storage: "cuda:0")
        torch.save(tensors, tmp_path / "a.pth")
    model = load_model(tmp_path / "a.pth")
    assert {parameter.device.type for parameter in model.parameters()} == {"cpu"}
    assert torch.equal(response(model), response(narrow))


def test_counters_of_batches_may_be_absent(tmp_path: Path, narrow: Any, tensors: dict[str, Tensor]) -> None:
    torch.save({k: v for k, v in tensors.items() if not k.endswith("num_batches_tracked")}, tmp_path / "a.pth")
    assert torch.equal(response(load_model(tmp_path / "a.pth")), response(narrow))


def test_siamvgg_loads_from_hdf5(tmp_path: Path) -> None:
    torch.manual_seed(0)
    original = build_model("SiamVGG").eval()
    with h5py.File(tmp_path / "a.h5", "w") as stream:
        for name, tensor in original.state_dict().items():
            theirs = name.replace("backbone.features.", "model.").replace("head.adjust.", "bn_adjust.")
            stream.create_dataset(theirs, data=tensor.numpy())
    model = load_model(tmp_path / "a.h5")
    assert (model.name, model.preprocessing) == ("SiamVGG", IMAGENET_RGB)
    for name, tensor in original.state_dict().items():
        assert torch.equal(model.state_dict()[name], tensor)


def test_our_own_files_remember_everything(tmp_path: Path, narrow: Any) -> None:
    narrow.set_preprocessing(PLAIN_BGR)
    save_model(narrow, tmp_path / "a.safetensors", metadata={"trained_on": "stills"})
    checkpoint = read_checkpoint(tmp_path / "a.safetensors")
    assert checkpoint.source == "siamfc-eval"
    assert checkpoint.metadata is not None
    assert checkpoint.metadata["trained_on"] == "stills"
    model = load_model(tmp_path / "a.safetensors")
    assert (model.name, list(model.options["channels"]), model.preprocessing) == ("SiamFC", list(NARROW), PLAIN_BGR)
    assert torch.equal(response(model), response(narrow))
    assert [path.name for path in tmp_path.iterdir()] == ["a.safetensors"]


def test_half_precision_keeps_batch_norms_exact(tmp_path: Path, narrow: Any) -> None:
    narrow.get_buffer("backbone.conv1.1.running_var").fill_(1e6)  # beyond float16
    save_model(narrow, tmp_path / "full.safetensors")
    save_model(narrow, tmp_path / "half.safetensors", half=True)
    model = load_model(tmp_path / "half.safetensors")
    assert float(model.get_buffer("backbone.conv1.1.running_var")[0]) == 1e6
    assert model.get_parameter("backbone.conv1.0.weight").dtype == torch.float32
    torch.testing.assert_close(
        model.state_dict()["backbone.conv3.0.weight"],
        narrow.state_dict()["backbone.conv3.0.weight"],
        rtol=1e-3,
        atol=1e-4,
    )
    assert (tmp_path / "half.safetensors").stat().st_size < 0.8 * (tmp_path / "full.safetensors").stat().st_size


def test_a_given_preprocessing_wins(tmp_path: Path, tensors: dict[str, Tensor]) -> None:
    torch.save(tensors, tmp_path / "a.pth")
    assert load_model(tmp_path / "a.pth", preprocessing=IMAGENET_RGB).preprocessing == IMAGENET_RGB


def test_a_file_of_another_model_is_refused_and_named(tmp_path: Path, tensors: dict[str, Tensor]) -> None:
    torch.save(tensors, tmp_path / "a.pth")
    with pytest.raises(InputError, match=r"holds a SiamFC .* not a SiamVGG.*missing: backbone\.features\.0\.weight"):
        load_model(tmp_path / "a.pth", "SiamVGG")


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"backbone.conv5.0.bias": None}, r"missing: backbone\.conv5\.0\.bias"),
        ({"backbone.conv9.weight": torch.zeros(1)}, r"unexpected: backbone\.conv9\.weight"),
        ({"backbone.conv4.0.bias": torch.zeros(5)}, r"of other shape: backbone\.conv4\.0\.bias \(file 5, model 8\)"),
        ({"backbone.conv2.0.weight": torch.zeros(7, 2, 5, 5)}, "no network fits its shapes"),  # 7 filters in 2 groups
    ],
)
def test_partial_files_are_refused_with_the_first_keys(
    tmp_path: Path, tensors: dict[str, Tensor], change: dict[str, Tensor | None], message: str
) -> None:
    kept = {name: tensor for name, tensor in (tensors | change).items() if tensor is not None}
    torch.save(kept, tmp_path / "a.pth")
    with pytest.raises(InputError, match=message):
        load_model(tmp_path / "a.pth")


def test_weights_that_are_not_finite_are_refused(tmp_path: Path, tensors: dict[str, Tensor]) -> None:
    tensors["backbone.conv3.0.bias"] = torch.full((8,), float("nan"))
    torch.save(tensors, tmp_path / "a.pth")
    with pytest.raises(InputError, match=r"conv3\.0\.bias has values that are not finite"):
        load_model(tmp_path / "a.pth")


class _Trap:
    def __reduce__(self) -> tuple[Any, ...]:
        return (Path.touch, (Path("must-not-exist"),))


@pytest.mark.filterwarnings("ignore:Detected pickle protocol")
def test_pickles_that_run_code_are_refused_with_a_remedy(
    tmp_path: Path, tensors: dict[str, Tensor], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    torch.save({"state_dict": tensors, "trap": _Trap()}, tmp_path / "a.pth")
    with pytest.raises(InputError, match=r"could run code.*torch\.save\(torch\.load"):
        load_model(tmp_path / "a.pth")
    (tmp_path / "b.pth").write_bytes(pickle.dumps({"weights": _Trap()}))
    with pytest.raises(InputError, match="refused"):
        load_model(tmp_path / "b.pth")
    assert not (tmp_path / "must-not-exist").exists()


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("a.pth", b"", "empty"),
        ("a.pth", b"version https://git-lfs.github.com/spec/v1\noid sha256:0\n", "git lfs pull"),
        ("a.pth", b"<!DOCTYPE html><html>", "web page"),
        ("a.pth", b"PK\x03\x04 broken", "not readable"),
        ("a.pth", b"hello", "a text file"),
        ("a.pth", b"\x08\x08\x12\x07pytorch\0\xff", "an ONNX network"),
        ("a.pth", b"\x08\x0d:\x17\x0a\x0c\x0a\x01x\xff", "an ONNX network"),
        ("a.pth", b"\x1f\x8b\x08\0\xff", "gzip; unpack it first"),
        ("a.pth.tar", b"a.pth".ljust(257, b"\0") + b"ustar\x0000", "a tar archive; unpack it"),
        ("a.pth", b"\x93NUMPY\x01\0", "an array of NumPy"),
        ("a.pth", b"MATLAB 5.0 MAT-file\0", "give it the ending .mat"),
        ("a.pth", b"\xb1\xff\x17\0\0\0", "begins as no weights file does .bytes b1 ff 17"),
        ("a.safetensors", b"\x00\x01 no tensors", "not readable as safetensors"),
        ("a.h5", b"\x89HDF\r\n\x1a\n broken", "not readable as HDF5"),
        ("a.tflite", b"\x1c\x00\x00\x00TFL3", "a TFLite network"),
        ("a.mat", b"hello", "MATLAB file of version 5 to 7, found something else"),
        ("a.mat", b"MATLAB 7.3 MAT-file", "Save it with -v7"),
    ],
)
def test_files_that_are_no_weights_are_refused(tmp_path: Path, name: str, content: bytes, message: str) -> None:
    (tmp_path / name).write_bytes(content)
    with pytest.raises(InputError, match=message) as error:
        load_model(tmp_path / name)
    assert name in str(error.value)


def test_a_file_that_is_absent_is_named(tmp_path: Path) -> None:
    for name in ("a.pth", "a.mat"):
        with pytest.raises(InputError, match=rf"{name}: no such weights file"):
            load_model(tmp_path / name)


def test_folders_foreign_zips_and_empty_dictionaries_are_called_what_they_are(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="a folder, not a weights file"):
        load_model(tmp_path)
    np.savez(tmp_path / "a.npz", weights=np.zeros(3))
    with pytest.raises(InputError, match=r"a zip that torch\.save did not write \(weights\.npy\)"):
        load_model(tmp_path / "a.npz")
    torch.save({}, tmp_path / "a.pth")
    with pytest.raises(InputError, match="found an empty dictionary"):
        load_model(tmp_path / "a.pth")


def test_a_truncated_file_is_refused(tmp_path: Path, tensors: dict[str, Tensor]) -> None:
    torch.save(tensors, tmp_path / "a.pth")
    whole = (tmp_path / "a.pth").read_bytes()
    (tmp_path / "a.pth").write_bytes(whole[: len(whole) // 2])
    with pytest.raises(InputError, match="not readable"):
        load_model(tmp_path / "a.pth")


def test_an_unknown_layout_is_refused_with_what_was_found(tmp_path: Path) -> None:
    torch.save({"encoder.weight": torch.zeros(1)}, tmp_path / "a.pth")
    with pytest.raises(InputError, match=r"encoder\.weight.*Known layouts"):
        load_model(tmp_path / "a.pth")
    torch.save({"epoch": 3}, tmp_path / "a.pth")
    with pytest.raises(InputError, match="no tensors found"):
        load_model(tmp_path / "a.pth")


def test_an_unknown_source_gets_a_suggestion(tmp_path: Path) -> None:
    with pytest.raises(UnknownNameError, match="pysot"):
        load_model(tmp_path / "a.pth", source="pysott")


def test_a_model_that_exists_is_filled_in_place(tmp_path: Path, narrow: Any, tensors: dict[str, Tensor]) -> None:
    torch.save(tensors, tmp_path / "a.pth")
    other = build_model("SiamFC", channels=NARROW).eval()
    report = load_weights(other, tmp_path / "a.pth")
    assert (report.loaded, bool(report.difference)) == (30, False)
    assert torch.equal(response(other), response(narrow))


def test_a_partial_load_happens_only_when_asked_for(tmp_path: Path, tensors: dict[str, Tensor]) -> None:
    torch.save(tensors, tmp_path / "a.pth")
    other = build_model("SiamFC", channels=(*NARROW[:4], 10))
    with pytest.raises(InputError, match=r"does not fit this SiamFC: of other shape: backbone\.conv5"):
        load_weights(other, tmp_path / "a.pth")
    report = load_weights(other, tmp_path / "a.pth", partial=True)
    assert report.loaded == 28
    assert len(report.difference.reshaped) == 2
    assert torch.equal(other.state_dict()["backbone.conv4.0.weight"], tensors["backbone.conv4.0.weight"])


def test_damaged_metadata_are_named(tmp_path: Path, narrow: Any) -> None:
    from safetensors.torch import load_file, save_file

    save_model(narrow, tmp_path / "a.safetensors")
    kept = load_file(tmp_path / "a.safetensors")
    save_file(kept, tmp_path / "b.safetensors", metadata={"format": "siamfc-eval-1", "model": "SiamFC", "options": "{"})
    with pytest.raises(InputError, match="metadata are damaged"):
        load_model(tmp_path / "b.safetensors")
    save_file(kept, tmp_path / "c.safetensors")  # no metadata: a layout like any other
    assert load_model(tmp_path / "c.safetensors").name == "SiamFC"


@pytest.mark.parametrize("path", ["a.pth", "absent/a.safetensors"])
def test_weights_are_written_as_safetensors_into_a_folder_that_exists(tmp_path: Path, narrow: Any, path: str) -> None:
    with pytest.raises(InputError, match=r"safetensors|no such folder"):
        save_model(narrow, tmp_path / path)


def test_a_matlab_file_that_is_no_network_is_refused(tmp_path: Path) -> None:
    from scipy.io import savemat

    savemat(tmp_path / "a.mat", {"boxes": np.zeros((3, 4))})
    with pytest.raises(InputError, match="expected a variable 'net', found boxes"):
        load_model(tmp_path / "a.mat")
    savemat(tmp_path / "b.mat", {"net": {"params": [{"name": "fc", "value": np.zeros((2, 2))}]}})
    with pytest.raises(InputError, match=r"no network of this family.*fc"):
        load_model(tmp_path / "b.mat")
