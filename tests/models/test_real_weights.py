"""Real trained networks of the family load, and see what their layers say."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch.nn import functional as F

from siamfc_eval.models.checkpoints import load_model, read_checkpoint
from siamfc_eval.models.preprocessing import PLAIN_RGB

pytestmark = pytest.mark.shared

SIAMFC_3S = "siamfc3s_color_int8/siamfc3s_color_from_int8.pth"


def scene(seed: int = 0) -> torch.Tensor:
    """A smooth random picture, (1, 3, 255, 255), RGB, 0..255."""
    coarse = torch.rand(1, 3, 32, 32, generator=torch.Generator().manual_seed(seed))
    return F.interpolate(coarse, size=(255, 255), mode="bicubic", align_corners=False).clamp(0, 1) * 255


@pytest.mark.parametrize(
    ("file", "channels", "stride"),
    [
        (SIAMFC_3S, (96, 256, 384, 384, 256), 8),
        ("fdsiamfc/FDSiamfc_30.pth", (28, 76, 114, 114, 76), 8),
        ("fdsiamfc/FDSiamfc_15.pth", (14, 38, 56, 56, 38), 8),
        ("cfnet/baseline-conv3-on-cfnet-conv3_e100.mat", (96, 256, 32), 4),
    ],
)
def test_a_trained_network_finds_a_shifted_exemplar(
    shared: Path, file: str, channels: tuple[int, ...], stride: int
) -> None:
    """The exemplar is cut out 16 pixels right of and 24 above the centre of the search region; the peak is there."""
    model: Any = load_model(shared / "data" / "weights" / file)
    assert model.options["channels"] == channels
    assert (model.preprocessing, model.stride) == (PLAIN_RGB, stride)
    search = scene()
    exemplar = search[:, :, 40 : 40 + 127, 80 : 80 + 127]
    with torch.inference_mode():
        response = model(exemplar, search)[0, 0]
    centre = (response.shape[0] - 1) // 2
    row, column = divmod(int(response.argmax()), response.shape[1])
    assert ((row - centre) * stride, (column - centre) * stride) == (-24, 16)


def test_matconvnet_filters_are_turned_the_right_way(shared: Path) -> None:
    """One output of the first convolution and batch norm, from the raw file by hand."""
    from scipy.io import loadmat

    path = shared / "data" / "weights" / "cfnet" / "cfnet-conv1_e75.mat"
    raw = {str(p.name): p.value for p in loadmat(path, struct_as_record=False, squeeze_me=True)["net"].params}
    model: Any = load_model(path)
    picture = scene()
    with torch.inference_mode():
        found = model.embed(picture)[0, :, 5, 9].numpy()
    window = picture[0, :, 20:31, 36:47].numpy().transpose(1, 2, 0)
    mean, deviation = raw["br_bn1x"].T
    summed = np.einsum("hwc,hwco->o", window, raw["br_conv1f"]) + raw["br_conv1b"]
    right = np.maximum((summed - mean) / deviation * raw["br_bn1m"] + raw["br_bn1b"], 0)
    np.testing.assert_allclose(found, right, rtol=1e-3, atol=1e-3 * np.abs(right).max())


def test_cfnet_files_say_what_is_not_used(shared: Path) -> None:
    checkpoint = read_checkpoint(shared / "data" / "weights" / "cfnet" / "cfnet-conv2_e80.mat")
    assert "correlation-filter" in checkpoint.notes[0]
    assert set(checkpoint.unused) == {"join_window", "join_cf_target", "fin_adjustf", "fin_adjustb"}
