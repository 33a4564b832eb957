"""The client side of vot-trax's library, with every answer's status checked.

`trax.client.Client` of vot-trax 4.0 takes an unknown status for an answer, so that the end of the stream becomes a
region read from freed memory; and it cannot be built without a listener that is called for each character. The same
calls into the same library are made here without either.
"""

from __future__ import annotations

from ctypes import byref
from typing import Any

from trax import HandleWrapper, ObjectListWrapper, Properties, TraxException, TraxStatus, trax_object_list_p
from trax import wrap_images as _wrap_images
from trax import wrap_object_list as _wrap_object_list
from trax import wrap_objects as _wrap_objects
from trax._ctypes import (
    trax_client_frame,
    trax_client_initialize,
    trax_client_setup_file,
    trax_client_wait,
    trax_is_alive,
    trax_logger,
    trax_logger_setup,
    trax_terminate,
)
from trax.image import Image
from trax.region import Region

Answer = list[tuple[Any, dict[str, str]]]
"""Objects: a `trax.Region` and its properties each."""


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
        self.region_formats: list[str] = Region.decode_list(metadata.format_region)
        self.image_formats: list[str] = Image.decode_list(metadata.format_image)

    def initialize(self, image: Any, region: Any) -> Answer:
        """Start the tracker on a `trax.Image` with a `trax.Region`."""
        images, objects, properties = _wrap_images({"color": image}), _wrap_objects([(region, {})]), Properties({})
        self._send(trax_client_initialize, images, objects, properties)
        return self._answer()

    def frame(self, image: Any) -> Answer:
        """Ask for the next frame."""
        images, objects, properties = _wrap_images({"color": image}), _wrap_objects([]), Properties({})
        self._send(trax_client_frame, images, objects, properties)
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

    def _send(self, call: Any, images: Any, objects: Any, properties: Any) -> None:
        status = call(self._handle.reference, images.reference, objects.reference, properties.reference)
        if TraxStatus.decode(status) != TraxStatus.OK:
            raise TraxException("the request could not be sent")

    def _answer(self) -> Answer:
        pointer, properties = trax_object_list_p(), Properties()
        code = trax_client_wait(self._handle.reference, byref(pointer), properties.reference)
        status = TraxStatus.decode(code)
        if status == TraxStatus.QUIT:
            reason = properties.dict().get("trax.reason")
            raise TraxException(f"it quit, saying: {reason}" if reason else "it quit")
        if status != TraxStatus.STATE:
            raise TraxException("no state came back")
        received = ObjectListWrapper(pointer)  # frees the list when it goes, so it must outlive the reading
        answer: Answer = _wrap_object_list(received.reference)
        return answer
