"""The bank of features of a training: what it depends on, where it is, made where it is missing."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch

from siamfc_eval.errors import InputError
from siamfc_eval.models.heads.rpn import UpChannelRPN
from siamfc_eval.models.siamese import RegionProposal, SiameseNetwork
from siamfc_eval.training.building import freeze_backbone
from siamfc_eval.training.configuration import TrainingConfiguration
from siamfc_eval.training.data.bank import BankBatch, FeatureBank, Windows, bank_path, make_bank
from siamfc_eval.training.data.feeding import Batch
from siamfc_eval.training.data.sampling import PairSampler

_SCORES, _OFFSETS = 1.0, 0.3
"""Standard deviations of a settled head's answers; true offsets of positive anchors have about the second."""

Report = Callable[[int, Batch], None]
"""Called with the number of finished pairs of a bank and the batch that they end with."""


def can_have_bank(configuration: TrainingConfiguration, model: SiameseNetwork, ranks: int) -> RegionProposal:
    """The network of a training with a bank.

    Raises:
        InputError: nothing of it learns but the backbone, or several processes train it.
    """
    if not isinstance(model, RegionProposal):
        raise InputError(
            f"training '{configuration.name}': bank.pairs is of networks whose head learns; nothing of {model.name} "
            "does but its backbone. Set bank.pairs to 0."
        )
    if ranks > 1:
        raise InputError(
            f"training '{configuration.name}': a bank is learned from by one process, not {ranks}. Run it without "
            "torchrun, or set bank.pairs to 0."
        )
    return model


def open_bank(
    configuration: TrainingConfiguration,
    model: RegionProposal,
    sampler: PairSampler,
    folder: Path,
    *,
    report: Report,
    is_stopped: Callable[[], bool],
) -> FeatureBank | None:
    """The bank of a training; it is made first where the folder has none of this backbone and these pairs.

    Args:
        configuration: the training; it has a bank.
        model: the network; its backbone is frozen by this.
        sampler: of its pairs.
        folder: where the bank is kept.
        report: see `Report`.
        is_stopped: whether to break its making off.

    Returns:
        None where its making was broken off.

    Raises:
        InputError: a margin that this network cannot have, or the bank cannot be written.
    """
    crops, loop, bank = configuration.crops, configuration.loop, configuration.bank
    windows = Windows(crops.exemplar, crops.search, bank.margin, model.stride)
    freeze_backbone(model, True)
    path = bank_path(folder, model, _declared(configuration))
    if not path.exists() and not make_bank(
        path, model, sampler, bank.pairs, windows, workers=loop.workers, report=report, is_stopped=is_stopped
    ):
        return None
    return FeatureBank(np.load(path, mmap_mode="r"), windows, loop.seed)


def _declared(configuration: TrainingConfiguration) -> str:
    """What the pairs of a bank depend on, beside the data."""
    values = configuration.model_dump(mode="json")
    held_out = {name: values["validation"][name] for name in ("tracks", "still_pattern")}
    parts = {name: values[name] for name in ("crops", "sources", "augmentation", "photometric", "bank")}
    return json.dumps({**parts, "held_out": held_out, "seed": values["loop"]["seed"]}, sort_keys=True)


@torch.no_grad()
def settle_head(model: RegionProposal, batch: BankBatch) -> None:
    """Bring a fresh head's answers to the size of what they are to become, in place (after Mishkin & Matas 2016).

    What a correlation gives grows with the square of the features and with their channels: fresh heads on the backbones
    of this family start with scores of a spread between 7 and 120, and learn for long to be less sure.

    Args:
        model: with an `UpChannelRPN`; heads with batch norm need none of this and stay.
        batch: that the spread is measured on.
    """
    if isinstance(model.head, UpChannelRPN):
        scores, moves = batch.answers(model)
        model.head.scale_answers(_SCORES / float(scores.std()), _OFFSETS / float(moves.std()))
