"""What entries of annotation files in JSON hold: checked in one pass, so that readers meet the types that they expect.

Tables of regions are left to `pysot_json.parse_regions`, which is made for many numbers and names the row.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeVar

Flags = list[bool]
"""One for each frame: true, false, 0 or 1."""


@dataclass(frozen=True)
class PysotEntry:
    """One sequence of a file of pysot's kind. Keys that nothing here reads are whatever they are."""

    gt_rect: Any
    """Rows of ground truth."""
    img_names: list[str]
    attr: list[str] = field(default_factory=list)
    """Attributes by name in full."""
    absent: Flags = field(default_factory=list)
    """1 where the target is present."""
    width: int | None = None
    height: int | None = None
    camera_motion: Flags | None = None
    illum_change: Flags | None = None
    motion_change: Flags | None = None
    occlusion: Flags | None = None
    size_change: Flags | None = None


@dataclass(frozen=True)
class CompactEntry:
    """One sequence of the compact file of OTB."""

    gt_rect: Any
    """Rows of ground truth."""
    n_frames: int | None = None
    eval_offset: int = 0
    start_frame: int = 1
    dir: str = ""
    """Folder of its images; "" for its name."""
    aliases: dict[str, str] = field(default_factory=dict)
    attributes: dict[str, list[str]] = field(default_factory=dict)


Entry = TypeVar("Entry", PysotEntry, CompactEntry)


def read_entry(kind: type[Entry], entry: Any, where: str) -> Entry:
    """An entry with the right types.

    Args:
        kind: what is expected.
        entry: what the file has.
        where: file and sequence, for errors.

    Raises:
        InputError: with every key that is absent or of a wrong type.
    """
    plain = _PLAIN[kind]
    if isinstance(entry, dict) and all(key in entry for key in _NEEDED[kind]):
        known = {key: entry[key] for key in plain if key in entry}
        if all(plain[key](value) for key, value in known.items()):
            return kind(**known)
    from siamfc_eval.datasets.formats.annotation_rules import validated

    return kind(**validated(kind.__name__, entry, where))


def _anything(_: Any) -> bool:
    return True


def _is_pixels(value: Any) -> bool:
    return value is None or (type(value) is int and 0 < value <= 1_000_000)


def _is_frames(value: Any) -> bool:
    return type(value) is int and 0 <= value <= 100_000_000


def _is_frames_or_none(value: Any) -> bool:
    return value is None or _is_frames(value)


def _is_text(value: Any) -> bool:
    return type(value) is str


def _are_texts(value: Any) -> bool:
    return type(value) is list and set(map(type, value)) <= {str}


def _are_flags(value: Any) -> bool:
    return type(value) is list and set(map(type, value)) <= {bool, int} and set(value) <= {0, 1}


def _are_flags_or_none(value: Any) -> bool:
    return value is None or _are_flags(value)


def _are_aliases(value: Any) -> bool:
    return type(value) is dict and _are_texts(list(value.values()))


def _are_attributes(value: Any) -> bool:
    return type(value) is dict and all(map(_are_texts, value.values()))


_TAGS = ("camera_motion", "illum_change", "motion_change", "occlusion", "size_change")
_PLAIN: Mapping[type, Mapping[str, Callable[[Any], bool]]] = {
    PysotEntry: {
        "gt_rect": _anything,
        "img_names": _are_texts,
        "attr": _are_texts,
        "absent": _are_flags,
        "width": _is_pixels,
        "height": _is_pixels,
        **dict.fromkeys(_TAGS, _are_flags_or_none),
    },
    CompactEntry: {
        "gt_rect": _anything,
        "n_frames": _is_frames_or_none,
        "eval_offset": _is_frames,
        "start_frame": _is_frames,
        "dir": _is_text,
        "aliases": _are_aliases,
        "attributes": _are_attributes,
    },
}
"""Key -> whether a value is of the right type as it is."""
_NEEDED: Mapping[type, tuple[str, ...]] = {PysotEntry: ("gt_rect", "img_names"), CompactEntry: ("gt_rect",)}
