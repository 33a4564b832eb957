"""What a SiamFC tracker remembers of a target in addition to the first frame, where its hyper-parameters ask for it.

Cross-correlation is linear in the exemplar, so the weighted sum of two exemplars' responses is the response of their
weighted sum: a second exemplar costs nothing but its embedding.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import cast

import torch
from torch import Tensor

from siamfc_eval.models.siamese import Template
from siamfc_eval.tracking.families.siamfc.parameters import SiamFCParameters


@dataclass(frozen=True, eq=False)
class Memory:
    """Exemplars of one target."""

    average: Tensor
    """Features of the first frame's exemplar; with `template_rate`, the running average that began with them."""
    recent: Tensor
    """Features of the second exemplar; the first frame's until there is a later one."""
    age: int
    """Frames tracked since the first."""

    @classmethod
    def of_first(cls, template: Template) -> Memory:
        """The memory of a target on its first frame."""
        features = cast(Tensor, template)
        return cls(features, features, 0)

    def template(self, parameters: SiamFCParameters) -> Tensor:
        """What search regions are correlated with."""
        if not parameters.recent_weight:
            return self.average
        return torch.lerp(self.average, self.recent, parameters.recent_weight)

    def is_due(self, parameters: SiamFCParameters) -> bool:
        """Whether the target's features on the next frame are needed."""
        return parameters.template_rate > 0 or self._renews_recent(parameters)

    def advanced(self, features: Template | None, parameters: SiamFCParameters) -> Memory:
        """The memory one frame later.

        Args:
            features: of an exemplar cut where the target was found; None where `is_due` did not ask for them.
            parameters: of the tracker.
        """
        if features is None:
            return Memory(self.average, self.recent, self.age + 1)
        found = cast(Tensor, features)
        average, rate = self.average, parameters.template_rate
        if rate:
            average = torch.lerp(average, found, rate)
        return Memory(average, found if self._renews_recent(parameters) else self.recent, self.age + 1)

    def _renews_recent(self, parameters: SiamFCParameters) -> bool:
        return parameters.recent_weight > 0 and (self.age + 1) % parameters.recent_every == 0
