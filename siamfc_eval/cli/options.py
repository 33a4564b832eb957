"""Options and arguments that verbs share, each declared once, so that one word means one thing everywhere."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import click

Command = TypeVar("Command", bound=Callable[..., Any])

PATH: click.ParamType[Path] = click.Path(path_type=Path)


def option(*names: str, was: tuple[str, ...] = (), **attributes: Any) -> Callable[[Command], Command]:
    """An option, with the names that it had before: these still work, are not shown, and say the new name.

    Args:
        names: as click takes them, the flag first.
        was: older flags.
        attributes: as click takes them.
    """
    flag = names[0]
    chosen = attributes.pop("callback", None)

    def either(context: click.Context, parameter: click.Parameter, value: Any) -> Any:
        older = context.meta.pop(f"siamfc_eval.old.{flag}", None)
        value = older if older is not None else value
        return chosen(context, parameter, value) if chosen is not None else value

    def old(context: click.Context, parameter: click.Parameter, value: Any) -> None:
        if value is None or value == () or value is False:
            return
        click.echo(f"hint: {parameter.opts[0]} is now called {flag}; the old name still works.", err=True)
        context.meta[f"siamfc_eval.old.{flag}"] = value

    shared = {key: attributes[key] for key in ("type", "multiple", "is_flag", "metavar") if key in attributes}

    def decorate(function: Command) -> Command:
        for name in was:
            function = click.option(name, hidden=True, is_eager=True, expose_value=False, callback=old, **shared)(
                function
            )
        return click.option(*names, callback=either, **attributes)(function)

    return decorate


def destination(name: str, metavar: str, summary: str) -> Callable[[Command], Command]:
    """Where something is written: `--out`, as everywhere, or a last word as in `cp`.

    Args:
        name: of the function's parameter.
        metavar: what help shows.
        summary: of the option.
    """
    key = f"siamfc_eval.out.{name}"

    def remember(context: click.Context, _: click.Parameter, value: Path | None) -> None:
        context.meta[key] = value

    def either(context: click.Context, parameter: click.Parameter, value: Path | None) -> Path:
        out: Path | None = context.meta.get(key)
        if value is not None and out is not None:
            raise click.UsageError(f"{value} and --out {out}: name one place to write to.", context)
        if value is None and out is None:
            raise click.UsageError(f"Missing {metavar}: say where to write to, e.g. --out {metavar}.", context)
        return out if value is None else value  # type: ignore[return-value]

    def decorate(function: Command) -> Command:
        function = click.option(
            "--out", type=PATH, expose_value=False, is_eager=True, callback=remember, metavar=metavar, help=summary
        )(function)
        return click.argument(name, metavar=f"[{metavar}]", type=PATH, required=False, callback=either)(function)

    return decorate


def together(*options: Callable[[Any], Any]) -> Callable[[Command], Command]:
    """Several options as one decorator, in the order in which help shows them."""

    def decorate(function: Command) -> Command:
        for each in reversed(options):
            function = each(function)
        return function

    return decorate


results = click.argument("results", type=PATH)
results_or_none = click.argument("results", type=PATH, required=False)
"""Results, or only what is published."""
results_each = click.argument("results", type=PATH, nargs=-1)
"""Results of one benchmark or of several, or only what is published."""
data_each = click.option(
    "--data",
    "--annotations",
    "data",
    type=PATH,
    multiple=True,
    help="The data set: its folder, or its annotation file where no images are needed. Of several RESULTS one each, in "
    "their order.",
)
data = click.option(
    "--data",
    "--annotations",
    "data",
    type=PATH,
    help="The data set: its folder, or its annotation file where no images are needed.",
)
dataset = click.option(
    "--dataset", metavar="KIND", help="Benchmark or layout, e.g. otb2015, vot2018. Default: recognised."
)
trackers = click.option("--tracker", "trackers", multiple=True, help="Only this tracker; may be given again.")
convention = click.option(
    "--convention", help="Whose rules; default: those of the benchmark's papers. See `list conventions`."
)
conventions = click.option(
    "--convention", "conventions", multiple=True, help="Whose rules; may be given again. Default: by data set."
)
protocol = option(
    "--protocol",
    metavar="NAME",
    was=("--experiment",),
    help="Which of a tracker's runs: a protocol (ope, supervised, realtime, ...) or its folder.",
)
segment = click.option(
    "--segment",
    type=click.IntRange(min=1),
    help="Take only this run out of files that hold several (OTB's TRE: 1 is the one pass).",
)
on_mismatch = click.option(
    "--on-mismatch",
    type=click.Choice(["convention", "strict", "pad", "truncate"]),
    default="convention",
    show_default=True,
    help="Files of another length than the sequence: as the convention does, refuse, let missing frames fail, or score "
    "what both have.",
)
attribute_source = click.option(
    "--attribute-source", help="Whose attribute table; 'none' for none. Default: the preferred one."
)
metrics = click.option(
    "--metric",
    "metrics",
    multiple=True,
    help="A metric in addition to the convention's own; may be given again. See `list metrics`.",
)
metric = click.option("--metric", help="Metric to compare by; default: the one that the convention ranks by.")
resamples = click.option(
    "--resamples", default=10_000, show_default=True, help="Bootstrap resamples; tests draw as many swaps as they need."
)
timeout = option(
    "--timeout",
    was=("--trax-timeout",),
    type=click.FloatRange(min=0, min_open=True),
    metavar="SECONDS",
    help="For the start and each answer of a TraX tracker or a class. Default: its definition's, else 60.",
)
weights_key = click.option("--weights-key", metavar="KEY", help="Where in the weights file the tensors are, e.g. ema.")
weights_source = click.option(
    "--source", metavar="PROJECT", help="Whose layout the weights have, where that is in doubt, e.g. siamfc-pytorch."
)
seed = click.option("--seed", default=0, show_default=True, help="Of the resampling.")
device = click.option("--device", default="auto", show_default=True, help="auto, cpu, cuda or cuda:N.")
engine = click.option(
    "--engine",
    metavar="NAME",
    help="What computes networks, see `list engines`. Default: the tracker's own, else torch.",
)
precision = click.option(
    "--precision",
    type=click.Choice(["float32", "bfloat16", "float16", "int8"]),
    help="In what backbones are computed. Default: the tracker's own, else float32, which is exact.",
)
computing = together(device, engine, precision)
"""What runs networks, and on what."""
weights = click.option("--weights", type=PATH, help="Weights file instead of the tracker's own.")
formats = option(
    "--format",
    "formats",
    was=("--plot-format",),
    multiple=True,
    type=click.Choice(["png", "svg", "pdf"]),
    help="Of the figures; may be given again. Default: svg for --plots, all for a report.",
)
as_latex = click.option("--latex", "as_latex", is_flag=True, help="Print a LaTeX table (booktabs) for a paper.")
as_json = click.option("--json", "as_json", is_flag=True, help="Print JSON for programs.")
fresh = option("--fresh", was=("--restart",), is_flag=True, help="Make everything anew and replace what is there.")


published = click.option(
    "--with",
    "published",
    multiple=True,
    metavar="WHAT",
    help="Published trackers to add: 'published' for all of the benchmark, names or groups of `list published` "
    "with commas between, or a file of `publish`; may be given again.",
)
common_sequences = click.option(
    "--common-sequences",
    is_flag=True,
    help="Where sequences differ from those of published trackers, compare on those that all have; otherwise refused.",
)
ground_truth = together(data, dataset)
"""What is scored against."""
reading = together(trackers, protocol, segment)
"""Which runs; fields of `siamfc_eval.api.selection.Reading`."""
selecting = together(reading, attribute_source, on_mismatch, published, common_sequences)
"""What is scored; fields of `siamfc_eval.api.selection.Selecting`."""
reading_weights = together(weights, weights_key, weights_source)
"""Which weights, and how they are read; fields of `siamfc_eval.tracking.family.LoadOptions`."""
repetitions = click.option(
    "--repetitions",
    is_flag=True,
    help="Resample the repetitions of stochastic trackers as well as sequences, in intervals, ranks and first place.",
)
comparing = together(metric, resamples, seed)
"""How trackers are compared."""
