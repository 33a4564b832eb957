"""The one file that declares a training, validated: experiments/trainings/train_*.toml."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from siamfc_eval.catalogue import catalogue_folder, catalogue_names
from siamfc_eval.errors import InputError, near_names
from siamfc_eval.storage.reading import read_toml
from siamfc_eval.storage.validation import explain_validation
from siamfc_eval.training.schedules import ScheduleKind

CATALOGUE = "experiments/trainings"
"""Kind of definition under which the catalogue has trainings."""
PLAIN_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._+-]*")


class _Section(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class ModelSection(_Section):
    """The network and the weights that it starts from (random ones if none of the three files is named)."""

    name: str
    """Known name, see `siamfc-eval list models`."""
    options: dict[str, Any] = Field(default_factory=dict)
    """Options of that model, e.g. channels."""
    weights: str = ""
    """Weights of this same network, in any layout that can be loaded: a file, or NAME for trackers/NAME.safetensors.
    Options are then the file's."""
    backbone_weights: str = ""
    """Weights of the backbone alone, of a classifier or of another tracker: .pth or .safetensors with torchvision's or
    the backbone's own names, or NAME for trackers/NAME.safetensors."""
    widen_from: str = ""
    """Weights of a narrower trained SiamFC to start from: a file, or NAME for trackers/NAME.safetensors."""
    widen_noise: float = Field(default=0.3, ge=0.0)
    """Noise on the copied kernels, over their own standard deviation."""

    @model_validator(mode="after")
    def _one_start(self) -> ModelSection:
        if sum(map(bool, (self.weights, self.backbone_weights, self.widen_from))) > 1:
            raise ValueError("only one of weights, backbone_weights and widen_from can be the start")
        return self


class CropSection(_Section):
    """Sizes of the crops in pixels."""

    exemplar: int = Field(default=127, ge=32)
    search: int = Field(default=255, ge=64)

    @model_validator(mode="after")
    def _search_is_larger(self) -> CropSection:
        if self.search <= self.exemplar:
            raise ValueError(f"search {self.search} must be larger than exemplar {self.exemplar}")
        return self


class SourceSection(_Section):
    """One source of training pairs."""

    name: str
    kind: Literal["crops", "pysot-crops", "stills", "dataset"]
    """crops: folders of crops with an index.json. pysot-crops: crop511 folders with their train.json (ILSVRC-VID and
    -DET, YouTube-BB, COCO, LaSOT, GOT-10k as pysot and SiamDW curate them). stills: any images. dataset: a tracking
    data set as distributed (GOT-10k, LaSOT, TrackingNet, ILSVRC-VID, any that `siamfc-eval check dataset` reads)."""
    path: str
    """Folder; a relative one is below --data."""
    annotations: str = ""
    """pysot-crops: the JSON file, relative to `path`; default train.json."""
    layout: str = ""
    """dataset: its layout, where it cannot be recognised; "ilsvrc-vid" reads that data set's XML."""
    weight: float = Field(default=1.0, ge=0.0)
    gap: int = Field(default=100, ge=0)
    """Largest distance in frames between the two crops of a pair."""
    exclude: tuple[str, ...] = ()
    """Names (or shell patterns) of tracks or stills that are left out."""
    window: tuple[float, float] = (20.0, 0.5)
    """Smallest target in pixels and largest as a share of the shorter side, where targets are made up (stills)."""
    aspect: float = Field(default=0.45, ge=0.0, le=2.0)
    """Spread of the logarithm of their aspect ratio; boxes are learned from targets of many shapes."""
    negatives: float = Field(default=0.0, ge=0.0, le=1.0)
    """Share of pairs whose search crop shows another target of this source."""
    stills_share: float = Field(default=0.0, ge=0.0, le=1.0)
    """Share of a source of tracks whose images serve as stills: any window of them as a target."""


class LossSection(_Section):
    """What is minimised: of networks with response maps first, then of networks with anchors."""

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
    """Width in pixels of the Gaussian that the cross-entropy aims at."""
    teacher: str = ""
    """Weights of a trained SiamFC whose responses are learned too: a file, or NAME for trackers/NAME.safetensors."""
    teacher_weight: float = Field(default=1.0, gt=0.0)
    """Weight of the loss against the teacher's responses."""
    anchor_scales: tuple[float, ...] = (8.0,)
    anchor_ratios: tuple[float, ...] = (0.33, 0.5, 1.0, 2.0, 3.0)
    positive_overlap: float = Field(default=0.6, gt=0.0, le=1.0)
    """Anchors that overlap the target at least so much are positive."""
    negative_overlap: float = Field(default=0.3, ge=0.0, lt=1.0)
    """Anchors that overlap it at most so much are negative; those between do not count."""
    best_anchors: int = Field(default=0, ge=0)
    """So many anchors of a pair, those that overlap the target most, are positive whatever they overlap. Without them
    a target much larger or smaller than its exemplar has no positive anchor, and its size is not learned."""
    positives: int = Field(default=16, ge=1)
    """Positive anchors that count in one pair, at most."""
    anchors: int = Field(default=64, ge=2)
    """All anchors that count in one pair, at most."""
    location: float = Field(default=1.2, ge=0.0)
    """Weight of the smooth-L1 loss of the boxes, relative to the classification's 1 (pysot)."""
    box_loss: Literal["none", "giou", "diou"] = "none"
    """Loss of the decoded boxes that is added: 1 - GIoU or 1 - DIoU on positive anchors."""
    box_weight: float = Field(default=1.0, gt=0.0)
    """Its weight, relative to the classification's 1."""
    scores_overlap: bool = False
    """A positive anchor's score aims at how much its decoded box overlaps the target, and not at 1, so that among
    anchors which all show the target the best box has the best score (as Zhang et al. 2021, VarifocalNet)."""
    hard_negatives: float = Field(default=0.0, ge=0.0, le=1.0)
    """Share of a pair's negative anchors that are those which the network takes for the target most; the others are
    drawn."""


class OptimiserSection(_Section):
    """The optimiser and its schedule, in optimiser steps."""

    kind: Literal["sgd", "adamw"] = "sgd"
    """SGD with momentum, or AdamW (Loshchilov & Hutter 2019), whose steps do not depend on the size of gradients."""
    rate: float = Field(default=1e-2, gt=0.0)
    momentum: float = Field(default=0.9, ge=0.0, lt=1.0)
    weight_decay: float = Field(default=5e-4, ge=0.0)
    clip: float = Field(default=0.0, ge=0.0)
    """Largest norm of the gradient; 0 clips nothing."""
    schedule: ScheduleKind = "log"
    final: float = Field(default=1e-3, gt=0.0)
    """Last rate over first rate (log, linear, cosine)."""
    warmup: int = Field(default=0, ge=0)
    """Steps in front in which the rate grows to its first value."""
    every: int = Field(default=1, ge=1)
    """step: steps between two cuts of the rate."""
    factor: float = Field(default=0.1, gt=0.0)
    """step, multi-step: what a cut multiplies the rate by."""
    milestones: tuple[int, ...] = ()
    """multi-step: the steps of the cuts."""
    backbone_rate: float = Field(default=1.0, gt=0.0)
    """Rate of the backbone over the rate of everything else."""
    backbone_from: int = Field(default=0, ge=0)
    """The backbone is frozen before this step."""


class LoopSection(_Section):
    """How long, how and with what."""

    steps: int = Field(ge=1)
    """Optimiser steps."""
    batch: int = Field(default=8, ge=1)
    """Pairs per batch, on each device."""
    accumulate: int = Field(default=1, ge=1)
    """Batches per optimiser step."""
    seed: int = Field(default=0, ge=0)
    workers: int = Field(default=1, ge=0)
    """Processes that make pairs; 0 makes them in the training process."""
    threads: int = Field(default=0, ge=0)
    """CPU threads of the network; 0 takes torch's own choice."""
    cache_mb: int = Field(default=0, ge=0)
    """Decoded images kept per worker."""
    average: float = Field(default=0.0, ge=0.0, lt=1.0)
    """Decay of the moving average of the weights; 0 averages nothing."""
    precision: Literal["float32", "bfloat16", "float16"] = "float32"
    log_every: int = Field(default=20, ge=1)
    save_every: int = Field(default=0, ge=0)
    """Steps between two writings of last.pt; 0: as many as take a minute, as measured. It is written at the end, and
    when a signal asks to end, in any case."""
    keep_every: int = Field(default=0, ge=0)
    """Steps between checkpoints that are kept under their own name; 0 keeps none."""
    broken_limit: int = Field(default=100, ge=0)
    """Unreadable images that are skipped before the training stops."""


class BankSection(_Section):
    """Features of pairs that are computed once and learned from many times, where the backbone is frozen."""

    pairs: int = Field(default=0, ge=0)
    """Pairs that are drawn once; 0: each step has new ones, which pass through the backbone."""
    margin: int = Field(default=32, ge=0)
    """Pixels that their search crops are larger than crops.search, a multiple of the stride. At each use another window
    of their cells is taken, which is the same as a crop that is shifted by as many strides."""


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
    sequences: str = ""
    """A data set as distributed whose sequences are tracked too; keep it apart from what is trained on."""
    frames: int = Field(default=40, ge=2)
    """Frames per clip."""
    clips_per_track: int = Field(default=1, ge=1)
    parameters: dict[str, Any] = Field(default_factory=dict)
    """Hyper-parameters of the tracker that validates, where they differ from its family's defaults."""

    @model_validator(mode="after")
    def _has_clips(self) -> ValidationSection:
        if self.every and not (self.tracks or self.still_clips or self.sequences):
            raise ValueError("every is set, but there is nothing to validate on: name tracks, still_clips or sequences")
        return self


class TrainingConfiguration(_Section):
    """A whole training."""

    name: str = Field(pattern=f"^{PLAIN_NAME.pattern}$")
    """Name of the trained tracker; names the files that are written."""
    model: ModelSection
    crops: CropSection = CropSection()
    sources: tuple[SourceSection, ...] = Field(min_length=1)
    augmentation: dict[str, float] = Field(default_factory=dict)
    """Fields of `siamfc_eval.training.data.pairs.Augmentation` that differ from the defaults."""
    photometric: dict[str, float] = Field(default_factory=dict)
    """The same of `siamfc_eval.training.data.photometric.Photometric`."""
    loss: LossSection = LossSection()
    optimiser: OptimiserSection = OptimiserSection()
    loop: LoopSection
    bank: BankSection = BankSection()
    validation: ValidationSection = ValidationSection()

    def with_workers(self, workers: int) -> TrainingConfiguration:
        """The same training with so many processes that make pairs; the pairs are the same."""
        return self.model_copy(update={"loop": self.loop.model_copy(update={"workers": workers})})

    @model_validator(mode="after")
    def _warm_up_ends(self) -> TrainingConfiguration:
        if self.optimiser.warmup >= self.loop.steps:
            raise ValueError(f"optimiser.warmup {self.optimiser.warmup} is not below loop.steps {self.loop.steps}")
        return self

    @model_validator(mode="after")
    def _bank_stays_true(self) -> TrainingConfiguration:
        pairs, frozen, loop = self.bank.pairs, self.optimiser.backbone_from, self.loop
        if pairs and frozen < loop.steps:
            raise ValueError(
                f"bank.pairs is {pairs}, but the backbone learns from step {frozen} on, so that features which were "
                f"computed once would no longer be its own. Freeze it with optimiser.backbone_from = {loop.steps}, or "
                "set bank.pairs to 0"
            )
        if 0 < pairs < loop.batch:
            raise ValueError(f"bank.pairs {pairs} is less than one batch, loop.batch {loop.batch}")
        return self


def _over(base: dict[str, Any], values: dict[str, Any]) -> dict[str, Any]:
    """`values` laid over `base`, section by section; lists are replaced whole."""
    merged = dict(base)
    for key, value in values.items():
        below = merged.get(key)
        merged[key] = _over(below, value) if isinstance(below, dict) and isinstance(value, dict) else value
    return merged


def _read_values(path: Path, above: tuple[Path, ...] = ()) -> dict[str, Any]:
    """What a file and those that it extends declare; `above` are the files that extend this one."""
    if path.resolve() in above:
        circle = [*above[above.index(path.resolve()) :], path]
        raise InputError(
            f"{path}: extends itself. Name another file; to extend the catalogue's training of that name, rename yours."
            if len(circle) == 2
            else f"{path}: files that extend each other: {' -> '.join(file.name for file in circle)}. "
            "Take `extends` out of one of them."
        )
    values = read_toml(path, "training file")
    base = values.pop("extends", None)
    if base is None:
        return values
    below = _read_values(_find_base(path, base), (*above, path.resolve()))
    below.pop("name", None)  # what lies over another training is another training
    return _over(below, values)


def _find_base(path: Path, base: object) -> Path:
    """The file that another one extends: of that name in the same folder, or else in the catalogue."""
    name = base.removesuffix(".toml") if isinstance(base, str) else ""
    if not PLAIN_NAME.fullmatch(name):
        raise InputError(
            f"{path}: extends = {base!r}: expected the name of another training file, without its folder: one next to "
            f"this file, or one of {', '.join(catalogue_names(CATALOGUE))}."
        )
    folders = (path.parent, catalogue_folder(CATALOGUE))
    for folder in folders:
        if (folder / f"{name}.toml").is_file():
            return folder / f"{name}.toml"
    looked = " and ".join(f"{folder.resolve()}" for folder in folders)
    near = near_names(name, catalogue_names(CATALOGUE)) or catalogue_names(CATALOGUE)
    raise InputError(
        f"{path}: extends = {base!r}: no file {name}.toml. Looked in {looked}. Nearest in the catalogue: "
        f"{', '.join(near)}."
    )


def read_configuration(path: Path) -> TrainingConfiguration:
    """Read and validate a training file, and the one that it `extends`: a name, in the same folder or the catalogue.

    A file that declares no `name` has its own without ".toml", not that of the file which it extends.

    Raises:
        InputError: the file is missing, is no TOML, extends itself or what is not there, or a field is unknown,
            missing or out of range; names the field.
    """
    values = {"name": path.stem, **_read_values(path)}
    try:
        return TrainingConfiguration.model_validate(values)
    except ValidationError as error:
        raise InputError(explain_validation(error, str(path), TrainingConfiguration)) from error


def data_folder(configuration: TrainingConfiguration, data: Path | None) -> Path:
    """The folder that relative paths of a training start from.

    Args:
        configuration: the training.
        data: what was given as --data; None where nothing was.

    Raises:
        InputError: nothing was given and a path is relative, or there is no such folder.
    """
    validation = configuration.validation
    held_out = (validation.source, validation.stills, validation.sequences) if validation.every else ()
    paths = [*(source.path for source in configuration.sources), *filter(None, held_out)]
    relative = list(dict.fromkeys(path for path in paths if not Path(path).is_absolute()))
    if data is None and relative:
        raise InputError(
            f"training '{configuration.name}': its material is in {', '.join(relative)}, below a folder that --data "
            "names. Give --data FOLDER, or absolute paths in the training file."
        )
    if data is not None and not data.is_dir():
        raise InputError(f"{data}: no such folder, which --data names. Expected in it: {', '.join(relative)}.")
    return data if data is not None else Path()
