"""The loss of a batch, for each of the two kinds of network."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from siamfc_eval.errors import InputError
from siamfc_eval.models.siamese import FullyConvolutional, RegionProposal, SiameseNetwork
from siamfc_eval.tracking.families.siamrpn.on_device import overlaps
from siamfc_eval.training.configuration import LossSection
from siamfc_eval.training.data.bank import AnyBatch
from siamfc_eval.training.data.feeding import Batch
from siamfc_eval.training.initial.starting import trained_network
from siamfc_eval.training.losses.functions import (
    balanced_logistic,
    batch_contrast,
    batch_negatives,
    focal,
    halves,
    soft_margin,
    taught,
)
from siamfc_eval.training.losses.labels import disc_labels, gaussian_labels, squared_distances
from siamfc_eval.training.losses.proposals import (
    anchor_targets,
    box_loss,
    decode_offsets,
    location_loss,
    pick_anchors,
    proposal_scores,
)
from siamfc_eval.training.losses.responses import all_pairs

Parts = dict[str, float]
"""Terms of a loss by name, unweighted, for the log."""


def strangers(shown: list[str], identities: list[str]) -> Tensor:
    """Shape (searches, exemplars): True where an exemplar's target is certainly not in a search crop."""
    known = {name: number for number, name in enumerate(dict.fromkeys([*shown, *identities]))}
    searches = torch.tensor([known[name] for name in shown])
    exemplars = torch.tensor([known[name] for name in identities])
    return searches[:, None] != exemplars[None, :]


class ResponseObjective(nn.Module):
    """Loss of a network that answers with response maps.

    The bias of Bertinetto et al. 2016, equation 2, is learned here and not in the network: it moves no peak, so
    trackers can do without it, but without it "nothing like the exemplar is here" is hard to say.

    Args:
        setting: which terms, with which weights.
        teacher: a trained network whose responses are learned too; its stride and response size must be the model's.
    """

    def __init__(self, setting: LossSection, teacher: FullyConvolutional | None = None) -> None:
        super().__init__()
        self.setting = setting
        # In a tuple, so that it is no part of what is saved, moved or learned.
        self._teacher = () if teacher is None else (teacher.eval().requires_grad_(False),)
        self.bias = nn.Parameter(torch.tensor(setting.bias), requires_grad=setting.bias != 0.0)

    def forward(self, model: FullyConvolutional, batch: Batch) -> tuple[Tensor, Parts]:
        """The loss and its parts."""
        setting = self.setting
        exemplars, searches = model.embed(batch.exemplars.float()), model.embed(batch.searches.float())
        responses = all_pairs(model, exemplars, searches).float() + self.bias
        count, rows = responses.shape[0], responses.shape[-1]
        each = torch.arange(count, device=responses.device)
        own = responses[each, each]
        distances = squared_distances(batch.centres, rows, model.stride)
        labels = disc_labels(distances, setting.radius) * batch.positives[:, None, None]
        if setting.kind == "balanced-logistic":
            total = balanced_logistic(own, labels)
        elif setting.kind == "soft-margin":
            total = soft_margin(own, labels)
        else:
            total = focal(own, labels)
        parts: Parts = {setting.kind: float(total.detach())}
        apart = strangers(batch.shown, batch.identities).to(own.device)
        if setting.batch_negatives > 0.0:
            negative = batch_negatives(responses, apart)
            total = total + setting.batch_negatives * negative
            parts["batch_negatives"] = float(negative.detach())
        if setting.contrast > 0.0:
            aims = gaussian_labels(distances, setting.contrast_sigma)
            contrast = batch_contrast(responses, aims, apart, batch.positives)
            total = total + setting.contrast * contrast
            parts["contrast"] = float(contrast.detach())
        for teacher in self._teacher:
            lesson = taught(responses, self._answers(teacher.to(responses.device), batch, responses.shape))
            total = total + setting.teacher_weight * lesson
            parts["teacher"] = float(lesson.detach())
        return total, parts

    def _answers(self, teacher: FullyConvolutional, batch: Batch, shape: torch.Size) -> Tensor:
        """The teacher's responses to all pairs."""
        with torch.no_grad():
            exemplars, searches = teacher.embed(batch.exemplars.float()), teacher.embed(batch.searches.float())
            answers = all_pairs(teacher, exemplars, searches)
        if answers.shape != shape:
            raise InputError(
                f"loss.teacher '{self.setting.teacher}' answers crops with maps of {tuple(answers.shape[2:])}, the "
                f"network with {tuple(shape[2:])}: they must be alike. Take another teacher, or none."
            )
        return answers.float()


class ProposalObjective(nn.Module):
    """Loss of a network that answers with anchors: classification and, on positive anchors, smooth-L1 of the offsets.

    Where the setting asks for it, the overlap of the decoded boxes is added.

    Li et al. 2018 (SiamRPN), section 3.3, with the sampling of anchors of pysot. Networks with several levels are
    trained on their combined answer, as SiamRPN++ is.
    """

    def __init__(self, setting: LossSection) -> None:
        super().__init__()
        self.setting = setting

    def forward(self, model: RegionProposal, batch: AnyBatch) -> tuple[Tensor, Parts]:
        """The loss and its parts."""
        setting = self.setting
        raw, moves = batch.answers(model)
        cells = raw.shape[-1]
        anchors = (cells, model.stride, setting.anchor_scales, setting.anchor_ratios)
        boxes = torch.cat([batch.centres, batch.sizes], dim=1)
        targets = anchor_targets(boxes, *anchors)
        scores, offsets = proposal_scores(model, raw.float()), model.offsets(moves.float()).flatten(2)
        positive, negative = pick_anchors(
            targets.overlaps.cpu() * batch.positives.cpu()[:, None],
            (setting.positive_overlap, setting.negative_overlap),
            (setting.positives, setting.anchors),
            torch.Generator().manual_seed(batch.first),
            best=setting.best_anchors,
            scores=scores.detach().cpu(),
            hard=setting.hard_negatives,
        )
        positive, negative = positive.to(scores.device), negative.to(scores.device)
        decoded = decode_offsets(offsets, *anchors)
        aims = overlaps(decoded.detach(), boxes) if setting.scores_overlap else None
        classification = halves(scores, positive, negative, aims)
        location = location_loss(offsets, targets.offsets, positive)
        total = classification + setting.location * location
        parts = {"classification": float(classification.detach()), "location": float(location.detach())}
        if setting.box_loss != "none":
            overlap = box_loss(decoded, boxes, positive, setting.box_loss)
            total = total + setting.box_weight * overlap
            parts[setting.box_loss] = float(overlap.detach())
        return total, parts


def build_objective(model: SiameseNetwork, setting: LossSection) -> ResponseObjective | ProposalObjective:
    """The objective that fits a network.

    Raises:
        InputError: a teacher that is missing, that cannot be loaded, or that gives no response maps, or one for a
            network with anchors; a loss of boxes or anchors for a network that has none.
    """
    if isinstance(model, RegionProposal):
        if setting.teacher:
            raise InputError(
                f"loss.teacher is of networks with response maps; {model.name} has anchors. Take it out, or set it to "
                '"" where it comes from the file that this one extends.'
            )
        return ProposalObjective(setting)
    for key in ("box_loss", "scores_overlap", "hard_negatives", "best_anchors"):
        if getattr(setting, key) != LossSection.model_fields[key].default:
            raise InputError(f"loss.{key} is of networks with anchors; {model.name} has none. Take it out.")
    if not setting.teacher:
        return ResponseObjective(setting)
    teacher = trained_network(setting.teacher, "loss.teacher")
    if not isinstance(teacher, FullyConvolutional):
        raise InputError(f"loss.teacher: {setting.teacher} is a {teacher.name}, which gives no response maps to learn.")
    return ResponseObjective(setting, teacher)
