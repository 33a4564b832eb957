"""The protocols by name: what makes their runs, where results lie within a tracker's, and which convention scores them.

This is the only list of them; another package adds its own as entry points of the group `siamfc_eval.protocols`.
Modules that a row names load when they are used.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass

from siamfc_eval.errors import InputError
from siamfc_eval.registry import Registry

Shape = str
"""What the runs of one sequence are, and so which measure can read them: "one pass" (one start and every frame),
"resets" (new starts after failures), "anchors" (a run from each anchor), "segments" (from each of TRE's frames),
"shifts" (from each of SRE's boxes), or what a protocol and a convention of another package agree on."""


@dataclass(frozen=True)
class Protocol:
    """A way to run a tracker on a sequence."""

    kind: str
    """Its name, in experiment files and for `--protocol`."""
    summary: str
    folder: str | None
    """Folder of its results within a tracker's; None: the tracker's own folder."""
    generator: str
    """`module:class` of its settings in an experiment file, a `running.protocol_specs.ProtocolSettings`, which make the
    runs of a sequence."""
    convention: str
    """Under which its results are scored, where the benchmark's own convention reads other runs."""
    shape: Shape | None
    """None for one that takes another's: realtime puts a clock over a protocol."""
    other_folders: tuple[str, ...] = ()
    """Folders of the same protocol in other toolkits."""

    @property
    def folders(self) -> tuple[str, ...]:
        """Names of folders that hold its results, its own first; none for one-pass runs."""
        return () if self.folder is None else tuple(dict.fromkeys((self.folder, self.kind, *self.other_folders)))


_SETTINGS = "siamfc_eval.running.protocol_specs"

_OWN = (
    Protocol("ope", "One pass over the sequence", None, f"{_SETTINGS}:OnePassSpec", "otb-matlab", "one pass"),
    Protocol(
        "supervised",
        "VOT's run with resets",
        "baseline",
        f"{_SETTINGS}:SupervisedSpec",
        "vot-official",
        "resets",
    ),
    Protocol(
        "realtime",
        "VOT's run against the clock, of the supervised or the unsupervised protocol",
        "realtime",
        f"{_SETTINGS}:RealtimeSpec",
        "vot-official",
        None,
    ),
    Protocol(
        "unsupervised",
        "VOT's run without resets",
        "unsupervised",
        f"{_SETTINGS}:UnsupervisedSpec",
        "vot-official-ao",
        "one pass",
    ),
    Protocol(
        "multi-start",
        "VOT2020's runs from anchors",
        "multi-start",
        f"{_SETTINGS}:MultiStartSpec",
        "vot-multistart",
        "anchors",
        ("multistart",),
    ),
    Protocol(
        "long-term",
        "VOT's long-term run, whose confidences count",
        "long-term",
        f"{_SETTINGS}:LongTermSpec",
        "vot-longterm",
        "one pass",
        ("longterm",),
    ),
    Protocol("tre", "OTB's TRE: 20 starts", "TRE", f"{_SETTINGS}:TemporalRobustnessSpec", "otb-tre", "segments"),
    Protocol("sre", "OTB's SRE: 12 initial boxes", "SRE", f"{_SETTINGS}:SpatialRobustnessSpec", "otb-sre", "shifts"),
)

PROTOCOLS: Registry[Protocol] = Registry(
    "protocol", "siamfc_eval.protocols.table:Protocol", group="siamfc_eval.protocols"
)
"""Every protocol, by kind."""

for _entry in _OWN:
    PROTOCOLS.add_object(_entry.kind, _entry, _entry.summary)

_BY_NAME = {name.lower(): entry for entry in _OWN for name in (entry.kind, *entry.folders)}


def own_protocol(folder: str) -> Protocol | None:
    """This package's protocol that the name of a folder means; None for a name that says nothing.

    Nobody looks at other packages for it: runs under their protocols have a manifest that says so.
    """
    return _BY_NAME.get(folder.lower())


def match_protocol(name: str) -> Protocol | None:
    """The protocol that its kind, or a folder of its results, means; None for a name that says nothing."""
    wanted, added = name.lower(), _added()
    named = (entry for entry in added if wanted in map(str.lower, (entry.kind, *entry.folders)))
    return own_protocol(name) or next(named, None)


def _added() -> Iterator[Protocol]:
    """Protocols other than this package's own; one that is broken is found out by who asks for it by name."""
    for kind in PROTOCOLS:
        if kind not in _BY_NAME:
            with contextlib.suppress(InputError):
                yield PROTOCOLS[kind]


def protocol(kind: str) -> Protocol:
    """The protocol of a kind.

    Raises:
        UnknownNameError: there is none; the nearest names are in the message.
        InputError: it is another package's and cannot be loaded.
    """
    return PROTOCOLS[kind]
