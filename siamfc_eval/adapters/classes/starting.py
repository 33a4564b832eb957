"""A tracker to begin with: a commented class that works, and a test of it."""

from __future__ import annotations

import keyword
import sys
from pathlib import Path

from siamfc_eval.adapters.classes.styles import STYLES
from siamfc_eval.errors import InputError, UnknownNameError
from siamfc_eval.storage.writing import write_atomic

_TEMPLATES = Path(__file__).with_name("templates")


def write_tracker(name: str, folder: Path | str = ".", style: str = "got10k") -> tuple[Path, Path]:
    """Write `<name>.py` with a class in a style, and `test_<name>.py` next to it, which passes.

    Args:
        name: of the file and of the results, e.g. "my_tracker"; the class is then `MyTracker`. Hyphens become
            underscores.
        folder: made where absent.
        style: one of `siamfc_eval.adapters.classes.styles.STYLES`.

    Returns:
        The class's file and the test's.

    Raises:
        UnknownNameError: no such style.
        InputError: the name cannot be a module's, or one of the files is there already.
    """
    if style not in STYLES:
        raise UnknownNameError("style", style, STYLES)
    module = name.replace("-", "_")
    if not module.isidentifier() or not module.isascii() or keyword.iskeyword(module):
        raise InputError(f"'{name}': expected a Python file's name of letters, digits and underscores: my_tracker.")
    if module in sys.stdlib_module_names or module in {"cv2", "numpy", "siamfc_eval", "torch", "pytest"}:
        raise InputError(f"'{name}': a file of this name would hide the Python module {module}; choose another.")
    place = Path(folder).expanduser()
    files = {f"{style}.py.txt": place / f"{module}.py", "test.py.txt": place / f"test_{module}.py"}
    for path in files.values():
        if path.exists():
            raise InputError(f"{path}: is there already and is not replaced. Choose another name or folder.")
    for template, path in files.items():
        text = (_TEMPLATES / template).read_text(encoding="utf-8")
        write_atomic(path, text.replace("MyTracker", class_name(module)).replace("my_tracker", module))
    first, second = files.values()
    return first, second


def class_name(module: str) -> str:
    """`my_tracker` -> `MyTracker`."""
    return "".join(part[:1].upper() + part[1:] for part in module.split("_")) or module
