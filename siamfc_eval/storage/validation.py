"""What pydantic says of values, in sentences that say what to change."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from siamfc_eval.errors import UnknownNameError

if TYPE_CHECKING:
    from pydantic import BaseModel, ValidationError

_SHOWN = 8
"""Problems that are described one by one."""
_NO_TAGS: Mapping[str, type[BaseModel]] = {}


def explain_validation(
    error: ValidationError,
    where: str,
    model: type[BaseModel] | None = None,
    tags: Mapping[str, type[BaseModel]] = _NO_TAGS,
) -> str:
    """One sentence for each thing that is wrong, naming the key, what was found and what was expected.

    Args:
        error: what pydantic says.
        where: the file.
        model: what was validated; its fields are what "did you mean" chooses from.
        tags: members of the tagged union inside; pydantic puts their tags into locations, and no file has them there.
    """
    problems = error.errors(include_url=False)
    lines = [_sentence(problem, model, tags) for problem in problems[:_SHOWN]]
    if len(problems) > _SHOWN:
        lines.append(f"And {len(problems) - _SHOWN} more such problems.")
    return f"{where}: " + " ".join(lines)


def _sentence(problem: Mapping[str, Any], model: type[BaseModel] | None, tags: Mapping[str, type[BaseModel]]) -> str:
    location: list[str] = []
    owner, above = model, 0
    before: Any = 0
    for part in problem["loc"]:
        if part in tags and isinstance(before, int):
            owner, above = tags[part], len(location)
        else:
            location.append(str(part))
        before = part
    key = ".".join(location)
    inside = f" (in {key})" if len(location) > 1 else ""
    context = problem.get("ctx", {})
    if problem["type"] == "extra_forbidden":
        known = owner.model_fields if owner is not None and len(location) == above + 1 else ()
        return f"{UnknownNameError('key', location[-1], known)}{inside}"
    if problem["type"] == "union_tag_invalid":
        kind = str(context["discriminator"]).strip("'")
        return f"{UnknownNameError(kind, str(context['tag']), tags)} (in {key}.{kind})"
    if problem["type"] == "union_tag_not_found":
        return f"key '{'.'.join([*location, str(context['discriminator']).strip(chr(39))])}' is missing."
    if problem["type"] == "missing":
        return f"key '{key}' is missing."
    said = problem["msg"].removeprefix("Value error, ").rstrip(".")
    found = repr(problem["input"])
    return f"{key} = {found[:60]}{'...' if len(found) > 60 else ''}: {said}." if key else f"{said}."
