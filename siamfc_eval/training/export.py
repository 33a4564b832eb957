"""What a training hands over: the chosen weights as safetensors, the card that says where they are from, a report."""

from __future__ import annotations

import copy
import json
import math
import os
import platform
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch

from siamfc_eval.models.saving import save_model
from siamfc_eval.models.siamese import SiameseNetwork
from siamfc_eval.reporting.html import render_training
from siamfc_eval.reporting.plots import save
from siamfc_eval.storage.writing import replacing, write_atomic
from siamfc_eval.tracking.definition import parse_definition, write_definition
from siamfc_eval.training.checkpoints import read_state
from siamfc_eval.training.configuration import TrainingConfiguration
from siamfc_eval.training.journal import draw_curves, read_journal
from siamfc_eval.training.validation import build_tracker
from siamfc_eval.version import __version__

if TYPE_CHECKING:
    from siamfc_eval.training.loop import Training

_OPTIMISERS = {"sgd": "SGD", "adamw": "AdamW"}


def chosen_network(training: Training, weights: dict[str, Any]) -> SiameseNetwork:
    """The network of a training with the given weights, in evaluation mode; options and preprocessing are its own."""
    model = copy.deepcopy(training.model)
    model.load_state_dict(weights)
    return model.eval()


def hardware() -> str:
    """The machine in a few words, without its name."""
    if torch.cuda.is_available():
        return f"{torch.cuda.device_count()} x {torch.cuda.get_device_name()}"
    return f"{os.cpu_count()} CPU cores ({platform.machine()})"


def export_weights(
    configuration: TrainingConfiguration, network: SiameseNetwork, chosen: dict[str, Any], path: Path
) -> None:
    """Write the chosen checkpoint as safetensors in half precision.

    Args:
        configuration: the training.
        network: with the chosen weights.
        chosen: content of `best.pt`: model, step, validation.
        path: ends in .safetensors.
    """
    metadata = {
        "trained_by": f"siamfc-eval {__version__} train",
        "training": configuration.name,
        "step": str(chosen["step"]),
        "validation": f"{chosen['validation']:.4f}",
        "seed": str(configuration.loop.seed),
        "configuration": json.dumps(configuration.model_dump(mode="json", exclude_defaults=True)),
    }
    save_model(network, path, half=True, metadata=metadata)


def export_tracker(configuration: TrainingConfiguration, network: SiameseNetwork, path: Path, weights: str) -> None:
    """Write the tracker file of a trained network, with the hyper-parameters that it was validated with.

    Args:
        configuration: the training.
        network: as for `export_weights`.
        path: ends in .toml; its stem names the tracker's results.
        weights: name of the weights file in the same folder.
    """
    values = {
        "family": "siamrpn" if network.kind == "rpn" else "siamfc",
        "description": f"{network.name}, trained as {configuration.name}",
        "model": network.name,
        "weights": weights,
        "parameters": build_tracker(network, configuration).parameters.model_dump(mode="json", exclude_defaults=True),
    }
    notes = [f"Written by siamfc-eval {__version__} train. Hyper-parameters are those of the training's validation."]
    write_definition(path, parse_definition(values, path), notes)


def hand_over(training: Training) -> list[Path]:
    """Write weights, tracker file, card, report and curves of a training next to its checkpoints; returns their paths.

    The weights are those of the best validation, or the last ones where nothing was validated.
    """
    configuration, out = training.configuration, training.out
    chosen: dict[str, Any] = {
        "model": training.validated.state_dict(),
        "step": training.step,
        "validation": float("nan"),
    }
    # Else a best.pt that lies there is another training's.
    if not math.isnan(training.best):
        chosen = read_state(out / "best.pt")
    weights, tracker = (out / f"{configuration.name}{ending}" for ending in (".safetensors", ".toml"))
    card = out / f"{configuration.name}.md"
    page, picture = out / "report.html", out / "curves.png"
    network = chosen_network(training, chosen["model"])
    export_weights(configuration, network, chosen, weights)
    export_tracker(configuration, network, tracker, weights.name)
    facts = _facts(training, chosen)
    write_atomic(card, _card(configuration, facts))
    records = read_journal(out / "log.jsonl")
    curves = draw_curves(records)
    notes = [f"step {record['step']}: {record['note']}" for record in records if "note" in record]
    shown = {**facts, "sources": "; ".join(_sources(configuration)), "held out": _held_out(configuration)}
    write_atomic(page, render_training(configuration.name, shown, curves, notes))
    with replacing(picture) as unfinished:
        save(curves, unfinished, "png")
    return [weights, tracker, card, page, picture]


def _loss_in_words(training: Training) -> str:
    loss = training.configuration.loss
    if training.model.kind == "rpn":
        overlap = "" if loss.box_loss == "none" else f"; {loss.box_loss} of boxes, weight {loss.box_weight:g}"
        hard = f", {loss.hard_negatives:.0%} of them the hardest" if loss.hard_negatives else ""
        aims = " by the overlap of their boxes" if loss.scores_overlap else ""
        sure = f" (the {loss.best_anchors} best in any case)" if loss.best_anchors else ""
        return (
            f"classification of anchors{aims} and smooth-L1 of boxes, weight {loss.location:g}{overlap}; positive from "
            f"an overlap of {loss.positive_overlap:g}{sure}, negative to {loss.negative_overlap:g}{hard}"
        )
    words = f"{loss.kind}, radius {loss.radius:g} px; in-batch negatives {loss.batch_negatives:g}"
    return words + (f"; responses of {loss.teacher}, weight {loss.teacher_weight:g}" if loss.teacher else "")


def _facts(training: Training, chosen: dict[str, Any]) -> dict[str, str]:
    """What was trained, on what, how long, and how it was chosen."""
    configuration, options = training.configuration, training.model.options
    loop, best, start = configuration.loop, configuration.optimiser, configuration.model
    begin = start.weights or start.backbone_weights or (start.widen_from and f"{start.widen_from}, widened")
    pairs = loop.batch * loop.accumulate
    bank = configuration.bank.pairs
    once = f" ({bank} pairs of a frozen backbone, each about {pairs * training.step / bank:.0f} times)" if bank else ""
    return {
        "network": f"{start.name}, {json.dumps(options) if options else 'standard options'}",
        "started from": begin or "random weights",
        "steps": f"{training.step} of {loop.steps}, {pairs} pairs each{once}; chosen: step {chosen['step']}",
        "optimiser": f"{_OPTIMISERS[best.kind]}, rate {best.rate:g} ({best.schedule}, to {best.final:g} of it), "
        f"momentum {best.momentum:g}, decay {best.weight_decay:g}, gradient clipped at {best.clip:g}",
        "loss": _loss_in_words(training),
        "seed": f"{loop.seed}",
        "time, hardware": f"{training.seconds / 60:.0f} minutes on {hardware()}",
        "validation": f"mean overlap {chosen['validation']:.4f} on held-out clips",
    }


def _sources(configuration: TrainingConfiguration) -> list[str]:
    return [
        f"{source.name} ({source.kind}), weight {source.weight:g}"
        + (f"; left out: {', '.join(source.exclude)}" if source.exclude else "")
        for source in configuration.sources
    ]


def _held_out(configuration: TrainingConfiguration) -> str:
    validation = configuration.validation
    held = [*validation.tracks, *([f"stills {validation.still_pattern}"] if validation.still_pattern else [])]
    return ", ".join(held) or "nothing"


def _card(configuration: TrainingConfiguration, facts: dict[str, str]) -> str:
    """The model card in Markdown."""
    lines = [f"# {configuration.name}", "", f"Trained by siamfc-eval {__version__}.", "", "| | |", "|---|---|"]
    lines += [f"| {name} | {value} |" for name, value in facts.items()]
    lines += ["", "Sources of pairs:", "", *(f"- {source}" for source in _sources(configuration))]
    lines += ["", f"Held out for validation: {_held_out(configuration)}.", ""]
    lines += ["![Loss and validation](curves.png)", ""]
    return "\n".join(lines)
