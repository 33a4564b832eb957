"""From a validated configuration to what the loop needs: sampler, network, clips."""

from __future__ import annotations

import dataclasses
from pathlib import Path

from siamfc_eval.catalogue import catalogue_folder
from siamfc_eval.datasets.sequence import Sequence
from siamfc_eval.errors import InputError
from siamfc_eval.models.checkpoints import load_model
from siamfc_eval.models.siamese import FullyConvolutional
from siamfc_eval.training.clips import clip_of_stills, clip_of_track
from siamfc_eval.training.configuration import ModelSection, SourceSection, TrainingConfiguration
from siamfc_eval.training.material import is_listed, read_curated_crops, read_stills
from siamfc_eval.training.pairs import Augmentation, PairComposer
from siamfc_eval.training.photometric import Photometric
from siamfc_eval.training.sampling import PairSampler, Source
from siamfc_eval.training.tracks import Material
from siamfc_eval.training.widening import widen


def _build_augmentation(configuration: TrainingConfiguration) -> Augmentation:
    try:
        photometric = Photometric(**configuration.photometric)
        return dataclasses.replace(Augmentation(), photometric=photometric, **configuration.augmentation)
    except TypeError as error:
        known = [field.name for field in dataclasses.fields(Augmentation)]
        raise InputError(f"augmentation of '{configuration.name}': {error}. Known: {', '.join(known)}.") from error


def _read_source(section: SourceSection, data: Path, exclude: tuple[str, ...]) -> Material:
    folder = data / section.path
    left_out = section.exclude + exclude
    if section.kind == "crops":
        return read_curated_crops(folder, section.name, left_out)
    return read_stills(folder, section.name, left_out)


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
        material = _read_source(section, data, held_out)
        if section.kind == "crops" and section.stills_share > 0.0:
            paths = tuple(path for track in material.tracks for path in track.images)
            sources.append(
                Source(Material(section.name, (), paths), section.weight * section.stills_share, 0, 0.0, section.window)
            )
        share = section.weight * (1.0 - section.stills_share)
        sources.append(Source(material, share, section.gap, section.negatives, section.window))
    crops = configuration.crops
    reach = (crops.search - crops.exemplar) / 2.0 // stride * stride
    composer = PairComposer(_build_augmentation(configuration), crops.exemplar, crops.search, reach)
    loop = configuration.loop
    return PairSampler(sources, composer, loop.seed, loop.cache_mb * 2**20)


def start_from_narrow(model: FullyConvolutional, setting: ModelSection, seed: int) -> None:
    """Widen the trained network that the configuration names into a fresh one, in place.

    Raises:
        InputError: no such weights, or they do not fit.
    """
    path = Path(setting.widen_from).expanduser()
    if not path.is_file():
        path = catalogue_folder("trackers") / f"{setting.widen_from}.safetensors"
    if not path.is_file():
        raise InputError(
            f"model.widen_from: neither {setting.widen_from} nor {path} is a file of weights. Train it first."
        )
    narrow = load_model(path)
    if not isinstance(narrow, FullyConvolutional):
        raise InputError(f"{path}: holds {narrow.name}, which has no response map; widening needs a narrow SiamFC.")
    widen(narrow, model, seed, setting.widen_noise)


def build_clips(configuration: TrainingConfiguration, data: Path) -> list[Sequence]:
    """The held-out clips, the same for every training with the same [validation] section."""
    setting = configuration.validation
    clips: list[Sequence] = []
    if setting.tracks:
        material = read_curated_crops(data / setting.source, "validation")
        for track in material.tracks:
            if not is_listed(track.name, setting.tracks):
                continue
            room = max(len(track) - setting.frames, 0)
            count = min(setting.clips_per_track, 1 + room // max(setting.frames // 2, 1))
            starts = [round(room * k / max(count - 1, 1)) for k in range(count)]
            clips += [clip_of_track(track, start, setting.frames, seed=0) for start in starts]
    if setting.still_clips:
        stills = read_stills(data / setting.stills, "validation").stills
        held = [
            path
            for path in stills
            if is_listed(path.relative_to(data / setting.stills).as_posix(), (setting.still_pattern,))
        ]
        if len(held) < 2:
            raise InputError(
                f"validation: still_pattern '{setting.still_pattern}' matches {len(held)} stills; 2 are needed."
            )
        clips += [clip_of_stills(held, number, setting.frames, seed=0) for number in range(setting.still_clips)]
    return clips
