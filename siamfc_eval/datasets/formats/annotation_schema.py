"""What entries of annotation files in JSON hold: checked in one pass, so that readers meet the types that they expect.

Tables of regions are left to `pysot_json.parse_regions`, which is made for many numbers and names the row.
"""

from __future__ import annotations

from typing import Annotated, Any, TypeVar

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from siamfc_eval.errors import InputError
from siamfc_eval.storage.validation import explain_validation

Flags = list[bool]
"""One for each frame: true, false, 0 or 1."""
Text = Annotated[str, Field(strict=True)]
_Pixels = Annotated[int, Field(gt=0, le=1_000_000)]
_Frames = Annotated[int, Field(ge=0, le=100_000_000)]


class _Entry(BaseModel):
    """One sequence. Keys that nothing here reads are whatever they are."""

    model_config = ConfigDict(extra="ignore")

    gt_rect: Any
    """Rows of ground truth."""


class PysotEntry(_Entry):
    """One sequence of a file of pysot's kind."""

    img_names: list[Text]
    attr: list[Text] = []
    """Attributes by name in full."""
    absent: Flags = []
    """1 where the target is present."""
    width: _Pixels | None = None
    height: _Pixels | None = None
    camera_motion: Flags | None = None
    illum_change: Flags | None = None
    motion_change: Flags | None = None
    occlusion: Flags | None = None
    size_change: Flags | None = None


class CompactEntry(_Entry):
    """One sequence of the compact file of OTB."""

    n_frames: _Frames | None = None
    eval_offset: _Frames = 0
    start_frame: _Frames = 1
    dir: Text = ""
    """Folder of its images; "" for its name."""
    aliases: dict[str, Text] = {}
    attributes: dict[str, list[Text]] = {}


Entry = TypeVar("Entry", bound=_Entry)


def read_entry(model: type[Entry], entry: Any, where: str) -> Entry:
    """An entry with the right types.

    Args:
        model: what is expected.
        entry: what the file has.
        where: file and sequence, for errors.

    Raises:
        InputError: with every key that is absent or of a wrong type.
    """
    try:
        return model.model_validate(entry)
    except ValidationError as error:
        raise InputError(explain_validation(error, where, model)) from None
