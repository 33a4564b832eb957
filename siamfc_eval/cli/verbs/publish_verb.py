"""`siamfc-eval publish`: the statistics of results in a small file, for others to compare with."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from siamfc_eval.cli import options
from siamfc_eval.cli.printing import echo
from siamfc_eval.storage.json_text import json_text


@click.command(epilog="Example: siamfc-eval publish runs/otb2015 --out mine.npz --reference 'my paper, 2026'")
@options.results
@options.ground_truth
@options.conventions
@options.reading
@click.option("--out", required=True, type=options.PATH, help="The file; its name ends in .npz.")
@click.option("--reference", "source", default="", help="Where the results come from: a paper, a repository.")
@click.option("--reference-version", "version", default="", help="Version, commit or date of that.")
@click.option("--group", "groups", multiple=True, help="A name for these trackers together; may be given again.")
@options.as_json
def command(*, results: Path, out: Path, as_json: bool, **asked: Any) -> int:
    """Write the statistics of RESULTS to a small file.

    It holds counts and sums of each sequence, from which scores, curves and tests are computed, and no box and no
    annotation. Others compare with it by `--with FILE` in `score`, `compare` and `report`. Without --convention it has
    all conventions that read these runs. Exit code 2: a tracker lacks sequences.
    """
    from siamfc_eval.api.published import publish

    written = publish(results, out, **asked)
    incomplete = any(table.missing for table in written.head.tables)
    if as_json:
        tables = [
            {
                "convention": table.convention,
                "trackers": list(table.trackers),
                "refused": dict(table.refused),
                "missing": {name: list(missing) for name, missing in table.missing.items()},
            }
            for table in written.head.tables
        ]
        echo(json_text({"file": str(out), "bytes": out.expanduser().stat().st_size, "tables": tables}))
        return 2 if incomplete else 0
    for table in written.head.tables:
        echo(f"{table.convention}: {', '.join(table.trackers)}")
        for name, why in table.refused.items():
            echo(f"{table.convention} has no scores of {name}: {why}", err=True)
    for name, missing in written.head.tables[0].missing.items():
        echo(f"incomplete: {name} has no result of {', '.join(missing)}", err=True)
    echo(f"published: {out} ({out.expanduser().stat().st_size:,} bytes)")
    return 2 if incomplete else 0
