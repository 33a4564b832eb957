"""One of our trackers as a TraX server, for vot-toolkit and every other TraX client."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import Any

import numpy as np

from siamfc_eval.adapters.trax_regions import from_trax, from_trax_image, to_trax
from siamfc_eval.errors import MissingDependencyError, SiamfcEvalError, TrackerError
from siamfc_eval.tracking.tracker import Tracker

VERSIONS = (1, 2, 3, 4)
"""TraX protocol versions that can be spoken; 4 is today's."""


def serve(tracker: Tracker, regions: Sequence[str] = ("rectangle", "polygon"), version: int = 4) -> int:
    """Answer a TraX client on standard input and output, or on the socket in TRAX_SOCKET, until it quits.

    The tracker must be ready to work: the client's time-out runs from its start to the hello. Each `initialize` of the
    client starts the tracker anew, in the same process.

    Args:
        tracker: what to serve.
        regions: region formats to offer.
        version: of the protocol.

    Returns:
        The number of frames answered.

    Raises:
        TrackerError: the tracker failed, or the client broke the protocol or went away.
    """
    try:
        import trax
    except ImportError as error:
        raise MissingDependencyError("vot-trax", "trax", "serving a tracker over TraX") from error
    # Standard output belongs to the protocol from here on; what the tracker prints goes to standard error.
    sys.stdout = sys.stderr
    server = _Server(list(regions), ["path", "buffer"], tracker.name, version)
    answered = 0
    state: Any = None
    try:
        while True:
            request = server.wait()
            if request.type == trax.TraxStatus.QUIT:
                return answered
            frame = from_trax_image(request.image["color"])
            if request.type == trax.TraxStatus.INITIALIZE:
                if len(request.objects) != 1:
                    raise TrackerError(f"the client asked for {len(request.objects)} targets; one is tracked at a time")
                region = from_trax(request.objects[0][0])
                state = tracker.init(frame, region)
                server.status([(to_trax(region, list(regions)), {})])
            else:
                state, output = tracker.update(state, frame)
                properties = {} if np.isnan(output.confidence) else {"confidence": f"{output.confidence:.9g}"}
                server.status([(to_trax(output.region, list(regions)), properties)])
            answered += 1
    except trax.TraxException as error:
        raise TrackerError(
            f"the TraX client went away or broke the protocol ({answered} frames done): {error}"
        ) from error
    except SiamfcEvalError as error:
        server.quit(reason=str(error))
        raise


def _Server(regions: list[str], images: list[str], name: str, version: int) -> Any:  # noqa: N802
    from trax.server import Server

    del version
    return Server(regions, images, ["color"], name, "SiamFC family", "siamfc_eval")
