"""The client side of vot-trax's library, with every answer's status checked.

`trax.client.Client` of vot-trax 4.0 takes an unknown status for an answer, so that the end of the stream becomes a
region read from freed memory; and it cannot be built without a listener that is called for each character. The same
calls into the same library are made here without either, and without its wrapper around each single structure, which
costs more than the message.
"""

from __future__ import annotations

from ctypes import byref, c_float, c_void_p, cast
from typing import Any, NamedTuple

import numpy as np
from trax import HandleWrapper, ImageListWrapper, Properties, TraxException, TraxStatus, trax_object_list_p
from trax import wrap_objects as _wrap_objects
from trax._ctypes import (
    trax_client_frame,
    trax_client_initialize,
    trax_client_setup_file,
    trax_client_wait,
    trax_image_list_create,
    trax_image_list_set,
    trax_is_alive,
    trax_logger,
    trax_logger_setup,
    trax_object_list_count,
    trax_object_list_get,
    trax_object_list_properties,
    trax_object_list_release,
    trax_properties_clear,
    trax_properties_get,
    trax_region_clone,
    trax_region_get_rectangle,
    trax_region_get_type,
    trax_terminate,
)
from trax.image import Image, ImageChannel
from trax.region import Region as TraxRegion

from siamfc_eval.adapters.trax_regions import from_trax
from siamfc_eval.geometry.regions import Region

_RECTANGLE = 2
"""libtrax's code of a rectangle, TRAX_REGION_RECTANGLE."""
_COLOR = ImageChannel.encode(ImageChannel.COLOR)


class Answer(NamedTuple):
    """An object in a server's answer."""

    region: Region
    """0-based pixels; NaN where the server gave a special region."""
    confidence: float
    """NaN where the server gave none."""


class Connection:
    """A conversation with a TraX server over a pair of pipes."""

    def __init__(self, to_tracker: int, from_tracker: int) -> None:
        """Wait for the server's hello.

        Args:
            to_tracker, from_tracker: file descriptors; they stay the caller's.

        Raises:
            TraxException: the stream ended, or what came is no hello.
        """
        self._logger = trax_logger()
        handle = trax_client_setup_file(from_tracker, to_tracker, trax_logger_setup(self._logger, 0, 0))
        if not handle or trax_is_alive(handle) == 0:
            raise TraxException("no hello")
        self._handle: Any = HandleWrapper(handle)
        self.version = int(self._handle.reference.contents.version)
        metadata = self._handle.reference.contents.metadata.contents
        self.region_formats: list[str] = TraxRegion.decode_list(metadata.format_region)
        self.image_formats: list[str] = Image.decode_list(metadata.format_image)
        # What vot.py adds to its hello, in vot-toolkit's own copy and in ours.
        self.serves_one_run: bool = trax_properties_get(metadata.custom, b"vot") is not None
        """The server is a classic script, which ends where the next run would begin."""
        # Made once: each of these costs as much as a whole message when it is made and let go of for every frame.
        self._images = ImageListWrapper(trax_image_list_create())
        self._nothing = _wrap_objects([])
        self._no_properties = Properties()
        self._told = Properties()
        self._numbers = (c_float(), c_float(), c_float(), c_float())
        self._number_references = tuple(byref(number) for number in self._numbers)

    def initialize(self, image: Any, region: Any) -> list[Answer]:
        """Start the tracker on a `trax.Image` with a `trax.Region`; the objects in its answer.

        Raises:
            TraxException: the request could not be sent, or no answer came back.
        """
        self._send(trax_client_initialize, image, _wrap_objects([(region, {})]))
        return self._answer()

    def frame(self, image: Any) -> list[Answer]:
        """Ask for the next frame; raises as `initialize`."""
        self._send(trax_client_frame, image, self._nothing)
        return self._answer()

    def quit(self) -> None:
        """Tell the server to end."""
        trax_terminate(self._handle.reference, None)

    def release(self) -> None:
        """Forget the conversation; must come before the pipes are closed.

        The library says goodbye on its file descriptors when it lets go, and by then a closed one may be another
        tracker's.
        """
        self._handle = None

    def _send(self, call: Any, image: Any, objects: Any) -> None:
        # The list holds the image by its address alone: whoever called keeps the image until this returns.
        images = self._images.reference
        trax_image_list_set(images, image.reference, _COLOR)
        status = call(self._handle.reference, images, objects.reference, self._no_properties.reference)
        if TraxStatus.decode(status) != TraxStatus.OK:
            raise TraxException("the request could not be sent")

    def _answer(self) -> list[Answer]:
        objects, told = trax_object_list_p(), self._told
        trax_properties_clear(told.reference)
        status = TraxStatus.decode(trax_client_wait(self._handle.reference, byref(objects), told.reference))
        if status == TraxStatus.QUIT:
            reason = told.get("trax.reason")
            raise TraxException(f"it quit, saying: {reason}" if reason else "it quit")
        if status != TraxStatus.STATE:
            raise TraxException("no state came back")
        try:
            return [self._object(objects, number) for number in range(trax_object_list_count(objects))]
        finally:
            trax_object_list_release(byref(objects))

    def _object(self, objects: Any, number: int) -> Answer:
        pointer = trax_object_list_get(objects, number)
        if trax_region_get_type(pointer) == _RECTANGLE:
            trax_region_get_rectangle(pointer, *self._number_references)
            region: Region = np.array([number.value for number in self._numbers])
        else:
            # A clone, because the wrapper frees what it is given and the list does so too.
            region = from_trax(TraxRegion.wrap(cast(trax_region_clone(pointer), c_void_p)))
        told = trax_properties_get(trax_object_list_properties(objects, number), b"confidence")
        try:
            confidence = float("nan" if told is None else told)
        except ValueError:
            confidence = float("nan")
        return Answer(region, confidence)
