"""A workspace of the official vot-toolkit (0.7.4) with our trackers and a data set in it."""

from __future__ import annotations

import collections.abc
import configparser
import io
import os
import re
import shlex
import sys
from pathlib import Path

import numpy as np

from siamfc_eval.adapters.load import TRAX_PREFIX
from siamfc_eval.adapters.trax.client import name_of
from siamfc_eval.datasets.sequence import Dataset, Sequence
from siamfc_eval.errors import InputError
from siamfc_eval.storage.writing import cannot_write, make_folder, write_atomic

_IDENTIFIER = re.compile(r"[a-zA-Z0-9-_]+")


def write_workspace(
    folder: Path,
    dataset: Dataset,
    trackers: collections.abc.Sequence[str],
    *,
    stack: str = "vot2018/shortterm",
    python: str | None = None,
) -> Path:
    """Write config.yaml, trackers.ini and sequences/ so that `vot evaluate` and `vot analyze` work as they are.

    Image files are linked, not copied; sequences without files on disk cannot be exported.

    Args:
        folder: made if it is not there; a workspace that already holds results is not touched.
        dataset: sequences with image files.
        trackers: names or definitions that `siamfc-eval trax` accepts, or "NAME=COMMAND" for a foreign TraX tracker;
            files that these name are looked for from this folder.
        stack: experiment stack of the toolkit.
        python: interpreter that runs our trackers; default: this one.

    Returns:
        The folder.

    Raises:
        InputError: no frames, a tracker's name that the toolkit refuses or that is given twice, a command that cannot
            be split, or a folder that is in use.
    """
    if (folder / "results").exists():
        raise InputError(f"{folder}: this workspace already holds results; choose another folder or remove it")
    commands = _commands(trackers, python or sys.executable)
    # Two keys with plain values: YAML without the need for a YAML writer.
    _write(folder / "config.yaml", f"registry:\n- ./trackers.ini\nstack: {stack}\n")
    _write_registry(folder / "trackers.ini", commands)
    sequences = folder / "sequences"
    names = [_write_sequence(sequences, sequence) for sequence in dataset]
    _write(sequences / "list.txt", "".join(f"{name}\n" for name in names))
    return folder


def _commands(trackers: collections.abc.Sequence[str], python: str) -> dict[str, str]:
    """Name -> command line of each tracker.

    Raises:
        InputError: a name that the toolkit refuses, a name given twice, or a command that cannot be split.
    """
    commands: dict[str, str] = {}
    for tracker in trackers:
        name, command = _named_command(tracker, python)
        if not _IDENTIFIER.fullmatch(name):
            raise InputError(
                f"tracker '{name}': vot-toolkit allows letters, digits, '-' and '_' only. Use NAME={command}"
            )
        if name in commands:
            raise InputError(f"tracker '{name}' is given twice. Give the second another name: NAME={command}")
        commands[name] = command
    return commands


def _named_command(tracker: str, python: str) -> tuple[str, str]:
    if tracker.startswith(TRAX_PREFIX):
        command = tracker.removeprefix(TRAX_PREFIX).strip()
        return name_of(command), _from_anywhere(command)
    name, separator, foreign = tracker.partition("=")
    if separator:
        return name, _from_anywhere(foreign.removeprefix(TRAX_PREFIX))
    file, colon, kind = tracker.partition(":")
    path = Path(file).expanduser()
    spec = f"{path.resolve()}{colon}{kind}" if path.is_file() else tracker
    return path.stem, shlex.join([python, "-m", "siamfc_eval", "trax", spec])


def _from_anywhere(command: str) -> str:
    """A command line that means the same in another folder, since the toolkit starts trackers in a scratch one."""
    try:
        words = shlex.split(command)
    except ValueError as error:
        raise InputError(f"the TraX command '{command}' cannot be split into words: {error}") from error
    if not words:
        raise InputError("a TraX command is empty; expected NAME=COMMAND, such as mine='python my_tracker.py'")
    # A first word without a slash is looked for on the PATH, whatever lies in this folder; and a folder's bare name may
    # as well be a module's, as in `python -m package`.
    found = [
        str(Path(word).absolute())
        if ("/" in word and Path(word).exists()) or (number and Path(word).is_file())
        else word
        for number, word in enumerate(words)
    ]
    return shlex.join(found)


def _write_registry(path: Path, commands: dict[str, str]) -> None:
    registry = configparser.ConfigParser(interpolation=None)
    for name, command in commands.items():
        registry[name] = {"label": name, "protocol": "trax", "command": command}
    text = io.StringIO()
    registry.write(text)
    _write(path, text.getvalue())


def _write_sequence(root: Path, sequence: Sequence) -> str:
    if sequence.frames is None or len(sequence.frames) == 0:
        raise InputError(
            f"{sequence.name}: has no images, which a vot-toolkit workspace needs. Give the folder with them."
        )
    name = re.sub(r"[^a-zA-Z0-9-_]", "_", sequence.name)
    folder = root / name
    make_folder(folder / "color")
    suffix = ""
    for number, frame in enumerate(sequence.frames, 1):
        if frame.path is None:
            raise InputError(f"{sequence.name}: frame {number} has no file; write the data set to a folder first")
        suffix = frame.path.suffix
        link = folder / "color" / f"{number:08d}{suffix}"
        try:
            link.unlink(missing_ok=True)
            os.symlink(frame.path.resolve(), link)
        except OSError as error:
            raise cannot_write(link, error) from error
    height, width = sequence.frames[0].pixels.shape[:2]
    metadata = {
        "channels.color": f"color/%08d{suffix}",
        "fps": f"{sequence.fps or 30:g}",
        "width": str(width),
        "height": str(height),
        "length": str(len(sequence)),
        "format": "default",
        "name": name,
    }
    _write(folder / "sequence", "".join(f"{key}={value}\n" for key, value in metadata.items()))
    lines = [
        ",".join(np.format_float_positional(value, trim="-") for value in region) for region in sequence.ground_truth
    ]
    _write(folder / "groundtruth.txt", "".join(f"{line}\n" for line in lines))
    for tag, values in sequence.tags.items():
        if len(values):
            _write(folder / f"{tag}.tag", "".join(f"{int(value)}\n" for value in np.asarray(values)))
    return name


def _write(path: Path, text: str) -> None:
    """What is exported can be exported again, so nothing waits for the disk."""
    write_atomic(path, text, durable=False)
