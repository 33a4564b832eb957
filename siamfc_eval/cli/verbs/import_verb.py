"""`siamfc-eval import`: raw results of another toolkit, in this program's own layout."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from siamfc_eval.cli import options
from siamfc_eval.cli.printing import echo
from siamfc_eval.plain_text import counted, few
from siamfc_eval.storage.json_text import json_text


@click.command(
    "import",
    epilog="Example: siamfc-eval import ~/got10k/results/OTB2015 --out results --dataset otb2015 --data ~/OTB2015",
)
@click.argument("source", metavar="SRC", type=click.Path(path_type=Path))
@click.option("--out", required=True, type=click.Path(path_type=Path), help="Folder of all results.")
@options.ground_truth
@options.trackers
@options.protocol
@click.option(
    "--repair",
    multiple=True,
    type=click.Choice(["corners", "half-pixel", "origin"]),
    help="Undo a quirk that was detected: first line as corners, first line + 0.5 px, boxes of another origin.",
)
@options.fresh
@options.as_json
def command(
    *,
    source: Path,
    out: Path,
    data: Path | None,
    dataset: str | None,
    trackers: tuple[str, ...],
    protocol: str | None,
    repair: tuple[str, ...],
    fresh: bool,
    as_json: bool,
) -> int:
    """Read raw results of another toolkit.

    SRC holds results of got10k, pysot, vot-toolkit (text or binary), OTB (.mat or JSON), or plain files named
    `<tracker>/<sequence>.txt`; the layout is recognised. Numbers are kept at full precision. What is odd is said, and
    changed only by --repair. Exit code 2: sequences are missing.
    """
    from siamfc_eval.api.results import load_results
    from siamfc_eval.results.formats.importing import import_results
    from siamfc_eval.results.formats.quirks import repair_quirks
    from siamfc_eval.results.raw import RawResults

    results = load_results(source, data=data, dataset=dataset, trackers=trackers, protocol=protocol).readable()
    damaged = [message for one in results.values() for message in one.unreadable]
    if repair:
        repaired = {name: repair_quirks(one, results.dataset, repair) for name, one in results.items()}
        results = RawResults(results.dataset, results.folder, repaired, results.notes)
    # The options say what was done; paths on this machine are private.
    command_line = ["siamfc-eval", *(Path(word).name if "/" in word else word for word in sys.argv[1:])]
    imported = import_results(results, out, command_line, fresh)
    if as_json:
        listed = [
            {
                "tracker": one.tracker,
                "folder": str(one.folder),
                "files": one.files,
                "missing": list(one.missing),
                "notes": list(one.notes),
            }
            for one in imported
        ]
        echo(json_text({"dataset": results.dataset.name, "trackers": listed, "notes": list(results.notes)}))
    else:
        for one in imported:
            echo(f"{one.tracker}: {counted(one.files, 'file')} -> {one.folder}")
            for note in one.notes:
                echo(f"  {note}")
        for note in results.notes:
            echo(note)
    incomplete = [one for one in imported if one.missing]
    for one in incomplete:
        echo(f"incomplete: {one.tracker}: no result of {few(one.missing)}.", err=True)
    for message in damaged:
        echo(f"not imported: {message}", err=True)
    return 1 if damaged else 2 if incomplete else 0
