"""`siamfc-eval list`: what can be named on the command line."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import click

from siamfc_eval.cli import options
from siamfc_eval.cli.printing import echo
from siamfc_eval.registry import OURS, Registry
from siamfc_eval.storage.json_text import json_text

Row = dict[str, Any]


@click.group(name="list", epilog="Example: siamfc-eval list models --json")
def command() -> None:
    """List what can be named, such as trackers, experiments, protocols and conventions, and where each is from."""


def _listing(name: str, summary: str, columns: Sequence[str]) -> Callable[[Callable[[], list[Row]]], click.Command]:
    """A subcommand that shows rows: `columns` of them in a table for people, all keys as JSON for programs."""

    def decorate(rows: Callable[[], list[Row]]) -> click.Command:
        @command.command(name=name, help=summary, epilog=f"Example: siamfc-eval list {name} --json")
        @options.as_json
        def show(*, as_json: bool) -> None:
            found = rows()
            echo(json_text(found) if as_json else _table(found, columns))

        return show

    return decorate


def _table(rows: list[Row], columns: Sequence[str]) -> str:
    cells = [list(columns)] + [[_text(row[column]) for column in columns] for row in rows]
    widths = [max(len(line[index]) for line in cells) for index in range(len(columns))]
    lines = ["  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip() for line in cells]
    return "\n".join(lines)


def _text(value: object) -> str:
    return "-" if value is None or value == "" else str(value)


@_listing("trackers", "Trackers of the catalogue.", ("name", "family", "model", "ready", "description", "from"))
def trackers() -> list[Row]:
    """Every definition in `trackers/`; `ready` says what is missing before it runs."""
    from siamfc_eval.tracking.catalogue import read_catalogue, tracker_names
    from siamfc_eval.tracking.family import FAMILIES

    rows = []
    for name in tracker_names():
        described = read_catalogue(name)
        ready = FAMILIES[described.definition.family].lacks(described) or "yes"
        values = {"model": None, **described.definition.model_dump(mode="json")}
        rows.append({"name": name, **values, "ready": ready, **_place(described.path)})
    return rows


@_listing("experiments", "Experiments of the catalogue.", ("name", "dataset", "conventions", "description", "from"))
def experiments() -> list[Row]:
    """Every experiment in `experiments/`."""
    from siamfc_eval.catalogue import catalogue_names, find_definition
    from siamfc_eval.running.experiment import parse_experiment
    from siamfc_eval.storage.reading import read_toml

    rows = []
    for name in catalogue_names("experiments"):
        path = find_definition("experiments", name)
        values = read_toml(path, "experiment")
        experiment = parse_experiment({"name": name, **values}, str(path))
        row = experiment.model_dump(mode="json")
        rows.append({**row, "conventions": ", ".join(experiment.conventions), **_place(path)})
    return rows


@_listing("protocols", "Ways to run a tracker on a sequence.", ("name", "folder", "convention", "summary", "from"))
def protocols() -> list[Row]:
    """Every kind of protocol, with the folder of its results within a tracker's and the convention that scores it."""
    from siamfc_eval.protocols.table import PROTOCOLS

    return [
        {
            "name": entry.kind,
            "folder": entry.folder,
            "folders": list(entry.folders),
            "convention": entry.convention,
            "summary": entry.summary,
            "from": _provider(PROTOCOLS, kind),
        }
        for kind, entry in PROTOCOLS.items()
    ]


@_listing(
    "models",
    "Networks, with sizes and costs.",
    ("name", "input", "stride", "response", "parameters_M", "exemplar_GMAC", "search_GMAC", "head_GMAC", "paper"),
)
def models() -> list[Row]:
    """Every network by its known name, measured without weights."""
    from siamfc_eval.models.info import model_info
    from siamfc_eval.models.registry import model_names

    rows = []
    for name in model_names():
        info = model_info(name)
        channels = "+".join(str(count) for count in info.response_channels)
        rows.append(
            {
                **info.to_json(),
                "input": f"{info.exemplar_size}/{info.search_size}",
                "response": f"{channels} x {info.response_size} x {info.response_size}",
                "parameters_M": round(info.parameters / 1e6, 3),
                "exemplar_GMAC": round(info.exemplar_multiply_adds / 1e9, 3),
                "search_GMAC": round(info.search_multiply_adds / 1e9, 3),
                "head_GMAC": round(info.head_multiply_adds / 1e9, 3),
            }
        )
    return rows


@_listing(
    "datasets", "Benchmarks and layouts that are recognised.", ("name", "layout", "sequences", "spellings", "from")
)
def datasets() -> list[Row]:
    """Benchmarks by name, then layouts of any other data."""
    from siamfc_eval.datasets.known import KNOWN
    from siamfc_eval.datasets.load import LAYOUTS

    named = [
        {
            "name": entry.name,
            "layout": entry.family,
            "sequences": entry.sequences,
            "spellings": ", ".join(entry.other_names),
            "from": OURS,
        }
        for entry in KNOWN
    ]
    layouts = [
        {"name": name, "layout": name, "sequences": None, "spellings": "", "from": _provider(LAYOUTS, name)}
        for name in LAYOUTS
    ]
    return named + layouts


@_listing("families", "Families of trackers.", ("name", "summary", "from"))
def families() -> list[Row]:
    """Every kind of tracker that a definition file can describe."""
    from siamfc_eval.tracking.family import FAMILIES

    return _registered(FAMILIES)


@_listing("conventions", "Rules by which scores are computed.", ("name", "protocol", "summary", "from"))
def conventions() -> list[Row]:
    """Every convention of `siamfc-eval score --convention`; its protocol is there under the old name too."""
    from siamfc_eval.metrics.conventions import CONVENTIONS

    return [
        {
            "name": name,
            "protocol": entry.protocol,
            "experiment": entry.protocol,
            "summary": entry.summary,
            "metrics": [metric.key for metric in entry.metrics],
            "source": entry.source,
            "from": _provider(CONVENTIONS, name),
        }
        for name, entry in CONVENTIONS.items()
    ]


@_listing("metrics", "Numbers that scores have.", ("name", "label", "better", "conventions", "from"))
def metrics() -> list[Row]:
    """Every metric of a convention, and those of `siamfc-eval score --metric` that belong to none."""
    from siamfc_eval.metrics.conventions import CONVENTIONS
    from siamfc_eval.metrics.extra import METRICS

    users: dict[Any, list[str]] = {}
    for name, entry in CONVENTIONS.items():
        for metric in entry.metrics:
            users.setdefault(metric, []).append(name)
    rows = [{**_described(metric), "conventions": ", ".join(names), "from": OURS} for metric, names in users.items()]
    for name, extra in METRICS.items():
        rows.append({**_described(extra.metric), "conventions": "", "from": _provider(METRICS, name)})
    return rows


def _described(metric: Any) -> Row:
    values = metric.explained()
    return {"name": values.pop("key"), **values}


@_listing(
    "published",
    "Published trackers that results can be compared with.",
    ("name", "dataset", "groups", "conventions", "source", "version"),
)
def published() -> list[Row]:
    """Every tracker whose statistics come with this package."""
    from siamfc_eval.api.published import catalogue

    return [
        {**row, "conventions": ", ".join(row["conventions"]), "groups": ", ".join(row["groups"])} for row in catalogue()
    ]


@_listing("figures", "Figures that a report has where they apply.", ("name", "summary", "from"))
def figures() -> list[Row]:
    """Every figure, in the order of the page."""
    from siamfc_eval.reporting.figures.registry import FIGURES

    return _registered(FIGURES)


@_listing("executors", "What runs a tracker's sequences.", ("name", "summary", "from"))
def executors() -> list[Row]:
    """Every executor of `siamfc-eval run --executor`."""
    from siamfc_eval.running.executor import EXECUTORS

    return [
        {"name": name, "summary": EXECUTORS.summary(name), "from": _provider(EXECUTORS, name)} for name in EXECUTORS
    ]


@_listing("engines", "What computes networks.", ("name", "precisions", "devices", "ready", "summary", "from"))
def engines() -> list[Row]:
    """Every engine of `siamfc-eval run --engine`; `ready` says what is missing before it computes."""
    from importlib.util import find_spec

    from siamfc_eval.models.engines.engine import ENGINES

    rows = []
    for name in ENGINES:
        row: Row = {"name": name, "summary": ENGINES.summary(name), "from": _provider(ENGINES, name)}
        if find_spec("torch") is None:
            rows.append({**row, "precisions": None, "devices": None, "ready": "pip install '.[torch]'"})
            continue
        engine = ENGINES[name]
        lacking = [extra for package, extra in engine.packages.items() if find_spec(package) is None]
        ready = f"pip install '.[{lacking[0]}]'" if lacking else "yes"
        precisions, devices = ", ".join(engine.precisions), ", ".join(engine.devices)
        rows.append({**row, "precisions": precisions, "devices": devices, "ready": ready})
    return rows


def _registered(registry: Registry[Any]) -> list[Row]:
    return [
        {"name": name, "summary": getattr(entry, "summary", ""), "from": _provider(registry, name)}
        for name, entry in registry.items()
    ]


def _provider(registry: Registry[Any], name: str) -> str:
    return registry.provider(name) or OURS


def _place(path: Path) -> Row:
    from siamfc_eval.catalogue import catalogue_of

    return {"file": str(path), "from": catalogue_of(path)}
