"""`siamfc-eval convert`: weights of other projects as safetensors."""

from __future__ import annotations

from pathlib import Path

import click

from siamfc_eval.cli import options
from siamfc_eval.cli.printing import echo
from siamfc_eval.storage.json_text import json_text


@click.group(
    name="convert",
    epilog="Example: siamfc-eval convert weights siamfc_alexnet_e50.pth siamfc.safetensors",
)
def command() -> None:
    """Convert weights of other projects to safetensors."""


@command.command(epilog="Example: siamfc-eval convert weights CIResNet22.pth res22.safetensors --source siamdw")
@click.argument("source_file", metavar="IN", type=click.Path(path_type=Path))
@click.argument("target", metavar="OUT.safetensors", type=click.Path(path_type=Path))
@click.option("--model", help="Refuse a file that holds another model than this.")
@click.option("--source", help="Project that wrote IN, where its layout leaves a doubt (siamdw, siamesex, pysot, ...).")
@options.weights_key
@click.option("--half", is_flag=True, help="Keep convolution kernels in 16 bits: half the size.")
@options.as_json
def weights(
    source_file: Path,
    target: Path,
    *,
    model: str | None,
    source: str | None,
    weights_key: str | None,
    half: bool,
    as_json: bool,
) -> None:
    """Convert IN (.pth, .model, .h5, .mat, .safetensors) to OUT.safetensors.

    The layout is recognised; the result says which network it holds and what that is fed with, and loads everywhere
    here without further options. Nothing is written unless every tensor of the network is there.
    """
    from siamfc_eval.models.checkpoints import build_from_checkpoint, read_checkpoint
    from siamfc_eval.models.saving import save_model

    checkpoint = read_checkpoint(source_file, source, weights_key)
    network = build_from_checkpoint(checkpoint, model)
    kept = {} if checkpoint.metadata is None else dict(checkpoint.metadata)
    save_model(network, target, half=half, metadata=kept or {"source": checkpoint.source})
    facts = {
        "model": checkpoint.model,
        "source": checkpoint.source,
        "options": checkpoint.options,
        "preprocessing": network.preprocessing.as_dict(),
        "tensors": len(network.state_dict()),
        "unused": list(checkpoint.unused),
        "notes": list(checkpoint.notes),
        "out": str(target),
    }
    if as_json:
        echo(json_text(facts))
        return
    means = network.preprocessing
    span = "0..255" if means.scale == 1 else "0..1"
    normalised = "" if not any(means.mean) else f", mean {means.mean}, std {means.std}"
    echo(f"{target}: {checkpoint.model} from {checkpoint.source}, {means.order} {span}{normalised}")
    for note in checkpoint.notes:
        echo(f"note: {note}", err=True)
    if checkpoint.unused:
        echo(f"not used: {', '.join(checkpoint.unused)}", err=True)
