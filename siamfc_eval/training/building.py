"""From a validated configuration to what the loop needs: sampler, network, optimiser, clips."""

from __future__ import annotations

import dataclasses
from itertools import chain
from pathlib import Path
from typing import Any

import torch
from torch import nn
from torch.optim.lr_scheduler import LRScheduler

from siamfc_eval.datasets.load import load_dataset
from siamfc_eval.datasets.sequence import Sequence
from siamfc_eval.errors import InputError
from siamfc_eval.models.siamese import SiameseNetwork
from siamfc_eval.training.configuration import TrainingConfiguration, ValidationSection
from siamfc_eval.training.data.clips import clip_of_stills, clip_of_track
from siamfc_eval.training.data.material import is_listed, read_curated_crops, read_material, read_stills
from siamfc_eval.training.data.pairs import Augmentation, PairComposer
from siamfc_eval.training.data.photometric import Photometric
from siamfc_eval.training.data.sampling import PairSampler, Source
from siamfc_eval.training.data.tracks import Material, Track
from siamfc_eval.training.schedules import build_schedule


def build_augmentation(configuration: TrainingConfiguration) -> Augmentation:
    """The augmentation that a configuration declares.

    Raises:
        InputError: a strength that there is not.
    """
    for section, kind in ((configuration.photometric, Photometric), (configuration.augmentation, Augmentation)):
        known = {field.name for field in dataclasses.fields(kind)} - {"photometric"}
        unknown = sorted(set(section) - known)
        if unknown:
            raise InputError(
                f"training '{configuration.name}': {kind.__name__.lower()} has no {', '.join(unknown)}. "
                f"Known: {', '.join(sorted(known))}."
            )
    photometric = Photometric(**configuration.photometric)
    return Augmentation(photometric=photometric, **configuration.augmentation)


def build_sampler(configuration: TrainingConfiguration, data: Path, stride: int) -> PairSampler:
    """The sampler of a training; what validates is never sampled.

    Args:
        configuration: the training.
        data: folder that relative paths start from.
        stride: total stride of the network.
    """
    validation = configuration.validation
    held_out = validation.tracks + ((validation.still_pattern,) if validation.still_pattern else ())
    sources = []
    for section in configuration.sources:
        material = read_material(section, data, held_out)
        if section.stills_share > 0.0 and material.tracks:
            paths = tuple(dict.fromkeys(path for track in material.tracks for path in track.images))
            loose = Material(f"{section.name} as stills", stills=paths)
            weight = section.weight * section.stills_share
            sources.append(Source(loose, weight, 0, window=section.window, aspect=section.aspect))
        share = section.weight * (1.0 - section.stills_share)
        sources.append(Source(material, share, section.gap, section.negatives, section.window, section.aspect))
    crops, bank = configuration.crops, configuration.bank
    search = crops.search + (bank.margin if bank.pairs else 0)
    reach = (search - crops.exemplar) / 2.0 // stride * stride
    composer = PairComposer(build_augmentation(configuration), crops.exemplar, search, reach)
    loop = configuration.loop
    return PairSampler(sources, composer, loop.seed, loop.cache_mb * 2**20)


def build_optimiser(
    configuration: TrainingConfiguration, model: SiameseNetwork, objective: nn.Module
) -> tuple[torch.optim.Optimizer, LRScheduler]:
    """The optimiser over the backbone, the rest of the network and what the loss itself learns, and its schedule."""
    setting = configuration.optimiser
    backbone = list(model.backbone.parameters())
    known = {id(parameter) for parameter in backbone}
    rest = [parameter for parameter in model.parameters() if id(parameter) not in known]
    groups: list[dict[str, Any]] = [
        {"params": backbone, "lr": setting.rate * setting.backbone_rate},
        {"params": rest},
        {"params": list(objective.parameters()), "weight_decay": 0.0},
    ]
    learned = [group for group in groups if group["params"]]
    optimiser: torch.optim.Optimizer
    if setting.kind == "adamw":
        betas = (setting.momentum, 0.999)
        optimiser = torch.optim.AdamW(learned, lr=setting.rate, betas=betas, weight_decay=setting.weight_decay)
    else:
        optimiser = torch.optim.SGD(
            learned, lr=setting.rate, momentum=setting.momentum, weight_decay=setting.weight_decay
        )
    schedule = build_schedule(
        optimiser,
        setting.schedule,
        configuration.loop.steps,
        final=setting.final,
        warmup=setting.warmup,
        every=setting.every,
        factor=setting.factor,
        milestones=setting.milestones,
    )
    return optimiser, schedule


def freeze_backbone(model: SiameseNetwork, is_frozen: bool) -> None:
    """Stop or resume learning in the backbone, its running statistics included."""
    for parameter in model.backbone.parameters():
        parameter.requires_grad_(not is_frozen)
    model.backbone.train(not is_frozen)


def build_clips(configuration: TrainingConfiguration, data: Path) -> list[Sequence]:
    """The held-out clips, the same for every training with the same [validation] section."""
    setting = configuration.validation
    return [*chain(_track_clips(setting, data), _still_clips(setting, data), _sequences(setting, data))]


def held_out_tracks(setting: ValidationSection, data: Path) -> list[Track]:
    """The tracks of curated crops that validate.

    Raises:
        InputError: there are none of these names.
    """
    tracks = read_curated_crops(data / setting.source, "validation").tracks
    held = [track for track in tracks if is_listed(track.name, setting.tracks)]
    if not held:
        raise InputError(f"validation.tracks: {', '.join(setting.tracks)} match no track of {data / setting.source}.")
    return held


def held_out_stills(setting: ValidationSection, data: Path) -> list[Path]:
    """The stills that validate.

    Raises:
        InputError: there are fewer than two.
    """
    folder = data / setting.stills
    stills = read_stills(folder, "validation").stills
    held = [path for path in stills if is_listed(path.relative_to(folder).as_posix(), (setting.still_pattern,))]
    if len(held) < 2:
        raise InputError(
            f"validation.still_pattern: '{setting.still_pattern}' matches {len(held)} stills of {folder}; 2 are needed."
        )
    return held


def _track_clips(setting: ValidationSection, data: Path) -> list[Sequence]:
    if not setting.tracks:
        return []
    clips = []
    for track in held_out_tracks(setting, data):
        room = max(len(track) - setting.frames, 0)
        count = min(setting.clips_per_track, 1 + room // max(setting.frames // 2, 1))
        starts = [round(room * k / max(count - 1, 1)) for k in range(count)]
        clips += [clip_of_track(track, start, setting.frames, seed=0) for start in starts]
    return clips


def _still_clips(setting: ValidationSection, data: Path) -> list[Sequence]:
    if not setting.still_clips:
        return []
    held = held_out_stills(setting, data)
    return [clip_of_stills(held, number, setting.frames, seed=0) for number in range(setting.still_clips)]


def _sequences(setting: ValidationSection, data: Path) -> list[Sequence]:
    if not setting.sequences:
        return []
    return [sequence for sequence in load_dataset(data / setting.sequences) if sequence.frames is not None]
