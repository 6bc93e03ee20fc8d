"""Does a text state a fact? Numbers are compared as numbers, names with their aliases.

A fact is one or more wordings divided by ` | `; one of them has to stand in the text. A
wording holds when each of its quantities and each of its other content words (stemmed,
or one of its aliases) stands in the text.
"""

import re
from collections.abc import Mapping, Sequence, Set
from dataclasses import dataclass

from ingest.quantities import Quantity, quantities_of, without_quantities
from ingest.terms import terms_of


@dataclass(frozen=True)
class Reading:
    """A text as facts are looked for in it: read once, asked often."""

    quantities: tuple[Quantity, ...]
    terms: frozenset[str]
    words: str


def read(text: str) -> Reading:
    """Take a text apart for `stated_in`."""
    return Reading(tuple(quantities_of(text)), frozenset(terms_of(text)), _words(text))


def states(text: str, fact: str, aliases: Mapping[str, Sequence[str]] | None = None) -> bool:
    """Whether `text` states `fact` in one of its wordings."""
    return stated_in(read(text), fact, aliases)


def stated_in(
    reading: Reading, fact: str, aliases: Mapping[str, Sequence[str]] | None = None
) -> bool:
    """`states` for a text that has been read already."""
    return any(
        _words(wording) in reading.words
        or _holds(wording, reading.quantities, reading.terms, aliases or {})
        for wording in fact.split(" | ")
    )


def _words(text: str) -> str:
    """The words with blanks around, so that names such as `us-east-1` match as they stand."""
    found = (word.rstrip(".") for word in re.findall(r"[^\s,;:!?()]+", text.lower()))
    return f" {' '.join(found)} "


def _holds(
    wording: str,
    quantities: Sequence[Quantity],
    terms: Set[str],
    aliases: Mapping[str, Sequence[str]],
) -> bool:
    for wanted in quantities_of(wording):
        if not any(wanted.same(quantity) for quantity in quantities):
            return False
    for term in terms_of(without_quantities(wording)):
        if term in terms:
            continue
        longs = [set(terms_of(long)) for long in aliases.get(term, ())]
        if not any(long <= terms for long in longs):
            return False
    return True


def coverage(
    text: str, facts: Sequence[str], aliases: Mapping[str, Sequence[str]] | None = None
) -> float:
    """The share of `facts` that `text` states; 1.0 when there are none."""
    if not facts:
        return 1.0
    return sum(states(text, fact, aliases) for fact in facts) / len(facts)
