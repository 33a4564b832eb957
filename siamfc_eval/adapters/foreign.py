"""Any Python class with `init(image, box)` and `update(image)` as one of our trackers.

That is the interface of `got10k.trackers.Tracker`, which most published Python trackers have: images are PIL images in
RGB, boxes are x, y, w, h. The class is named as `path/to/file.py:ClassName`; the file's folder is importable for it.
"""

from __future__ import annotations

import contextlib
import hashlib
import importlib.util
import inspect
import re
import sys
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
from PIL import Image

from siamfc_eval.datasets.frames import Frame
from siamfc_eval.errors import InputError, SiamfcEvalError, TrackerError, UnknownNameError
from siamfc_eval.geometry.regions import Box, Region, bounding_box
from siamfc_eval.tracking.targets import start_target
from siamfc_eval.tracking.tracker import Output, Tracker

_SPEC = re.compile(r"^(?P<file>.+\.py):(?P<name>\w+)$")


@dataclass(frozen=True)
class ForeignState:
    """Handle to the run that a foreign tracker is in; the tracker itself holds the state."""

    run: int
    """Counts initialisations: only the newest run of a tracker can go on."""


class ForeignTracker:
    """A foreign tracker object, driven one run at a time.

    Boxes are handed over 0-based; a class whose code expects 1-based ones (siamfc-pytorch) says so with an attribute
    `origin = 1`. Start polygons become their bounding boxes.

    Args:
        tracker: has `init(image, box)` and `update(image)`.
        name: for folders and reports; default: the object's own `name`, else its class's.
    """

    def __init__(self, tracker: Any, name: str | None = None) -> None:
        own = getattr(tracker, "name", None)
        self.name = name or (own if isinstance(own, str) and own else type(tracker).__name__)
        self.is_deterministic = bool(getattr(tracker, "is_deterministic", False))
        self.facts: Mapping[str, Any] = {}
        self._tracker = tracker
        self._offset = np.array([1.0, 1.0, 0.0, 0.0]) * float(getattr(tracker, "origin", 0.0))
        self._run = 0

    def init(self, frame: Frame, region: Region) -> ForeignState:
        """Start on a frame.

        Raises:
            InputError: the region cannot be tracked.
            TrackerError: the tracker raised.
        """
        start_target(frame, region)
        box = bounding_box(region).astype(np.float64) + self._offset
        with self._blamed("init", frame):
            self._tracker.init(_pil(frame), box)
        self._run += 1
        return ForeignState(self._run)

    def update(self, state: ForeignState, frame: Frame) -> tuple[ForeignState, Output]:
        """Find the target in the next frame.

        Raises:
            TrackerError: the tracker raised or answered with something that is no box, or has been started anew since.
        """
        if state.run != self._run:
            raise TrackerError(f"tracker {self.name}: this run has ended, the tracker was initialised again since.")
        with self._blamed("update", frame):
            answer = self._tracker.update(_pil(frame))
        return state, Output(region=self._box(answer, frame) - self._offset)

    def _box(self, answer: object, frame: Frame) -> Box:
        try:
            box = np.asarray(answer, dtype=np.float64).ravel()
        except (TypeError, ValueError):
            box = np.empty(0)
        if box.shape != (4,) or not np.isfinite(box).all():
            raise TrackerError(
                f"tracker {self.name}: update on {frame.path or 'a frame'} answered {answer!r}; expected four finite "
                "numbers x, y, w, h."
            )
        return box

    @contextlib.contextmanager
    def _blamed(self, when: str, frame: Frame) -> Iterator[None]:
        """Whatever the foreign code raises becomes this tracker's failure."""
        try:
            yield
        except SiamfcEvalError:
            raise
        except Exception as error:
            raise TrackerError(
                f"tracker {self.name}: {when} on {frame.path or 'a frame'} raised {type(error).__name__}: {error}"
            ) from error


def is_foreign_spec(spec: str) -> bool:
    """True for `path/to/file.py:ClassName`."""
    return _SPEC.match(spec) is not None


def load_foreign(spec: str, device: str = "auto", weights: Path | str | None = None) -> Tracker:
    """The tracker of a class in a Python file.

    Args:
        spec: `path/to/file.py:ClassName`. The class is built with no arguments, or with `device` and `weights` as far
            as its constructor names them. A class of this project's own protocol, with `update(state, frame)`, is taken
            as it is.
        device, weights: see above.

    Raises:
        InputError: no such file or class, it cannot be imported, or the class is no tracker.
        TrackerError: the constructor raised.
    """
    match = _SPEC.match(spec)
    if match is None:
        raise InputError(f"'{spec}': expected path/to/file.py:ClassName.")
    path, name = Path(match["file"]).expanduser().resolve(), match["name"]
    module = _import_file(path)
    kind = getattr(module, name, None)
    if not inspect.isclass(kind):
        classes = [
            key for key, value in vars(module).items() if inspect.isclass(value) and value.__module__ == module.__name__
        ]
        raise UnknownNameError(f"class in {path}", name, classes)
    if weights is not None and "weights" not in _parameters(kind):
        raise InputError(f"{path}: class {name} has no argument 'weights' to take {weights} with.")
    arguments = _constructor_arguments(kind, {"device": device, "weights": weights})
    try:
        tracker: Any = kind(**arguments)
    except Exception as error:
        raise TrackerError(f"{path}: {name}({', '.join(arguments)}) raised {type(error).__name__}: {error}") from error
    missing = [method for method in ("init", "update") if not callable(getattr(tracker, method, None))]
    if missing:
        raise InputError(
            f"{path}: class {name} has no {' and no '.join(missing)}; expected init(image, box) and update(image), as "
            "a got10k tracker has them."
        )
    if len(inspect.signature(tracker.update).parameters) >= 2 and isinstance(tracker, Tracker):
        return tracker
    foreign = ForeignTracker(tracker)
    foreign.facts = {
        "name": foreign.name,
        "family": "python",
        "class": name,
        "file": path.name,
        "file_sha256": hashlib.sha256(path.read_bytes()).hexdigest(),
    }
    return foreign


def _constructor_arguments(kind: type, offered: Mapping[str, object]) -> dict[str, object]:
    """Those of the offered arguments that the constructor names and that have a value."""
    named = _parameters(kind)
    return {key: value for key, value in offered.items() if key in named and value is not None}


def _parameters(kind: type) -> Collection[str]:
    """Names of a constructor's arguments; none for one that Python cannot look into."""
    try:
        return inspect.signature(kind).parameters.keys()
    except (TypeError, ValueError):
        return ()


def _import_file(path: Path) -> ModuleType:
    if not path.is_file():
        raise InputError(f"{path}: no such file. A tracker of your own is named as path/to/file.py:ClassName.")
    folder = str(path.parent)
    if folder not in sys.path:
        sys.path.append(folder)
    name = f"_siamfc_eval_foreign_{path.stem}"
    spec = importlib.util.spec_from_file_location(name, path)
    if spec is None or spec.loader is None:
        raise InputError(f"{path}: Python cannot import this file.")
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    try:
        spec.loader.exec_module(module)
    except Exception as error:
        sys.modules.pop(name, None)
        raise InputError(f"{path}: importing it raised {type(error).__name__}: {error}") from error
    return module


def _pil(frame: Frame) -> Image.Image:
    return Image.fromarray(frame.pixels)
