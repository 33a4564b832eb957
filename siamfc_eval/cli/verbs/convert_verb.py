"""`siamfc-eval convert`: weights of other projects as safetensors, data sets of one's own in a benchmark's layout."""

from __future__ import annotations

from pathlib import Path

import click

from siamfc_eval.cli import options
from siamfc_eval.cli.printing import echo
from siamfc_eval.plain_text import counted
from siamfc_eval.storage.json_text import json_text


class _WeightsByDefault(click.Group):
    """`convert IN OUT` means `convert weights IN OUT`."""

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        if len(args) > 1 and args[0] not in self.commands and Path(args[0]).suffix:
            args = ["weights", *args]
        return super().resolve_command(ctx, args)


@click.group(
    name="convert",
    cls=_WeightsByDefault,
    epilog="Examples: siamfc-eval convert weights siamfc_alexnet_e50.pth siamfc.safetensors. "
    "siamfc-eval convert dataset ~/videos ~/converted",
)
def command() -> None:
    """Convert weights of other projects to safetensors, and data sets of your own to a benchmark's layout."""


@command.command(
    "dataset",
    epilog="Examples: siamfc-eval convert dataset ~/videos ~/converted. Of tables without a header: "
    "siamfc-eval convert dataset ~/tables ~/converted --columns frame,x,y,w,h --origin 1",
)
@click.argument("source", metavar="SRC", type=click.Path(path_type=Path))
@options.destination("target", "OUT", "New folder of the data set; the same as OUT.")
@click.option("--columns", help="What columns of tables hold, in order: frame, id, x, y, w, h, x2, y2, absent, -.")
@click.option("--origin", type=click.IntRange(0, 1), help="Where SRC counts pixels from. Default: its layout's rule.")
@click.option(
    "--layout",
    type=click.Choice(["got10k", "otb", "vot", "folder"]),
    default="got10k",
    show_default=True,
    help="Layout of OUT.",
)
@options.dataset
@click.option("--target", "targets", multiple=True, metavar="ID", help="Only this target of several; repeatable.")
@click.option("--images", type=click.Path(path_type=Path), help="Root of the images, where apart from SRC.")
@click.option(
    "--suffix",
    type=click.Choice([".jpg", ".png"]),
    default=".jpg",
    show_default=True,
    help="Of the images made of videos.",
)
@options.as_json
def convert_dataset_command(
    *,
    source: Path,
    target: Path,
    columns: str | None,
    origin: int | None,
    layout: str,
    dataset: str | None,
    targets: tuple[str, ...],
    images: Path | None,
    suffix: str,
    as_json: bool,
) -> None:
    """Write the data set at SRC, in any layout that is read (MOT, csv, videos, ...), into the new folder OUT.

    Images are copied as they are, videos become images. What is written is read back before this ends.
    """
    from siamfc_eval.api.own import convert_dataset

    roles = None if columns is None else [name.strip() for name in columns.split(",")]
    written = convert_dataset(
        source,
        target,
        layout=layout,
        kind=dataset,
        columns=roles,
        origin=origin,
        targets=targets,
        images=images,
        suffix=suffix,
    )
    frames = sum(len(sequence) for sequence in written)
    if as_json:
        facts = {
            "out": str(target),
            "layout": layout,
            "sequences": list(written.names),
            "frames": frames,
            "notes": list(written.notes),
        }
        echo(json_text(facts))
        return
    for note in written.notes:
        echo(f"note: {note}", err=True)
    amount = counted(len(written), "sequence")
    echo(f"{target}: {amount}, {counted(frames, 'frame')}, layout {layout}")
    echo(f"next: siamfc-eval check dataset {target}")


@command.command(epilog="Example: siamfc-eval convert weights CIResNet22.pth res22.safetensors --source siamdw")
@click.argument("source_file", metavar="IN", type=click.Path(path_type=Path))
@options.destination("target", "OUT.safetensors", "File to write; the same as OUT.safetensors.")
@click.option("--model", help="Refuse a file that holds another model than this.")
@options.weights_source
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
        "preprocessing": network.preprocessing.to_json(),
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
