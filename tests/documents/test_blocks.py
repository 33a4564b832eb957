"""Every code block of README, CONTRIBUTING and docs/ runs as it stands, or says why it cannot and is looked at."""

from __future__ import annotations

import contextlib
import dataclasses
import os
import shlex
import shutil
import tomllib
from pathlib import Path

import click
import pytest
from click.testing import CliRunner

import siamfc_eval as se
from siamfc_eval.cli.main import cli
from siamfc_eval.datasets.render_folder import render_to_folder
from siamfc_eval.datasets.sequence import Dataset
from siamfc_eval.synthetic.benchmark import embedded_benchmark
from tests.documents.blocks import REPOSITORY, Block, blocks_of, documents

HELD = ("van-approaches", "disc-spins")


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What the pages take for granted: a home with small stand-ins for the data sets, and results on one of them."""
    root = tmp_path_factory.mktemp("reader")

    def named(name: str, *names: str, frames: int = 4) -> Dataset:
        drawn = embedded_benchmark(size=(160, 120), length=frames, names=HELD)
        renamed = (dataclasses.replace(one, name=other) for one, other in zip(drawn, names, strict=False))
        return Dataset(name, tuple(renamed))

    home = root / "home"
    render_to_folder(named("otb2015", "Couple", "Jogging-1"), home / "OTB2015", "otb")
    render_to_folder(named("vot2018", "bag", frames=3), home / "VOT2018", "vot")
    render_to_folder(named("videos", "cat", "dog"), home / "videos", "folder")
    table = home / "tables" / "cat"
    shutil.copytree(home / "videos" / "cat", table)
    boxes = next(table.rglob("groundtruth.txt"))
    rows = [f"{number},x,{line}" for number, line in enumerate(boxes.read_text().split(), 1)]
    boxes.unlink()
    (table.parent / "cat.csv").write_text("\n".join(rows) + "\n")
    mot = home / "MOT17-02"
    (mot / "gt").mkdir(parents=True)
    images = sorted((home / "videos" / "cat").rglob("*.jpg"))
    (mot / "img1").mkdir()
    for number, image in enumerate(images, 1):
        shutil.copy(image, mot / "img1" / f"{number:06d}.jpg")
    gt = [
        f"{number},{target},{20 + number},30,24,20,1,1,1.0" for target in (3, 5) for number in range(1, len(images) + 1)
    ]
    (mot / "gt" / "gt.txt").write_text("\n".join(gt) + "\n")
    work = root / "work"
    # What the pages run themselves is there too: it goes on with nothing left to do, so each is run once.
    trackers = ["siamfc-slim", "siamfc-alexnet", "kcf", "static", "static"]
    names = (*trackers[:-1], "mine")
    se.run("otb2015", trackers, data=home / "OTB2015", out=work / "runs", workers=1, lanes=1, names=names)
    se.run("vot2018", "siamfc-alexnet", data=home / "VOT2018", out=work / "runs", workers=1, lanes=1)
    return root


@pytest.fixture
def reader(template: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder in which somebody reads a page, on a machine with one core."""
    for name in ("home", "work"):
        shutil.copytree(template / name, tmp_path / name)
    # Compiled code is where it always is.
    monkeypatch.setenv("XDG_CACHE_HOME", os.environ.get("XDG_CACHE_HOME", str(Path.home() / ".cache")))
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.setattr(os, "cpu_count", lambda: 1)
    monkeypatch.chdir(tmp_path / "work")
    return tmp_path / "work"


def test_documents_with_blocks_are_found() -> None:
    assert {"README.md", "CONTRIBUTING.md", "docs/python.md", "docs/vot.md", "docs/index.md"} <= set(documents())


@pytest.mark.parametrize("document", documents())
def test_the_blocks_of_a_document_run_as_they_stand(document: str, reader: Path) -> None:
    blocks = [block for block in blocks_of(document) if block.runs]
    for block in blocks:
        if block.file:
            (reader / block.file).write_text(block.code, encoding="utf-8")
    for block in blocks:
        if block.language == "toml":
            tomllib.loads(block.code)
        elif block.language != "python":
            for words in block.commands():
                _run(block, words)
        elif not block.file:
            with contextlib.redirect_stdout(None):
                exec(compile(block.code, block.place, "exec"), {"__name__": "__main__"})


def _run(block: Block, words: list[str]) -> None:
    """Run a command as it stands; exit code 2 is fine, as the stand-ins are not the whole of their benchmarks."""
    words = [os.path.expanduser(word) for word in words]
    if words[0] == "siamfc-eval":
        done = CliRunner().invoke(cli, words[1:], standalone_mode=False)
        code = 1 if done.exception else done.return_value or 0
        assert code in {0, 2}, f"{block.place}: {shlex.join(words)}: {done.exception}\n{done.output}"
        return
    _look_at(block, words)


@pytest.mark.parametrize("document", documents())
def test_what_is_not_run_says_why_and_names_what_there_is(document: str) -> None:
    for block in blocks_of(document):
        how, _, rest = block.mark.partition(": ")
        if how == "run by":
            assert document.rpartition("/")[2] in (REPOSITORY / rest).read_text(encoding="utf-8"), block.place
        if how == "not run" and block.language in {"sh", "bash"}:
            for words in block.commands():
                _look_at(block, words)
        elif how == "not run" and block.language == "python":
            compile(block.code, block.place, "exec")


def _look_at(block: Block, words: list[str]) -> None:
    """A command that is not run: its verb and options, its make target or its script exist."""
    program = words[0].rpartition("/")[2]
    if program == "siamfc-eval":
        _parse(block, words[1:])
    elif program == "make":
        makefile = (REPOSITORY / "Makefile").read_text(encoding="utf-8")
        for target in words[1:]:
            assert "=" in target or f"\n{target}:" in makefile, f"{block.place}: make has no target {target}"
    elif program == "pip" and words[1] == "install":
        extras = tomllib.loads((REPOSITORY / "pyproject.toml").read_text())["project"]["optional-dependencies"]
        asked = words[-1].partition("[")[2].rstrip("]")
        assert words[-1].startswith("."), f"{block.place}: there is no release to install from"
        assert not asked or set(asked.split(",")) <= set(extras), f"{block.place}: no extra {asked}"
    elif program in {"python", "torchrun"}:
        script = next(word for word in words[1:] if word.endswith(".py"))
        assert (REPOSITORY / script).is_file(), f"{block.place}: no {script}"
    else:
        assert program in {"vot", "pre-commit", "sbatch", "dask", "pytest"}, f"{block.place}: what is {program}?"


def _parse(block: Block, words: list[str]) -> None:
    """Whether the command line understands the words, without doing what they ask for."""
    command: click.Command = cli
    context = click.Context(cli)
    try:
        while isinstance(command, click.Group):
            context = click.Context(command, parent=context, info_name=words[0])
            found = command.get_command(context, words.pop(0))
            assert found is not None, f"{block.place}: no such command"
            command = found
        command.make_context(command.name, words, parent=context)
    except click.ClickException as error:
        raise AssertionError(f"{block.place}: {error.format_message()}") from error
