"""One table of protocols, which experiment files, readers and conventions agree with."""

from __future__ import annotations

import pytest

from siamfc_eval.errors import UnknownNameError
from siamfc_eval.metrics.conventions import CONVENTIONS, conventions_for, reads
from siamfc_eval.protocols.table import PROTOCOLS, match_protocol, protocol
from siamfc_eval.running.experiment import parse_experiment
from siamfc_eval.running.protocol_specs import settings_class


@pytest.mark.parametrize("kind", list(PROTOCOLS))
def test_every_protocol_can_be_declared_run_and_scored(kind: str) -> None:
    entry = PROTOCOLS[kind]
    [declared] = parse_experiment({"protocols": [{"kind": kind}]}, "here").protocols
    assert type(declared) is settings_class(kind)
    assert declared.folder == entry.folder
    assert entry.convention in CONVENTIONS
    assert reads(entry.convention, declared.scored_as)
    assert entry.convention in conventions_for(kind)


def test_every_convention_reads_a_protocol_of_the_table() -> None:
    assert {entry.protocol for entry in CONVENTIONS.values()} <= set(PROTOCOLS)


@pytest.mark.parametrize(
    ("name", "kind"),
    [("TRE", "tre"), ("baseline", "supervised"), ("longterm", "long-term"), ("Unsupervised", "unsupervised")],
)
def test_a_folder_says_which_protocol_it_is_of(name: str, kind: str) -> None:
    found = match_protocol(name)
    assert found is not None
    assert found.kind == kind


def test_other_names_are_no_protocols() -> None:
    assert match_protocol("SiamFC") is None
    with pytest.raises(UnknownNameError, match="Did you mean supervised"):
        protocol("superviesd")


def test_realtime_is_scored_as_what_the_clock_is_over() -> None:
    under = [{"kind": "realtime", "of": of, "folder": of} for of in ("supervised", "unsupervised")]
    assert [entry.scored_as for entry in parse_experiment({"protocols": under}, "here").protocols] == [
        "supervised",
        "unsupervised",
    ]
