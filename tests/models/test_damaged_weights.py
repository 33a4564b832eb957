"""Damaged or unsuitable weights are refused with what they are; they never load as something else."""

from __future__ import annotations

import shutil
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from siamfc_eval.catalogue import catalogue_folder
from siamfc_eval.errors import InputError
from siamfc_eval.models.checkpoints import load_model, read_checkpoint
from siamfc_eval.models.checksums import check_sums
from siamfc_eval.models.registry import build_model
from siamfc_eval.models.saving import save_model

FLIPS = 150
BIAS = "backbone.conv3.0.bias"


@pytest.fixture
def network() -> Any:
    torch.manual_seed(0)
    return build_model("SiamFC", channels=(4, 6, 8, 8, 6)).eval()


def facts(path: Path) -> tuple[Any, ...]:
    """All that decides what a loaded network answers."""
    model = load_model(path)
    tensors = {name: tensor.numpy().tobytes() for name, tensor in model.state_dict().items()}
    return model.name, model.options, model.preprocessing, tensors


def assert_no_flip_goes_unseen(path: Path) -> None:
    """Change one byte at a time, in head and data: refused, or nothing changed."""
    right, whole = facts(path), path.read_bytes()
    generator = np.random.default_rng(7)
    head = min(8 + int.from_bytes(whole[:8], "little"), len(whole))
    places = [*generator.integers(0, head, FLIPS // 2), *generator.integers(0, len(whole), FLIPS // 2)]
    refused = 0
    for place in places:
        changed = bytearray(whole)
        changed[int(place)] ^= int(generator.integers(1, 256))
        path.write_bytes(changed)
        try:
            found = facts(path)
        except InputError:
            refused += 1
        else:
            assert found == right, f"byte {place}"
    path.write_bytes(whole)
    assert refused > FLIPS * 0.9


@pytest.mark.parametrize("half", [False, True])
def test_one_wrong_byte_in_our_own_weights_is_seen(tmp_path: Path, network: Any, half: bool) -> None:
    save_model(network, tmp_path / "a.safetensors", half=half)
    assert_no_flip_goes_unseen(tmp_path / "a.safetensors")


def test_one_wrong_byte_in_shipped_weights_is_seen(tmp_path: Path) -> None:
    for name in ("siamfc-slim.safetensors", "SHA256SUMS"):
        shutil.copy(catalogue_folder("trackers") / name, tmp_path / name)
    assert_no_flip_goes_unseen(tmp_path / "siamfc-slim.safetensors")


def test_one_wrong_byte_in_what_torch_saved_is_seen(tmp_path: Path, network: Any) -> None:
    path = tmp_path / "a.pth"
    torch.save(network.state_dict(), path)
    whole = path.read_bytes()
    with zipfile.ZipFile(path) as archive:
        entry = max(archive.infolist(), key=lambda one: one.file_size)
    middle = entry.header_offset + 200 + entry.file_size // 2
    path.write_bytes(whole[:middle] + bytes([whole[middle] ^ 1]) + whole[middle + 1 :])
    with pytest.raises(InputError, match=r"checksum of its entry .* is wrong"):
        load_model(path)
    right = facts_of(whole, path)
    generator = np.random.default_rng(7)
    for place in generator.integers(0, len(whole), FLIPS):
        changed = bytearray(whole)
        changed[int(place)] ^= int(generator.integers(1, 256))
        try:
            found = facts_of(bytes(changed), path)
        except InputError:
            continue
        assert found == right, f"byte {place}"


def facts_of(content: bytes, path: Path) -> tuple[Any, ...]:
    path.write_bytes(content)
    return facts(path)


def test_every_shipped_file_has_its_checksum() -> None:
    folder = catalogue_folder("trackers")
    listed = {line.split()[1] for line in (folder / "SHA256SUMS").read_text().splitlines()}
    assert {path.name for kind in ("safetensors", "onnx") for path in folder.glob(f"*.{kind}")} == listed


def test_every_shipped_file_without_a_digest_of_its_own_is_the_listed_one() -> None:
    files = sorted(catalogue_folder("trackers").glob("*.onnx"))
    assert files
    for path in files:
        check_sums(path)


def test_files_without_a_digest_still_load(tmp_path: Path) -> None:
    shutil.copy(catalogue_folder("trackers") / "siamfc-slim.safetensors", tmp_path / "a.safetensors")
    assert load_model(tmp_path / "a.safetensors").name == "SiamFC"


@pytest.mark.parametrize(
    ("tensor", "message"),
    [
        (torch.zeros(8, dtype=torch.int8), f"{BIAS} is of type int8"),
        (torch.zeros(8, dtype=torch.complex64), f"{BIAS} is complex"),
        (torch.zeros(8).to_sparse(), f"{BIAS} is sparse"),
        (None, f"{BIAS} is quantised|refused"),
    ],
)
@pytest.mark.filterwarnings("ignore::UserWarning")
def test_tensors_that_are_no_weights_are_named(
    tmp_path: Path, network: Any, tensor: Tensor | None, message: str
) -> None:
    if tensor is None:
        tensor = torch.quantize_per_tensor(torch.zeros(8), 0.1, 0, torch.qint8)
    torch.save(network.state_dict() | {BIAS: tensor}, tmp_path / "a.pth")
    with pytest.raises(InputError, match=message):
        load_model(tmp_path / "a.pth")


def test_a_negative_variance_is_refused(tmp_path: Path, network: Any) -> None:
    name = "backbone.conv2.1.running_var"
    torch.save(network.state_dict() | {name: torch.full((6,), -1.0)}, tmp_path / "a.pth")
    with pytest.raises(InputError, match=rf"{name} has negative values"):
        load_model(tmp_path / "a.pth")


def test_a_tensor_that_is_huge_only_once_it_is_made_is_refused(tmp_path: Path, network: Any) -> None:
    huge = torch.zeros(1, dtype=torch.float16).expand(200_000, 200_000)
    torch.save(network.state_dict() | {BIAS: huge}, tmp_path / "a.pth")
    with pytest.raises(InputError, match="would take 160,0"):
        load_model(tmp_path / "a.pth")


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_torchscript_and_onnx_are_named(tmp_path: Path) -> None:
    torch.jit.save(torch.jit.trace(nn.Linear(2, 2), torch.zeros(1, 2)), tmp_path / "a.pt")
    with pytest.raises(InputError, match=r"TorchScript archive.*torch\.jit\.load"):
        load_model(tmp_path / "a.pt")
    (tmp_path / "b.onnx").write_bytes(b"\x08\x08\x12\x07pytorch\x1a\x052.1.0")
    with pytest.raises(InputError, match="an ONNX network"):
        load_model(tmp_path / "b.onnx")


def test_a_zip_that_unpacks_to_more_than_any_network_is_refused(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "a.pth", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("archive/data.pkl", b"\0" * 10_000_000)
    with pytest.raises(InputError, match=r"torch\.save neither compresses"):
        read_checkpoint(tmp_path / "a.pth")
