"""In which style a class is written, as its methods say."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any

from siamfc_eval.adapters.classes.styles import (
    STYLES,
    Got10kStyle,
    ImageKind,
    OpenCVStyle,
    OwnStyle,
    PysotStyle,
    PytrackingStyle,
    Style,
)
from siamfc_eval.errors import InputError, UnknownNameError

_FAMILIES: dict[str, type[Style]] = {
    "got10k": Got10kStyle,
    "pysot": PysotStyle,
    "pytracking": PytrackingStyle,
    "cv2": OpenCVStyle,
}
"""Package in which an ancestor of a class is defined -> its style."""

_FORMS = (
    "init(image, box) and update(image) for got10k and opencv, init(img, bbox) and track(img) for pysot, "
    "initialize(image, info) and track(image) for pytracking, init(frame, region) and update(state, frame) for "
    "siamfc-eval"
)


def style_of(tracker: Any, what: str, asked: str | None = None) -> Style:
    """The style of a tracker.

    Args:
        tracker: an object of the class.
        what: the class, for errors.
        asked: a name of `STYLES` to take without a look at more than the methods' names; None: by the methods.

    Raises:
        UnknownNameError: no style is called so.
        InputError: the methods fit no style, or more than one.
    """
    if asked is not None:
        if asked not in STYLES:
            raise UnknownNameError("style", asked, STYLES)
        kind = STYLES[asked]
        missing = [name for name in (kind.start_method, kind.follow_method) if not _has(tracker, name)]
        if missing:
            raise InputError(
                f"{what} has no {' and no '.join(missing)}, which style {asked} needs. Expected {_FORMS}; "
                f"found {_found(tracker)}."
            )
        return _built(kind, tracker)
    fitting = _fitting(tracker)
    for ancestor in type(tracker).__mro__:
        family = _FAMILIES.get(ancestor.__module__.partition(".")[0])
        if family is not None and (family in fitting or family is OpenCVStyle):
            return _built(family, tracker)
    if not fitting:
        raise InputError(f"{what} is no tracker of a known style. Expected {_FORMS}; found {_found(tracker)}.")
    if len(fitting) > 1:
        which = " and ".join(f"{kind.name} ({kind.start_method}, {kind.follow_method})" for kind in fitting)
        options = " or ".join(f"--style {kind.name}" for kind in fitting)
        raise InputError(f"{what} fits more than one style: {which}. Say which with {options}.")
    if fitting == [Got10kStyle] and _answers_pairs(tracker):
        return _built(OpenCVStyle, tracker)
    return _built(fitting[0], tracker)


def _fitting(tracker: Any) -> list[type[Style]]:
    """The styles that the methods fit; classes in OpenCV's style have the same methods as got10k's."""
    fitting: list[type[Style]] = []
    if _takes(tracker, "init", 2) and _has(tracker, "update") and _required(tracker, "update") == 2:
        fitting.append(OwnStyle)
    elif _takes(tracker, "init", 2) and _takes(tracker, "update", 1):
        fitting.append(Got10kStyle)
    if _takes(tracker, "init", 2) and _takes(tracker, "track", 1):
        fitting.append(PysotStyle)
    if _takes(tracker, "initialize", 2) and _takes(tracker, "track", 1):
        fitting.append(PytrackingStyle)
    return fitting


def _built(kind: type[Style], tracker: Any) -> Style:
    origin = getattr(tracker, "origin", 0.0)
    if not isinstance(origin, bool | int | float):
        raise InputError(f"class {type(tracker).__name__}: origin = {origin!r}; expected 0 or 1.")
    if kind is Got10kStyle:
        return Got10kStyle(float(origin), _image_kind(tracker))
    if kind is PytrackingStyle:
        return PytrackingStyle(float(origin), takes_info=_takes(tracker, "track", 2))
    if kind is OwnStyle:
        return OwnStyle(takes_polygons=bool(getattr(tracker, "accepts_polygons", False)))
    return kind(float(origin))


def _image_kind(tracker: Any) -> ImageKind:
    """What a class in got10k's style wants: as its attribute `image_type` says, else as its annotations do, else PIL.

    Raises:
        InputError: the attribute is neither "PIL" nor "numpy".
    """
    declared = getattr(tracker, "image_type", None)
    if declared is not None:
        kinds: dict[str, ImageKind] = {"pil": "PIL", "numpy": "numpy"}
        if str(declared).lower() not in kinds:
            raise InputError(f'class {type(tracker).__name__}: image_type = {declared!r}; expected "PIL" or "numpy".')
        return kinds[str(declared).lower()]
    for method in ("init", "update"):
        for parameter in list(_parameters(tracker, method))[:1]:
            words = str(parameter.annotation).lower()
            if "ndarray" in words or "numpy" in words:
                return "numpy"
    return "PIL"


def _answers_pairs(tracker: Any) -> bool:
    """Whether `update` says that it answers a pair that begins with a truth value."""
    try:
        annotation = inspect.signature(tracker.update).return_annotation
    except (TypeError, ValueError):
        return False
    return str(annotation).lower().replace("typing.", "").startswith("tuple[bool")


def _has(tracker: Any, method: str) -> bool:
    return callable(getattr(tracker, method, None))


def _parameters(tracker: Any, method: str) -> list[inspect.Parameter]:
    """A method's parameters, `self` left out; none where Python cannot look into it."""
    function: Callable[..., Any] = getattr(tracker, method)
    try:
        return list(inspect.signature(function).parameters.values())
    except (TypeError, ValueError):
        return []


_POSITIONAL = (inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD)


def _required(tracker: Any, method: str) -> int:
    """Positional arguments without a default."""
    parameters = _parameters(tracker, method)
    return sum(p.kind in _POSITIONAL and p.default is inspect.Parameter.empty for p in parameters)


def _takes(tracker: Any, method: str, count: int) -> bool:
    """Whether a method is there and can be called with so many positional arguments."""
    if not _has(tracker, method):
        return False
    try:
        parameters = inspect.signature(getattr(tracker, method)).parameters.values()
    except (TypeError, ValueError):
        return True  # compiled code does not say
    if any(p.kind is inspect.Parameter.KEYWORD_ONLY and p.default is inspect.Parameter.empty for p in parameters):
        return False
    if any(p.kind is inspect.Parameter.VAR_POSITIONAL for p in parameters):
        return _required(tracker, method) <= count
    return _required(tracker, method) <= count <= sum(p.kind in _POSITIONAL for p in parameters)


def _found(tracker: Any) -> str:
    """The methods of interest that a class has, as they are declared."""
    shown = []
    for name in ("init", "initialize", "update", "track"):
        if _has(tracker, name):
            try:
                shown.append(f"{name}{inspect.signature(getattr(tracker, name))}")
            except (TypeError, ValueError):
                shown.append(f"{name}(...)")
    return ", ".join(shown)[:300] or "none of these methods"
