"""What a training hands over: the chosen weights as safetensors, and the card that says where they come from."""

from __future__ import annotations

import json
import os
import platform
from pathlib import Path
from typing import Any

import torch

from siamfc_eval import __version__
from siamfc_eval.models.registry import build_model
from siamfc_eval.models.saving import save_model
from siamfc_eval.models.siamese import SiameseNetwork
from siamfc_eval.training.configuration import TrainingConfiguration


def trained_network(configuration: TrainingConfiguration, weights: dict[str, Any]) -> SiameseNetwork:
    """The network of a training with the given weights, in evaluation mode."""
    model = build_model(configuration.model.name, **configuration.model.options)
    model.load_state_dict(weights)
    return model.eval()


def hardware() -> str:
    """The machine in a few words, without its name."""
    if torch.cuda.is_available():
        return f"{torch.cuda.device_count()} x {torch.cuda.get_device_name()}"
    return f"{os.cpu_count()} CPU cores ({platform.machine()})"


def export_weights(configuration: TrainingConfiguration, chosen: dict[str, Any], path: Path) -> None:
    """Write the chosen checkpoint as safetensors in half precision.

    Args:
        configuration: the training.
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
    save_model(trained_network(configuration, chosen["model"]), path, half=True, metadata=metadata)


def model_card(configuration: TrainingConfiguration, chosen: dict[str, Any], seconds: float, steps: int) -> str:
    """A card in Markdown: what was trained, on what, how long, and how it was chosen."""
    loop, loss, best = configuration.loop, configuration.loss, configuration.optimiser
    lines = [
        f"# {configuration.name}",
        "",
        f"{configuration.model.name} with {configuration.model.options or 'standard options'}; "
        f"written by siamfc-eval {__version__} from `{configuration.name}`.",
        "",
        "| | |",
        "|---|---|",
        f"| steps, batch | {steps} of {loop.steps}, {loop.batch} pairs each; chosen: step {chosen['step']} |",
        f"| optimiser | SGD, rate {best.rate:g} ({best.schedule}, to {best.final:g} of it), momentum {best.momentum:g}, "
        f"decay {best.weight_decay:g} |",
        f"| loss | {loss.kind}, radius {loss.radius:g} px; batch negatives {loss.batch_negatives:g}; "
        f"contrast {loss.contrast:g} |",
        f"| seed | {loop.seed} |",
        f"| time, hardware | {seconds / 60:.0f} minutes, {hardware()} |",
        f"| validation | mean overlap {chosen['validation']:.4f} on held-out clips |",
        "",
        "Sources of pairs:",
        "",
    ]
    lines += [
        f"- {s.name} ({s.kind}), weight {s.weight:g}, left out: {', '.join(s.exclude) or 'nothing'}"
        for s in configuration.sources
    ]
    held = ", ".join(configuration.validation.tracks) or "none"
    lines += ["", f"Held out for validation: {held}; stills {configuration.validation.still_pattern or 'none'}.", ""]
    return "\n".join(lines)
