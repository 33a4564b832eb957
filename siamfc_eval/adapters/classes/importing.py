"""A class from a file or a module, and an object of it. Runs in the class's own process, but for `--debug`."""

from __future__ import annotations

import contextlib
import importlib
import importlib.util
import inspect
import os
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

from siamfc_eval.adapters.classes.naming import ClassRequest
from siamfc_eval.adapters.classes.tracebacks import traceback_of
from siamfc_eval.errors import InputError, TrackerError, UnknownNameError


def import_class(request: ClassRequest) -> Callable[..., Any]:
    """The class, or a function that makes trackers.

    The file's folder (for a module the present one) comes first in the search for modules, as for a script; the present
    folder comes last.

    Raises:
        InputError: importing it raised, or there is nothing of that name.
    """
    first = str(Path(request.place).parent) if request.is_file else os.getcwd()
    if first not in sys.path:
        sys.path.insert(0, first)
    if os.getcwd() not in sys.path:
        sys.path.append(os.getcwd())
    with _blamed(f"{request.place}: importing it", InputError):
        module = _module_of_file(Path(request.place)) if request.is_file else importlib.import_module(request.place)
    found = getattr(module, request.name, None)
    if not callable(found):
        known = [key for key, value in vars(module).items() if inspect.isclass(value) and not key.startswith("_")]
        own = [key for key in known if getattr(module, key).__module__ == module.__name__]
        raise UnknownNameError(f"class in {request.place}", request.name, own or known)
    return found  # type: ignore[no-any-return]


def constructor_arguments(kind: Callable[..., Any], request: ClassRequest) -> dict[str, Any]:
    """What the constructor is called with: the request's arguments, and its device and weights where it names them.

    Raises:
        InputError: it does not take them.
        UnknownNameError: it has no argument of some name.
    """
    try:
        parameters = inspect.signature(kind).parameters
    except (TypeError, ValueError):  # compiled code does not say
        return dict(request.arguments)
    anything = any(p.kind is inspect.Parameter.VAR_KEYWORD for p in parameters.values())
    if request.weights is not None and "weights" not in parameters:
        raise InputError(f"{request.what} has no argument 'weights' to take {request.weights} with.")
    for name in request.arguments:
        if name not in parameters and not anything:
            raise UnknownNameError(f"argument of {request.what},", name, parameters)
    offered = {"device": request.device, "weights": request.weights}
    chosen = {key: value for key, value in offered.items() if key in parameters and value is not None}
    if request.weights is not None:
        return {**request.arguments, **chosen}
    return {**chosen, **request.arguments}


def build(kind: Callable[..., Any], arguments: dict[str, Any], request: ClassRequest) -> Any:
    """An object of the class.

    Raises:
        TrackerError: the constructor raised.
    """
    named = ", ".join(arguments)
    with _blamed(f"{request.place}: {request.name}({named})", TrackerError):
        return kind(**arguments)


def effective_arguments(kind: Callable[..., Any], arguments: dict[str, Any]) -> dict[str, Any]:
    """The arguments with the constructor's own defaults for those that are not given."""
    with contextlib.suppress(TypeError, ValueError):
        bound = inspect.signature(kind).bind(**arguments)
        bound.apply_defaults()
        return dict(bound.arguments)
    return arguments


@contextlib.contextmanager
def _blamed(what: str, kind: type[InputError] | type[TrackerError]) -> Iterator[None]:
    """Whatever the class's code raises becomes an error with its traceback."""
    try:
        yield
    except KeyboardInterrupt:
        raise
    except BaseException as error:  # SystemExit and the like are the class's failure too
        hint = ""
        if isinstance(error, ImportError) and "relative import" in str(error):
            hint = " A file of a package is named by its module: package.module:Class."
        message = f"{what} raised {type(error).__name__}: {error}.{hint}"
        raise kind(f"{message}\n{traceback_of(error)}") from error


def _module_of_file(path: Path) -> ModuleType:
    # Under its own name if that is free, so that modules next to it which import it get this one.
    name = path.stem
    if name in sys.modules or name in sys.stdlib_module_names:
        name = f"_siamfc_eval_class_{path.stem}"
    spec = importlib.util.spec_from_file_location(name, path)
    if spec is None or spec.loader is None:
        raise InputError(f"{path}: Python cannot import this file.")
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    try:
        spec.loader.exec_module(module)
    except BaseException:
        sys.modules.pop(name, None)
        raise
    return module
