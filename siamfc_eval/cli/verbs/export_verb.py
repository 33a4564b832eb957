"""`siamfc-eval export`: results, a VOT workspace or a network in the form that another program takes."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from siamfc_eval.cli import options
from siamfc_eval.cli.printing import echo
from siamfc_eval.errors import InputError
from siamfc_eval.plain_text import counted
from siamfc_eval.storage.json_text import json_text

if TYPE_CHECKING:
    from siamfc_eval.results.formats.export import Layout

_SOURCE_OPTIONS = (
    click.argument("source", metavar="RESULTS", type=click.Path(path_type=Path)),
    options.ground_truth,
)


def _source_options(function: Callable[..., Any]) -> Callable[..., Any]:
    for option in reversed(_SOURCE_OPTIONS):
        function = option(function)
    return function


@click.group(
    "export",
    epilog="Example: siamfc-eval export results results/vot2018 --layout vot-toolkit --out workspace --data ~/VOT2018",
)
def command() -> None:
    """Write results, a VOT workspace or a network in another format."""


@command.command(epilog="Example: siamfc-eval export results results/otb2015 --layout got10k --out ~/got10k/results")
@_source_options
@click.option("--out", required=True, type=click.Path(path_type=Path), help="The other toolkit's folder.")
@options.option(
    "--layout",
    was=("--format",),
    type=click.Choice(["got10k", "pysot", "vot-toolkit", "plain"]),
    help="Whose files and folders; must be given.",
)
@options.trackers
@options.protocol
@click.option("--text", is_flag=True, help="vot-toolkit: .txt at full precision instead of .bin in float32.")
@options.as_json
def results(
    *,
    source: Path,
    data: Path | None,
    dataset: str | None,
    out: Path,
    layout: Layout | None,
    trackers: tuple[str, ...],
    protocol: str | None,
    text: bool,
    as_json: bool,
) -> int:
    """Write RESULTS as another toolkit has them. Exit code 2: sequences are missing."""
    from siamfc_eval.api.results import load_results
    from siamfc_eval.results.formats.export import export_results

    if layout is None:
        raise InputError("export results: in which layout? Give --layout got10k, pysot, vot-toolkit or plain.")
    raw = load_results(source, data=data, dataset=dataset, trackers=trackers, protocol=protocol).readable()
    damaged = [message for one in raw.values() for message in one.unreadable]
    written = export_results(raw, out, layout, binary=not text)
    if as_json:
        facts = {"folder": str(written.folder), "files": written.files, "notes": [*raw.notes, *written.notes]}
        echo(json_text(facts))
    else:
        echo(f"{counted(written.files, 'file')} -> {written.folder}")
        for note in (*raw.notes, *written.notes):
            echo(note)
    for message in damaged:
        echo(f"not exported: {message}", err=True)
    return 1 if damaged else 2 if any(one.missing for one in raw.values()) else 0


@command.command(
    "got10k-submission",
    epilog="Example: siamfc-eval export got10k-submission results/got10k-test --tracker siamfc-slim "
    "--data ~/GOT-10k/test --out siamfc-slim.zip",
)
@_source_options
@click.option("--tracker", required=True, help="Whose results.")
@click.option("--out", required=True, type=click.Path(path_type=Path), help="The archive, e.g. tracker.zip.")
@options.as_json
def got10k_submission(
    *, source: Path, data: Path | None, dataset: str | None, tracker: str, out: Path, as_json: bool
) -> None:
    """Pack one tracker's RESULTS for the GOT-10k evaluation server. Exit code 2: sequences or times are missing."""
    from siamfc_eval.api.results import load_results
    from siamfc_eval.results.formats.submission import write_got10k_submission

    results = load_results(source, data=data, dataset=dataset, trackers=(tracker,))
    written = write_got10k_submission(results[tracker], results.dataset, out)
    if as_json:
        echo(json_text({"file": str(written), "tracker": tracker, "sequences": len(results.dataset)}))
    else:
        echo(f"{written}: {counted(len(results.dataset), 'sequence')} of {tracker}")


@command.command(
    "vot-workspace",
    epilog="Example: siamfc-eval export vot-workspace workspace --data ~/VOT2018 --tracker siamfc-slim",
)
@options.destination("folder", "FOLDER", "Folder of the workspace; the same as FOLDER.")
@click.option("--data", required=True, type=click.Path(path_type=Path), help="Data set with images.")
@options.dataset
@click.option(
    "--tracker", "trackers", multiple=True, required=True, help="A tracker of ours, or NAME=COMMAND that speaks TraX."
)
@click.option("--stack", default="vot2018/shortterm", show_default=True, help="vot-toolkit's stack of experiments.")
@options.as_json
def vot_workspace(
    *, folder: Path, data: Path, dataset: str | None, trackers: tuple[str, ...], stack: str, as_json: bool
) -> None:
    """Write a workspace in which `vot evaluate` and `vot analyze` (vot-toolkit 0.7.4) run these trackers over TraX."""
    from siamfc_eval.adapters.workspace import write_workspace
    from siamfc_eval.datasets.load import load_dataset

    truth = load_dataset(data, dataset)
    written = write_workspace(folder.expanduser(), truth, list(trackers), stack=stack)
    if as_json:
        echo(json_text({"folder": str(written), "sequences": len(truth), "trackers": list(trackers)}))
        return
    echo(f"{written}: {counted(len(truth), 'sequence')}, {counted(len(trackers), 'tracker')}")
    echo(f"Next: vot evaluate --workspace {written} TRACKER, then vot analyze --workspace {written} --format json")


@command.command(epilog="Example: siamfc-eval export onnx siamfc-slim siamfc.onnx --part detect --searches 3")
@click.argument("source", metavar="TRACKER|WEIGHTS")
@options.destination("target", "OUT.onnx", "File to write; the same as OUT.onnx.")
@click.option(
    "--part",
    type=click.Choice(["pair", "template", "detect"]),
    default="pair",
    show_default=True,
    help="Exemplar and search regions to maps, exemplar to template, or template and search regions to maps.",
)
@click.option("--searches", default=1, show_default=True, help="Search regions per call; 3 for three scales.")
@click.option("--opset", default=17, show_default=True, help="Version of ONNX's operators.")
@options.as_json
def onnx(*, source: str, target: Path, part: str, searches: int, opset: int, as_json: bool) -> None:
    """Write a network as ONNX and check it against torch. SOURCE is a tracker by name, or a file of weights."""
    network = _network(source)
    from siamfc_eval.models.onnx_export import export_onnx

    written = export_onnx(network, target, part=part, searches=searches, opset=opset)
    shapes = {**written.inputs, **written.outputs}
    if as_json:
        facts = {"inputs": written.inputs, "outputs": written.outputs, "difference": written.difference}
        echo(json_text({"file": str(written.path), **facts}))
        return
    echo(f"{written.path}: " + ", ".join(f"{name} {shape}" for name, shape in shapes.items()))
    echo(f"differs from torch by at most {written.difference:.2g} of the largest value")


@command.command(
    "int8",
    epilog="Example: siamfc-eval export int8 my_tracker.toml my_tracker.int8.onnx --crops ~/crops",
)
@click.argument("tracker")
@options.destination("target", "OUT.onnx", "File to write; the same as OUT.onnx.")
@click.option(
    "--crops",
    required=True,
    type=click.Path(path_type=Path, exists=True, file_okay=False),
    help="Folder of images that show targets in their middles, such as training material: ranges are measured on them.",
)
@options.reading_weights
@options.as_json
def int8(*, tracker: str, target: Path, crops: Path, as_json: bool, **loading: Any) -> None:
    """Quantise TRACKER's backbone to int8, for `run --precision int8`.

    Name the result as `quantised = "OUT.onnx"` in the tracker's file, beside the same weights. What it costs in score
    is for you to measure: run both, and `siamfc-eval compare` them.
    """
    from importlib.util import find_spec

    from siamfc_eval.errors import MissingDependencyError

    for package in ("torch", "onnx", "onnxruntime"):
        if find_spec(package) is None:
            raise MissingDependencyError(package, "onnx", "quantising a network")
    from siamfc_eval.models.engines.quantisation import quantise
    from siamfc_eval.tracking.catalogue import read_catalogue
    from siamfc_eval.tracking.families.siamese.calibration import crops_of
    from siamfc_eval.tracking.families.siamese.definition import NetworkDefinition, load_network, weights_file
    from siamfc_eval.tracking.family import LoadOptions

    described, how = read_catalogue(tracker), LoadOptions(**loading)
    if not isinstance(described.definition, NetworkDefinition):
        raise InputError(f"tracker '{tracker}' has no network to quantise.")
    network, _ = load_network(described, how)
    material = crops_of(crops, network.search_size)
    quantise(network, material, target.expanduser(), weights_file(described, how))
    if as_json:
        echo(json_text({"file": str(target), "crops": len(material), "bytes": target.expanduser().stat().st_size}))
        return
    echo(f"{target}: {target.expanduser().stat().st_size / 1e6:.1f} MB, ranges measured on {len(material)} crops")


def _network(source: str) -> Any:
    """The network of a tracker of the catalogue, or of a file of weights.

    Raises:
        InputError: neither, or a tracker without a network.
    """
    from importlib.util import find_spec

    from siamfc_eval.errors import MissingDependencyError

    for package in ("torch", "onnx"):
        if find_spec(package) is None:
            raise MissingDependencyError(package, "onnx", "exporting a network as ONNX")
    from siamfc_eval.tracking.catalogue import read_catalogue
    from siamfc_eval.tracking.families.siamese.definition import NetworkDefinition, load_network
    from siamfc_eval.tracking.family import LoadOptions

    file = Path(source).expanduser()
    if file.is_file() and file.suffix != ".toml":
        from siamfc_eval.models.checkpoints import build_from_checkpoint, read_checkpoint

        checkpoint = read_checkpoint(file)
        network, notes = build_from_checkpoint(checkpoint), checkpoint.notes
    else:
        described = read_catalogue(source)
        if not isinstance(described.definition, NetworkDefinition) or described.definition.weights is None:
            raise InputError(
                f"tracker '{source}' has no network with weights to export. Give a file of weights instead."
            )
        network, notes = load_network(described, LoadOptions())
    for note in notes:
        echo(f"note: {note}", err=True)
    return network
