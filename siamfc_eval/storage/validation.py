"""What pydantic says of values, in sentences that say what to change."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from siamfc_eval.errors import UnknownNameError

if TYPE_CHECKING:
    from pydantic import BaseModel, ValidationError

_SHOWN = 8
"""Problems that are described one by one."""
_NO_MEMBERS: Mapping[tuple[int | str, ...], type[BaseModel]] = {}


def explain_validation(
    error: ValidationError,
    where: str,
    model: type[BaseModel] | None = None,
    members: Mapping[tuple[int | str, ...], type[BaseModel]] = _NO_MEMBERS,
    kinds: Iterable[str] = (),
) -> str:
    """One sentence for each thing that is wrong, naming the key, what was found and what was expected.

    Args:
        error: what pydantic says.
        where: the file.
        model: what was validated; its fields are what "did you mean" chooses from.
        members: place of a part that has a model of its own, such as ("protocols", 0) -> that model.
        kinds: what the key that tells such parts apart may be.
    """
    problems = error.errors(include_url=False)
    lines = [_sentence(problem, model, members, kinds) for problem in problems[:_SHOWN]]
    if len(problems) > _SHOWN:
        lines.append(f"And {len(problems) - _SHOWN} more such problems.")
    return f"{where}: " + " ".join(lines)


def _sentence(
    problem: Mapping[str, Any],
    model: type[BaseModel] | None,
    members: Mapping[tuple[int | str, ...], type[BaseModel]],
    kinds: Iterable[str],
) -> str:
    location = [str(part) for part in problem["loc"]]
    owner = model if len(location) == 1 else members.get(tuple(problem["loc"][:-1]))
    key = ".".join(location)
    inside = f" (in {key})" if len(location) > 1 else ""
    context = problem.get("ctx", {})
    if problem["type"] == "extra_forbidden":
        known = owner.model_fields if owner is not None else ()
        return f"{UnknownNameError('key', location[-1], known)}{inside}"
    if problem["type"] == "union_tag_invalid":
        kind = str(context["discriminator"]).strip("'")
        return f"{UnknownNameError(kind, str(context['tag']), kinds)} (in {key}.{kind})"
    if problem["type"] == "union_tag_not_found":
        return f"key '{'.'.join([*location, str(context['discriminator']).strip(chr(39))])}' is missing."
    if problem["type"] == "missing":
        return f"key '{key}' is missing."
    said = problem["msg"].removeprefix("Value error, ").rstrip(".")
    found = repr(problem["input"])
    return f"{key} = {found[:60]}{'...' if len(found) > 60 else ''}: {said}." if key else f"{said}."
