"""Backbones in int8, by post-training quantisation: ranges of activations are measured on crops, weights are rounded.

Weights have 7 bits, so that sums of two products fit into 16 bits, which is what processors without VNNI have for them.
"""

from __future__ import annotations

import hashlib
import logging
import tempfile
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from numpy.typing import NDArray

from siamfc_eval.errors import InputError, MissingDependencyError
from siamfc_eval.models.acceleration import fold_batch_norm
from siamfc_eval.models.engines.backbone_graph import INPUT, backbone_graph
from siamfc_eval.models.siamese import SiameseNetwork
from siamfc_eval.storage.writing import write_atomic

if TYPE_CHECKING:
    from torch import nn

MADE_FROM = "weights_sha256"
"""Entry of the file's metadata: the SHA-256 of the weights file that the backbone was made from."""


def quantise(network: SiameseNetwork, crops: Iterable[NDArray[np.uint8]], target: Path, weights: Path) -> Path:
    """Write a network's backbone in int8, for `quantised` in a tracker's file.

    Args:
        network: with its weights.
        crops: search regions to measure ranges on, shape (side, side, 3), RGB.
        target: ends in .onnx.
        weights: the file that the network was read from; whoever loads the result must have the same.

    Raises:
        InputError: wrong suffix, no such folder, or no crops.
        MissingDependencyError: onnx or onnxruntime is not installed.
    """
    if target.suffix != ".onnx":
        raise InputError(f"{target}: backbones in int8 are ONNX files; give a path that ends in .onnx.")
    if not target.parent.is_dir():
        raise InputError(f"{target}: no such folder {target.parent}; make it first.")
    try:
        import onnx
        from onnxruntime.quantization import CalibrationDataReader, QuantFormat, QuantType, quantize_static
    except ModuleNotFoundError as error:
        raise MissingDependencyError(error.name or "onnx", "onnx", "quantising a network") from error
    folded = fold_batch_norm(network).cpu().float()
    backbone: nn.Module = folded.backbone

    class Reader(CalibrationDataReader):  # type: ignore[misc]
        def __init__(self) -> None:
            self._left = iter(_inputs(folded, crops))

        def get_next(self) -> dict[str, NDArray[np.float32]] | None:
            return next(self._left, None)

    with tempfile.TemporaryDirectory() as folder:
        exact, rounded = Path(folder) / "exact.onnx", Path(folder) / "rounded.onnx"
        exact.write_bytes(backbone_graph(backbone))
        logger = logging.getLogger()
        level = logger.level
        logger.setLevel(logging.ERROR)  # it advises to prepare graphs in ways that make no difference here
        try:
            quantize_static(
                str(exact),
                str(rounded),
                Reader(),
                quant_format=QuantFormat.QDQ,
                per_channel=True,
                reduce_range=True,
                activation_type=QuantType.QUInt8,
                weight_type=QuantType.QInt8,
            )
        finally:
            logger.setLevel(level)
        model: Any = onnx.load(str(rounded))
    onnx.helper.set_model_props(model, {MADE_FROM: hash_of(weights)})
    write_atomic(target, model.SerializeToString())
    return target


def _inputs(network: SiameseNetwork, crops: Iterable[NDArray[np.uint8]]) -> Iterator[dict[str, NDArray[np.float32]]]:
    """Crops as the backbone takes them, one at a time."""
    for crop in crops:
        images = torch.from_numpy(np.ascontiguousarray(crop)).permute(2, 0, 1)[None].float()
        yield {INPUT: network.preprocess(images).contiguous().numpy()}


def check_origin(quantised: Path, weights: Path) -> None:
    """Whether a backbone in int8 was made from a weights file.

    Raises:
        InputError: it was not, or is no such file.
        MissingDependencyError: onnx is not installed.
    """
    try:
        import onnx
    except ModuleNotFoundError as error:
        raise MissingDependencyError("onnx", "onnx", "int8") from error
    try:
        entries = onnx.load(str(quantised), load_external_data=False).metadata_props
    except Exception as error:  # whatever damaged bytes raise in the parser
        raise InputError(f"{quantised}: not a readable ONNX file ({type(error).__name__}). Make it anew.") from error
    made_from = {entry.key: entry.value for entry in entries}.get(MADE_FROM)
    if made_from != hash_of(weights):
        raise InputError(
            f"{quantised}: not made from {weights}. Make it anew with: "
            f"siamfc-eval export int8 TRACKER {quantised.name} --crops FOLDER"
        )


def hash_of(path: Path) -> str:
    """SHA-256 of a file."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
