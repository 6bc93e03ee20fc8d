"""Do the words of an answer stand in an order that English has?

Pairs of neighbouring words are counted in the guide, function words as themselves and the
rest by their endings. A shuffled answer has all the right words and pairs that nobody
writes ("the of is"); a terse or faulty one still has mostly common pairs.
"""

import itertools
import json
import math
import re
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from pathlib import Path

FILE = Path(__file__).with_name("grade_order.json")
_TOKEN = re.compile(r"[A-Za-z][A-Za-z'’]*|\d[\d.,]*%?|[.!?;:\n]+|,")
_LABEL = re.compile(r"(?:[B-HJ-Z]|A(?!\s+[a-z]))(?![\w'’])")
"""A single capital letter names a thing; "A" before a word in lower case is the article."""
_FUNCTION = frozenset(
    """a about above after all also an and any are as at be because been before being between both
    but by can could did do does during each for from had has have he her his how i if in into is
    it its just like may me might more most must my no not of on one only or other our out over
    per she should so some such than that the their them then there these they this those through
    to too under until up use used uses using very was we were what when where whether which while
    who why will with without would you your""".split()
)
_ENDINGS = ("ing", "ed", "ly", "tion", "ment", "ness", "able", "ive", "al", "er", "es", "s")
_SMOOTHING = 0.5


def classes(text: str) -> list[str]:
    """The classes of the tokens of `text`; "." stands for every end of a sentence."""
    found = ["."]
    for match in _TOKEN.finditer(text):
        token = match.group()
        lowered = token.lower()
        if _LABEL.match(text, match.start()):
            found.append("-")
        elif token[0] in ".!?;:\n":
            if found[-1] != ".":
                found.append(".")
        elif token == "," or lowered in _FUNCTION:
            found.append(lowered)
        elif token[0].isdigit():
            found.append("#")
        else:
            ending = next((e for e in _ENDINGS if len(lowered) > 4 and lowered.endswith(e)), "")
            found.append(f"-{ending}")
    return [*found, "."] if found[-1] != "." else found


def count(texts: Iterable[str]) -> dict[str, dict[str, float]]:
    """For each pair that occurs: the log of how much likelier it is than by chance."""
    pairs: Counter[tuple[str, str]] = Counter()
    for text in texts:
        found = classes(text)
        pairs.update(itertools.pairwise(found))
    first: Counter[str] = Counter()
    second: Counter[str] = Counter()
    for (one, other), number in pairs.items():
        first[one] += number
        second[other] += number
    whole = sum(pairs.values())
    table: dict[str, dict[str, float]] = {}
    for one in sorted(first):
        for other in sorted(second):
            chance = first[one] * second[other] / whole
            seen = pairs[one, other]
            value = math.log((seen + _SMOOTHING) / (chance + _SMOOTHING))
            if abs(value) >= 0.15:
                table.setdefault(one, {})[other] = round(max(-4.0, min(3.0, value)), 1)
    return table


@cache
def _table() -> dict[str, dict[str, float]]:
    table: dict[str, dict[str, float]] = json.loads(FILE.read_text(encoding="utf-8"))["pairs"]
    return table


@dataclass(frozen=True)
class Order:
    """How far the order of a text's words is that of English."""

    pairs: int
    """Pairs of neighbours of which one is a function word; pairs of two other words say
    little, and where a sentence or an item ends any pair may stand."""
    plausibility: float
    """Mean likelihood ratio (log) of these pairs, as counted in the guide."""
    chance: float
    """The same for the text's own words in random order: a text about "A, B and C" has
    unusual pairs in any order."""


def order_of(text: str, table: dict[str, dict[str, float]] | None = None) -> Order:
    """Compare the order of the words of `text` with that of English and with none."""
    table = _table() if table is None else table
    found = classes(text)
    values = [
        table.get(one, {}).get(other, 0.0)
        for one, other in itertools.pairwise(found)
        if _tells(one, other)
    ]
    if not values:
        return Order(0, 0.0, 0.0)
    return Order(len(values), sum(values) / len(values), _chance(found, table))


def _tells(one: str, other: str) -> bool:
    return (one in _FUNCTION or other in _FUNCTION) and "." not in (one, other)


def _chance(found: Iterable[str], table: dict[str, dict[str, float]]) -> float:
    """Mean value of the pairs that any two of the words make."""
    counts = Counter(name for name in found if name != ".")
    whole = held = 0.0
    for (one, first), (other, second) in itertools.product(counts.items(), repeat=2):
        if _tells(one, other):
            times = first * (second - (one == other))
            whole += times
            held += times * table.get(one, {}).get(other, 0.0)
    return held / whole if whole else 0.0
