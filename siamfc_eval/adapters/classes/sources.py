"""The code and the files that decide what a class answers, for the identity of its results."""

from __future__ import annotations

import ast
import contextlib
import functools
import hashlib
import json
import site
import sys
import sysconfig
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

_OURS = Path(__file__).resolve().parents[2]
_INSTALLED = {"site-packages", "dist-packages"}


def code_hashes(first: Path | None = None) -> dict[str, str]:
    """Module -> hash of its file, for all code in this process that is neither Python's, installed, nor ours.

    Modules that those import later, inside a function, are found in their source.

    Args:
        first: the file of the class itself, which counts wherever it is.
    """
    files = {path: name for name, path in _loaded() if _is_own(path)}
    if first is not None:
        files.setdefault(first, first.stem)
        files[first] = first.stem
    for path in _imported_later(files):
        files.setdefault(path, path.stem)
    hashes: dict[str, str] = {}
    for path, name in sorted(files.items(), key=lambda entry: (entry[1], str(entry[0]))):
        digest = file_hash(path)
        if digest is not None:
            key = name
            if key in hashes and hashes[key] != digest:
                key = f"{path.parent.name}.{name}"
            hashes[key] = digest
    return hashes


def argument_facts(arguments: Mapping[str, Any], folder: Path) -> dict[str, Any]:
    """Arguments as plain values; those that name a file stand for its content, whatever its place.

    Args:
        arguments: of the constructor.
        folder: where relative paths begin.
    """
    return {name: _fact(value, folder) for name, value in arguments.items()}


def file_hash(path: Path) -> str | None:
    """The first 16 digits of a file's SHA-256; None where it cannot be read."""
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()[:16]
    except OSError:
        return None


def _fact(value: Any, folder: Path) -> Any:
    if isinstance(value, str | Path):
        with contextlib.suppress(OSError, ValueError):
            path = folder / Path(value).expanduser()
            if path.is_file():
                return f"file {file_hash(path)}"
        return str(value)
    if isinstance(value, list | tuple):
        return [_fact(entry, folder) for entry in value]
    if isinstance(value, dict):
        return {str(key): _fact(entry, folder) for key, entry in value.items()}
    try:
        json.dumps(value)
    except (TypeError, ValueError):
        return type(value).__qualname__  # a repr would have an address in it
    return value


def _loaded() -> list[tuple[str, Path]]:
    found = []
    for name, module in list(sys.modules.items()):
        file = getattr(module, "__file__", None)
        if name != "__main__" and isinstance(file, str):
            with contextlib.suppress(OSError):
                found.append((name, Path(file).resolve()))
    return found


def _is_own(path: Path) -> bool:
    """Whether a file is code of the user's own."""
    if path.is_relative_to(_OURS) or _INSTALLED & set(path.parts):
        return False
    return not any(path.is_relative_to(folder) for folder in _library_folders())


@functools.cache
def _library_folders() -> list[Path]:
    paths = sysconfig.get_paths()
    folders = [paths[key] for key in ("stdlib", "platstdlib", "purelib", "platlib")]
    return [Path(folder).resolve() for folder in (*folders, *site.getsitepackages(), site.getusersitepackages())]


def _imported_later(loaded: Iterable[Path]) -> list[Path]:
    """Files of the user's own that are imported in the source of loaded ones and are not loaded themselves."""
    known = set(loaded)
    waiting, later = sorted(known), []
    while waiting:
        path = waiting.pop()
        for file in _imports(path):
            if file not in known:
                known.add(file)
                waiting.append(file)
                later.append(file)
    return later


def _imports(path: Path) -> list[Path]:
    """Files that a source file's import statements mean, as far as they are found by their paths."""
    if path.suffix != ".py":
        return []
    try:
        tree = ast.parse(path.read_bytes())
    except (OSError, SyntaxError, ValueError, RecursionError):
        return []
    roots = [path.parent, *(Path(entry).resolve() for entry in sys.path if entry)]
    found: list[Path] = []
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            names = [(roots, alias.name) for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            base = roots if not node.level else list(path.parents[node.level - 1 : node.level])
            prefix = f"{node.module}." if node.module else ""
            names = [(base, f"{prefix}{alias.name}") for alias in node.names] + [(base, node.module or "")]
        else:
            continue
        for folders, name in names:
            file = _file_of(name, folders)
            if file is not None and _is_own(file):
                found.append(file)
    return found


def _file_of(name: str, folders: list[Path]) -> Path | None:
    """The file of a module, from the first folder that has it."""
    if not name:
        return None
    for folder in folders:
        stem = folder.joinpath(*name.split("."))
        for file in (stem.with_name(f"{stem.name}.py"), stem / "__init__.py"):
            with contextlib.suppress(OSError):
                if file.is_file():
                    return file.resolve()
    return None
