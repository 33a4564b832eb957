"""Networks out of weights files: layout detected, preprocessing set, nothing loaded in part without saying so."""

from __future__ import annotations

import json
import warnings
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from siamfc_eval.errors import InputError, UnknownNameError
from siamfc_eval.models.conversion import Conversion
from siamfc_eval.models.integrity import check_digest, usable_weights
from siamfc_eval.models.layouts import LAYOUTS, SOURCES, recognise
from siamfc_eval.models.matconvnet import read_matconvnet
from siamfc_eval.models.preprocessing import PLAIN_RGB, Preprocessing
from siamfc_eval.models.registry import ALIASES, build_model
from siamfc_eval.models.saving import FORMAT, OWN_KEYS, UNSIGNED_FORMAT
from siamfc_eval.models.siamese import SiameseNetwork
from siamfc_eval.models.weight_files import WeightFile, read_weight_file


@dataclass(frozen=True)
class Checkpoint:
    """A weights file, understood."""

    path: Path
    source: str
    """Project whose layout it has."""
    model: str
    """Known name of the network that it holds."""
    options: dict[str, Any]
    """Of that model."""
    preprocessing: Preprocessing
    """What the weights expect of the input."""
    tensors: dict[str, Tensor]
    """By our names, float32."""
    notes: tuple[str, ...] = ()
    """What was assumed or left out, for a person."""
    unused: tuple[str, ...] = ()
    """Names in the file that are deliberately not used."""
    metadata: Mapping[str, str] | None = None
    """Text metadata of our own files."""
    doubt: str = ""
    """Why no network is built of it although its tensors fit: two readings are possible. "" where one is."""


@dataclass(frozen=True)
class KeyDifference:
    """How a file's tensors differ from a model's."""

    missing: tuple[str, ...]
    """The model has them, the file does not."""
    unexpected: tuple[str, ...]
    """The file has them, the model does not."""
    reshaped: tuple[str, ...]
    """In both, with other shapes: "name (file 3x3, model 5x5)"."""

    def __bool__(self) -> bool:
        return bool(self.missing or self.unexpected or self.reshaped)

    def describe(self, most: int = 3) -> str:
        """The first names of each kind, with counts."""
        kinds = (("missing", self.missing), ("unexpected", self.unexpected), ("of other shape", self.reshaped))
        parts = []
        for kind, names in kinds:
            if names:
                more = f" and {len(names) - most} more" if len(names) > most else ""
                parts.append(f"{kind}: {', '.join(names[:most])}{more}")
        return "; ".join(parts)


def read_checkpoint(path: str | Path, source: str | None = None, key: str | None = None) -> Checkpoint:
    """Understand a weights file without building its network.

    Args:
        path: .safetensors (ours or any), .pth/.pt/.model (torch.save), .h5 (SiamVGG), .mat (MatConvNet).
        source: project that wrote it, where the layout alone leaves a doubt; one of `layouts.SOURCES`.
        key: where in a file of torch.save the tensors are, e.g. "ema"; None: under the usual keys.

    Raises:
        InputError: absent, corrupt, unsafe or unknown layout; the message names the first keys that were found.
        UnknownNameError: no such source.
    """
    path = Path(path).expanduser()
    if source is not None and source not in SOURCES:
        raise UnknownNameError("checkpoint source", source, SOURCES)
    if path.suffix == ".mat":
        if key is not None:
            raise InputError(f"{path}: has no keys to choose '{key}' from; --weights-key is for what torch.save wrote")
        return _checkpoint(WeightFile(path, {}), "matconvnet", PLAIN_RGB, read_matconvnet(path))
    file = read_weight_file(path, key)
    if sum(name in file.metadata for name in OWN_KEYS) > 1:
        return _own(file)
    recognised = recognise(file, source)
    if recognised is None:
        known = "; ".join(f"{layout.source}: {layout.hint}" for layout in LAYOUTS if not layout.only_by_name)
        as_source = f" that {source} writes" if source else ""
        raise InputError(
            f"{path}: {len(file.tensors)} tensors in no layout{as_source} known here. First names found: "
            f"{', '.join(list(file.tensors)[:4])}. Known layouts: {known}"
        )
    part, layout = recognised
    return _checkpoint(part, layout.source, layout.preprocessing, layout.convert(part))


def _checkpoint(file: WeightFile, source: str, preprocessing: Preprocessing, found: Conversion) -> Checkpoint:
    return Checkpoint(
        file.path,
        source,
        found.model,
        found.options,
        found.preprocessing or preprocessing,
        usable_weights(file.path, found.tensors),
        file.notes + found.notes,
        file.unused + found.unused,
        doubt=found.doubt,
    )


def _own(file: WeightFile) -> Checkpoint:
    kind = file.metadata.get("format")
    if kind not in (FORMAT, UNSIGNED_FORMAT):
        raise InputError(
            f"{file.path}: its metadata are damaged, or a newer version wrote it (format {kind!r}, expected {FORMAT}); "
            "fetch it again or update siamfc-eval"
        )
    if kind == FORMAT:
        check_digest(file.path, file.tensors, file.metadata)
    try:
        model = file.metadata["model"]
        options = json.loads(file.metadata.get("options", "{}"))
        preprocessing = Preprocessing.from_dict(json.loads(file.metadata.get("preprocessing", "{}")))
    except (KeyError, ValueError) as error:
        raise InputError(f"{file.path}: its metadata are damaged ({error!r}); convert or train it anew") from error
    if not isinstance(options, dict):
        raise InputError(f"{file.path}: its metadata are damaged (options {options!r}); convert or train it anew")
    tensors = usable_weights(file.path, file.tensors)
    return Checkpoint(file.path, "siamfc-eval", model, options, preprocessing, tensors, metadata=file.metadata)


def compare_keys(tensors: Mapping[str, Tensor], expected: Mapping[str, Tensor]) -> KeyDifference:
    """How tensors of a file differ from a model's state; counters of batches may be absent."""
    missing = [name for name in expected if name not in tensors and not name.endswith("num_batches_tracked")]
    unexpected = [name for name in tensors if name not in expected]
    reshaped = [
        f"{name} (file {_shape(tensors[name])}, model {_shape(expected[name])})"
        for name in expected
        if name in tensors and tensors[name].shape != expected[name].shape
    ]
    return KeyDifference(tuple(missing), tuple(unexpected), tuple(reshaped))


def _shape(tensor: Tensor) -> str:
    return "x".join(map(str, tensor.shape)) or "scalar"


def load_model(
    path: str | Path,
    name: str | None = None,
    *,
    source: str | None = None,
    key: str | None = None,
    device: str | torch.device = "cpu",
    preprocessing: Preprocessing | None = None,
) -> SiameseNetwork:
    """The network that a weights file holds, in evaluation mode.

    Args:
        path: see `read_checkpoint`.
        name: the model that it must be; None takes what it is.
        source, key: see `read_checkpoint`.
        device: where the network goes.
        preprocessing: instead of the source's own.

    Warns:
        UserWarning: what was assumed of the weights, e.g. whose they are; `read_checkpoint` has it as `notes`.

    Raises:
        InputError: see `read_checkpoint`; another model than asked for; tensors missing, left over or misshapen. The
            message names the first keys that differ.
    """
    checkpoint = read_checkpoint(path, source, key)
    network = build_from_checkpoint(checkpoint, name, device=device, preprocessing=preprocessing)
    for note in checkpoint.notes:
        warnings.warn(f"{checkpoint.path}: {note}", stacklevel=2)
    return network


def build_from_checkpoint(
    checkpoint: Checkpoint,
    name: str | None = None,
    *,
    device: str | torch.device = "cpu",
    preprocessing: Preprocessing | None = None,
) -> SiameseNetwork:
    """`load_model` for a checkpoint that is read already."""
    wanted, options = checkpoint.model, checkpoint.options
    if name is not None and ALIASES.get(name, name) != wanted:
        _refuse_other_model(checkpoint, name)
        # The same tensors under another known name, as SiamFC's without their scale are a SiamFC_.
        wanted, options = name, {}
    try:
        with torch.device("meta"):
            model = build_model(wanted, **options)
    except InputError as error:
        raise InputError(
            f"{checkpoint.path}: looks like {checkpoint.model} in {checkpoint.source}'s layout, but no network fits "
            f"its shapes ({error})"
        ) from error
    expected = model.state_dict()
    difference = compare_keys(checkpoint.tensors, expected)
    if difference:
        raise InputError(
            f"{checkpoint.path}: looks like {checkpoint.model} in {checkpoint.source}'s layout, but its tensors are "
            f"not that network's: {difference.describe()}. Nothing was loaded"
        )
    if checkpoint.doubt:
        raise InputError(checkpoint.doubt)
    model.load_state_dict(_complete(checkpoint.tensors, expected), assign=True)
    model.set_preprocessing(preprocessing or checkpoint.preprocessing)
    return model.to(device).eval()


def _complete(tensors: Mapping[str, Tensor], expected: Iterable[str]) -> dict[str, Tensor]:
    """The tensors, with counters of batches that the file lacks; copies, so that no two models share them."""
    return {name: tensors[name].clone() if name in tensors else torch.tensor(0) for name in expected}


def _refuse_other_model(checkpoint: Checkpoint, name: str) -> None:
    """Refuse tensors that are not those of a model asked for by name."""
    with torch.device("meta"):
        asked = build_model(name)
    difference = compare_keys(checkpoint.tensors, asked.state_dict())
    if difference:
        raise InputError(
            f"{checkpoint.path}: holds a {checkpoint.model} ({checkpoint.source}'s layout), not a {name}. First keys "
            f"that differ: {difference.describe()}. Choose the model {checkpoint.model} or another file"
        )


@dataclass(frozen=True)
class LoadReport:
    """What `load_weights` did."""

    checkpoint: Checkpoint
    loaded: int
    """Number of tensors that were loaded."""
    difference: KeyDifference
    """What did not fit; empty unless a partial load was asked for."""


def load_weights(
    model: SiameseNetwork, path: str | Path, *, source: str | None = None, partial: bool = False
) -> LoadReport:
    """Fill a model that exists with a file's weights, in place, and set the preprocessing that they expect.

    Args:
        model: to fill; its device and mode stay.
        path, source: see `read_checkpoint`.
        partial: load what fits by name and shape and report the rest (to start a training from another network).

    Raises:
        InputError: see `read_checkpoint`; tensors missing, left over or misshapen and `partial` is False, or nothing
            fits at all.
    """
    checkpoint = read_checkpoint(path, source)
    state = model.state_dict()
    difference = compare_keys(checkpoint.tensors, state)
    fitting = {name: t for name, t in checkpoint.tensors.items() if name in state and state[name].shape == t.shape}
    if difference and not (partial and fitting):
        raise InputError(
            f"{checkpoint.path}: holds a {checkpoint.model} ({checkpoint.source}'s layout) that does not fit this "
            f"{model.name or type(model).__name__}: {difference.describe()}. Nothing was loaded"
        )
    model.load_state_dict(fitting, strict=False)
    model.set_preprocessing(checkpoint.preprocessing)
    return LoadReport(checkpoint, len(fitting), difference)
