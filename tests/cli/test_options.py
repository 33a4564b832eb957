"""One word means one thing in every verb, and words of before still work and say the new one."""

from __future__ import annotations

import importlib
from pathlib import Path

import click
import pytest
from click.testing import CliRunner

from siamfc_eval.cli import options
from siamfc_eval.cli.main import VERBS
from siamfc_eval.datasets.render_folder import render_to_folder
from siamfc_eval.synthetic.benchmark import embedded_benchmark


def verbs() -> dict[str, click.Command]:
    """Every command that takes options, by its full name."""
    found: dict[str, click.Command] = {}

    def add(name: str, command: click.Command) -> None:
        if isinstance(command, click.Group):
            for below, one in command.commands.items():
                add(f"{name} {below}", one)
        else:
            found[name] = command

    for verb in VERBS:
        add(verb, importlib.import_module(f"siamfc_eval.cli.verbs.{verb.replace('-', '_')}_verb").command)
    return found


@pytest.mark.parametrize(
    "flag",
    [
        "--data",
        "--dataset",
        "--device",
        "--json",
        "--protocol",
        "--on-mismatch",
        "--fresh",
        "--format",
        "--weights",
        "--source",
    ],
)
def test_an_option_is_described_by_the_same_words_everywhere(flag: str) -> None:
    said = {
        name: parameter.help
        for name, command in verbs().items()
        for parameter in command.params
        if isinstance(parameter, click.Option) and flag in parameter.opts and not parameter.hidden
    }
    own = {
        "train",
        "export vot-workspace",
        "report",
        "compare",
    }  # whose data are other things, not optional, or of several results
    assert len({text for name, text in said.items() if flag != "--data" or name not in own}) == 1, said


def test_whatever_computes_or_writes_prints_json_for_programs() -> None:
    talk = {"trax", "new tracker", "view"}  # which speak to a program, or write one file by its name
    without = {name for name, command in verbs().items() if not any("--json" in one.opts for one in command.params)}
    assert without == talk


def test_no_two_options_or_arguments_of_a_verb_have_one_name() -> None:
    for name, command in verbs().items():
        names = [parameter.name for parameter in command.params if parameter.expose_value]
        assert len(names) == len(set(names)), name


def test_wherever_weights_are_given_it_is_said_how_they_are_read() -> None:
    for name, command in verbs().items():
        flags = {flag for parameter in command.params for flag in parameter.opts}
        assert "--weights" not in flags or {"--weights-key", "--source"} <= flags, name


def test_an_older_name_works_and_says_the_new_one() -> None:
    @click.command()
    @options.option("--fresh", was=("--restart",), is_flag=True)
    @options.option("--out", type=options.PATH, was=("--output", "--to"))
    def command(fresh: bool, out: Path | None) -> None:
        click.echo(f"{fresh} {out}")

    said = CliRunner().invoke(command, ["--restart", "--to", "there"])
    assert said.stdout == "True there\n"
    assert "--restart is now called --fresh" in said.stderr
    assert "--to is now called --out" in said.stderr
    assert CliRunner().invoke(command, ["--out", "here"]).output == "False here\n"
    assert "--restart" not in CliRunner().invoke(command, ["--help"]).output


def test_ground_truth_is_given_by_either_of_two_names() -> None:
    @click.command()
    @options.ground_truth
    def command(data: Path | None, dataset: str | None) -> None:
        click.echo(f"{data} {dataset}")

    for name in ("--data", "--annotations"):
        assert CliRunner().invoke(command, [name, "there", "--dataset", "otb2015"]).output == "there otb2015\n"


def test_where_to_write_is_said_by_out_or_by_the_last_word(tmp_path: Path) -> None:
    from siamfc_eval.cli.verbs.convert_verb import command

    source = render_to_folder(embedded_benchmark(length=3, names=("kite-dives",)), tmp_path / "source", "vot")
    words = ["dataset", str(source), "--layout", "otb"]
    for where in ([str(tmp_path / "word")], ["--out", str(tmp_path / "option")]):
        assert CliRunner().invoke(command, [*words, *where], catch_exceptions=False).exit_code == 0
    assert (tmp_path / "word" / "kite-dives").is_dir()
    assert (tmp_path / "option" / "kite-dives").is_dir()
    both = CliRunner().invoke(command, [*words, str(tmp_path / "a"), "--out", str(tmp_path / "b")])
    assert both.exit_code != 0
    assert "name one place" in both.output
    assert "--out OUT" in CliRunner().invoke(command, words).output
