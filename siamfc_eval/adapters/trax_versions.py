"""TraX before version 4, on the server's side.

libtrax announces any version that it is asked for but understands the messages of version 4 alone. What came before
differs for a tracker in one place: `initialize` carried the image too, which now follows as a first `frame`, and a
second one needs an empty `initialize` before it, which forgets the first target. So older clients are understood by
splitting that message on its way in.
"""

from __future__ import annotations

import re

VERSIONS = (1, 2, 3, 4)
"""Protocol versions that can be served."""

NEWEST = VERSIONS[-1]

_INITIALIZE = re.compile(rb'^@@TRAX:initialize[ \t]+("(?:[^"\\]|\\.)*")(.*)$', re.DOTALL)


def to_newest(line: bytes) -> bytes:
    """A client's line of version 1 to 3 as version 4 says it; every line but `initialize` stays as it is."""
    found = _INITIALIZE.match(line)
    if found is None:
        return line
    image, rest = found[1], found[2].strip()
    return b"@@TRAX:initialize\n@@TRAX:initialize " + rest + b"\n@@TRAX:frame " + image + b"\n"
