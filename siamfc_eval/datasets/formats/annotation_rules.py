"""What entries of annotation files in JSON may hold: pydantic converts what can be converted and explains the rest.

Importing pydantic costs more than all else that reading such a file does, so this is for entries that
`annotation_entries` does not find to be right already.
"""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from siamfc_eval.errors import InputError
from siamfc_eval.storage.validation import explain_validation

_Flags = list[bool]
_Text = Annotated[str, Field(strict=True)]
_Pixels = Annotated[int, Field(gt=0, le=1_000_000)]
_Frames = Annotated[int, Field(ge=0, le=100_000_000)]


class _Entry(BaseModel):
    """One sequence. Keys that nothing here reads are whatever they are."""

    model_config = ConfigDict(extra="ignore")

    gt_rect: Any
    """Rows of ground truth."""


class PysotEntry(_Entry):
    """One sequence of a file of pysot's kind."""

    img_names: list[_Text]
    attr: list[_Text] = []
    """Attributes by name in full."""
    absent: _Flags = []
    """1 where the target is present."""
    width: _Pixels | None = None
    height: _Pixels | None = None
    camera_motion: _Flags | None = None
    illum_change: _Flags | None = None
    motion_change: _Flags | None = None
    occlusion: _Flags | None = None
    size_change: _Flags | None = None


class CompactEntry(_Entry):
    """One sequence of the compact file of OTB."""

    n_frames: _Frames | None = None
    eval_offset: _Frames = 0
    start_frame: _Frames = 1
    dir: _Text = ""
    """Folder of its images; "" for its name."""
    aliases: dict[str, _Text] = {}
    attributes: dict[str, list[_Text]] = {}


MODELS: dict[str, type[_Entry]] = {"PysotEntry": PysotEntry, "CompactEntry": CompactEntry}


def validated(name: str, entry: Any, where: str) -> dict[str, Any]:
    """The values of an entry with the right types, defaults included.

    Args:
        name: of the model.
        entry: what the file has.
        where: file and sequence, for errors.

    Raises:
        InputError: with every key that is absent or of a wrong type.
    """
    model = MODELS[name]
    try:
        return dict(model.model_validate(entry))
    except ValidationError as error:
        raise InputError(explain_validation(error, where, model)) from None
