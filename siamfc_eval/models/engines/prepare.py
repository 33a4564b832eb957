"""A network made ready to track by the engine that is asked for."""

from __future__ import annotations

import torch

from siamfc_eval.models.acceleration import prepare_for_inference
from siamfc_eval.models.engines.engine import ENGINES, Computing, Task, check_engine, resolve_engine
from siamfc_eval.models.siamese import SiameseNetwork


def prepare(network: SiameseNetwork, device: torch.device, computing: Computing) -> SiameseNetwork:
    """A copy on a device, in evaluation mode, whose backbone an engine computes; the network given stays as it is.

    Raises:
        UnknownNameError: there is no such engine.
        InputError: it is not installed, does not work on this device, or one of the two lacks the precision.
    """
    engine = ENGINES[resolve_engine(computing.engine, computing.precision)]
    check_engine(engine, computing.precision, device)
    prepared = prepare_for_inference(network).to(device)
    prepared.backbone = engine.build(Task(prepared.backbone, device, computing.precision, computing.quantised))
    return prepared
