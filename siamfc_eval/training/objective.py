"""The loss of a batch of a network that answers with response maps."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from siamfc_eval.models.siamese import FullyConvolutional
from siamfc_eval.training import losses
from siamfc_eval.training.configuration import LossSection
from siamfc_eval.training.feeding import Batch
from siamfc_eval.training.labels import disc_labels, gaussian_labels, squared_distances
from siamfc_eval.training.responses import all_pairs


def strangers(identities: list[str]) -> Tensor:
    """Shape (n, n): True where two pairs of a batch are of different targets."""
    known = {identity: number for number, identity in enumerate(dict.fromkeys(identities))}
    numbers = torch.tensor([known[identity] for identity in identities])
    return numbers[:, None] != numbers[None, :]


class ResponseObjective(nn.Module):
    """Loss of a batch, with its parts for the log.

    The bias of Bertinetto et al. 2016, equation 2, is learned here and not in the network: it moves no peak, so trackers
    can do without it, but without it "nothing like the exemplar is here" is hard to say.
    """

    def __init__(self, setting: LossSection) -> None:
        super().__init__()
        self.setting = setting
        self.bias = nn.Parameter(torch.tensor(setting.bias), requires_grad=setting.bias != 0.0)

    def forward(self, model: FullyConvolutional, batch: Batch) -> tuple[Tensor, dict[str, float]]:
        """The loss and its unweighted parts."""
        exemplars, searches = batch.exemplars.float(), batch.searches.float()
        return self.of_features(model, model.embed(exemplars), model.embed(searches), batch)

    def of_features(
        self, model: FullyConvolutional, exemplars: Tensor, searches: Tensor, batch: Batch
    ) -> tuple[Tensor, dict[str, float]]:
        """The same from embedded crops."""
        setting = self.setting
        responses = all_pairs(model, exemplars, searches) + self.bias
        count, rows = responses.shape[0], responses.shape[-1]
        own = responses[torch.arange(count), torch.arange(count)]
        distances = squared_distances(batch.centres.to(own.device), rows, model.stride)
        positives = batch.positives.to(own.device)
        labels = disc_labels(distances, setting.radius) * positives[:, None, None]
        if setting.kind == "balanced-logistic":
            total = losses.balanced_logistic(own, labels)
        elif setting.kind == "soft-margin":
            total = losses.soft_margin(own, labels)
        else:
            total = losses.focal(own, labels)
        parts = {setting.kind: float(total.detach())}
        if setting.batch_negatives > 0.0 or setting.contrast > 0.0:
            apart = strangers(batch.identities).to(own.device)
            if setting.batch_negatives > 0.0:
                negative = losses.batch_negatives(responses, apart)
                total = total + setting.batch_negatives * negative
                parts["batch_negatives"] = float(negative.detach())
            if setting.contrast > 0.0:
                aims = gaussian_labels(distances, setting.contrast_sigma)
                contrast = losses.batch_contrast(responses, aims, apart, positives)
                total = total + setting.contrast * contrast
                parts["contrast"] = float(contrast.detach())
        return total, parts
