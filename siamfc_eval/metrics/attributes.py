"""Which sequences have which attribute, by a named source."""

from __future__ import annotations

from siamfc_eval.datasets.sequence import Dataset
from siamfc_eval.errors import InputError, UnknownNameError

NO_SOURCE = "none"
"""Asks for no attributes at all."""

PREFERRED = ("matlab_hc", "jwlim_python", "matlab_zz", "pytracking")
"""Of OTB's four public tables, the first has the number of sequences that Wu, Lim and Yang (PAMI 2015) print for each
attribute, but for Human4-2, of which it says nothing."""


def attribute_sources(dataset: Dataset) -> tuple[str, ...]:
    """The sources that say something of any sequence, the default one first."""
    present = {source for sequence in dataset for source in sequence.attributes}
    known = [source for source in PREFERRED if source in present]
    return (*known, *sorted(present - set(known)))


def choose_source(dataset: Dataset, asked: str | None, own: str = "") -> str:
    """The attribute source to use; "" where there is none.

    Args:
        dataset: the sequences.
        asked: a source, "none", or None for the convention's own (pytracking has one) or the preferred one.
        own: the convention's own source; "": it has none.

    Raises:
        UnknownNameError: the data set has no such source.
        InputError: a source was asked for and the data set has none at all.
    """
    sources = attribute_sources(dataset)
    if asked == NO_SOURCE:
        return ""
    if asked is not None:
        if not sources:
            raise InputError(
                f"{dataset.name}: attributes of '{asked}' were asked for, and these annotations have none."
            )
        if asked not in sources:
            raise UnknownNameError("attribute source", asked, [*sources, NO_SOURCE])
        return asked
    return own if own in sources else next(iter(sources), "")


def members(dataset: Dataset, source: str) -> dict[str, tuple[int, ...]]:
    """Attribute -> indices of the sequences that have it, attributes in alphabetical order."""
    found: dict[str, list[int]] = {}
    for index, sequence in enumerate(dataset):
        for attribute in sequence.attributes.get(source, ()):
            found.setdefault(attribute, []).append(index)
    return {attribute: tuple(found[attribute]) for attribute in sorted(found)}
