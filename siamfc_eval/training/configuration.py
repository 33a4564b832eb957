"""The one file that declares a training, validated: experiments/train_*.toml."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from siamfc_eval.errors import InputError


class _Section(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class ModelSection(_Section):
    """The network."""

    name: str
    """Known name, see `siamfc-eval list models`."""
    options: dict[str, Any] = Field(default_factory=dict)
    """Options of that model, e.g. channels."""
    widen_from: str = ""
    """Weights of a narrower trained network to start from: a file, or NAME for trackers/NAME.safetensors."""
    widen_noise: float = Field(default=0.3, ge=0.0)
    """Noise on the copied kernels, over their own standard deviation."""


class CropSection(_Section):
    """Sizes of the crops."""

    exemplar: int = Field(default=127, ge=32)
    search: int = Field(default=255, ge=64)


class SourceSection(_Section):
    """One source of training pairs."""

    name: str
    kind: Literal["crops", "stills", "dataset"]
    path: str
    """Folder; relative paths are below --data."""
    weight: float = Field(default=1.0, ge=0.0)
    gap: int = Field(default=100, ge=0)
    exclude: tuple[str, ...] = ()
    """Names (or glob patterns) of tracks or stills that are left out."""
    window: tuple[float, float] = (20.0, 0.5)
    negatives: float = Field(default=0.0, ge=0.0, le=1.0)
    stills_share: float = Field(default=0.0, ge=0.0, le=1.0)
    """Share of a crops source whose images serve as stills: any window of them as a target."""


class LossSection(_Section):
    """What is minimised."""

    kind: Literal["balanced-logistic", "soft-margin", "focal"] = "balanced-logistic"
    radius: float = Field(default=16.0, gt=0.0)
    """Pixels around the target within which a position is positive."""
    bias: float = 0.0
    """Start of the learned bias that is added to all responses in the loss; 0: there is none."""
    batch_negatives: float = Field(default=0.0, ge=0.0)
    """Weight of the loss of exemplars in other targets' search crops."""
    contrast: float = Field(default=0.0, ge=0.0)
    """Weight of the cross-entropy over all positions of all search crops."""
    contrast_sigma: float = Field(default=8.0, gt=0.0)


class OptimiserSection(_Section):
    """SGD with momentum and its schedule."""

    rate: float = Field(default=1e-2, gt=0.0)
    momentum: float = Field(default=0.9, ge=0.0, lt=1.0)
    weight_decay: float = Field(default=5e-4, ge=0.0)
    clip: float = Field(default=0.0, ge=0.0)
    """Largest norm of the gradient; 0 clips nothing."""
    schedule: Literal["constant", "log", "step", "multi-step", "linear", "cosine"] = "log"
    final: float = Field(default=1e-3, gt=0.0)
    """Last rate over first rate."""
    warmup: int = Field(default=0, ge=0)
    every: int = Field(default=1, ge=1)
    factor: float = Field(default=0.1, gt=0.0)
    milestones: tuple[int, ...] = ()


class LoopSection(_Section):
    """How long, how and with what."""

    steps: int = Field(ge=1)
    batch: int = Field(default=8, ge=1)
    accumulate: int = Field(default=1, ge=1)
    seed: int = 0
    workers: int = Field(default=1, ge=0)
    threads: int = Field(default=0, ge=0)
    """CPU threads of the network; 0 takes torch's own choice."""
    cache_mb: int = Field(default=0, ge=0)
    """Decoded images kept per worker."""
    average: float = Field(default=0.0, ge=0.0, lt=1.0)
    """Decay of the moving average of the weights; 0 averages nothing."""
    log_every: int = Field(default=20, ge=1)
    save_every: int = Field(default=500, ge=1)


class ValidationSection(_Section):
    """Held-out clips that the best checkpoint is chosen on, by tracking them."""

    every: int = Field(default=0, ge=0)
    """Steps between validations; 0 never validates."""
    start: int = Field(default=0, ge=0)
    """No validation before this step."""
    source: str = ""
    """Folder of curated crops, relative to --data."""
    tracks: tuple[str, ...] = ()
    """Tracks of it; each is excluded from training."""
    stills: str = ""
    """Folder of stills that are animated."""
    still_pattern: str = ""
    """Which of them; each is excluded from training."""
    still_clips: int = Field(default=0, ge=0)
    frames: int = Field(default=40, ge=2)
    """Frames per clip."""
    clips_per_track: int = Field(default=1, ge=1)


class TrainingConfiguration(_Section):
    """A whole training."""

    name: str
    """Name of the trained tracker; names the files that are written."""
    model: ModelSection
    crops: CropSection = CropSection()
    sources: tuple[SourceSection, ...]
    augmentation: dict[str, Any] = Field(default_factory=dict)
    """Fields of `siamfc_eval.training.pairs.Augmentation` that differ from the defaults."""
    photometric: dict[str, float] = Field(default_factory=dict)
    loss: LossSection = LossSection()
    optimiser: OptimiserSection = OptimiserSection()
    loop: LoopSection
    validation: ValidationSection = ValidationSection()

    @model_validator(mode="after")
    def _consistent(self) -> TrainingConfiguration:
        if not self.sources:
            raise ValueError("sources: at least one is needed")
        return self


def read_configuration(path: Path) -> TrainingConfiguration:
    """Read and validate a training file.

    Raises:
        InputError: the file is missing, is no TOML, or a field is unknown, missing or out of range; names the field.
    """
    try:
        values = tomllib.loads(path.read_text())
    except OSError as error:
        raise InputError(f"{path}: cannot read this training file ({error.strerror}).") from error
    except tomllib.TOMLDecodeError as error:
        raise InputError(f"{path}: not valid TOML ({error}).") from error
    try:
        return TrainingConfiguration.model_validate(values)
    except ValidationError as error:
        lines = [f"  {'.'.join(str(part) for part in item['loc'])}: {item['msg']}" for item in error.errors()]
        raise InputError(f"{path}: this training file does not fit:\n" + "\n".join(lines)) from error
