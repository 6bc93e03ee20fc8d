"""Short forms and their long forms, learned from the documents themselves.

`dead-letter queue (DLQ)` and `DLQ (dead-letter queue)` teach that both name one thing;
nothing is typed in by hand. The letters must match as Schwartz and Hearst (2003) do it:
each letter of the short form, read from its end, stands in the long form in order.
"""

import re
from collections import Counter, defaultdict
from collections.abc import Iterable

_LONG_SHORT = re.compile(
    r"(?P<long>(?:[A-Za-z][\w'’/-]*[ ]+){0,8}[A-Za-z][\w'’/-]*)\s*"
    r"\(\s*(?P<short>[A-Z][\w/&-]{1,9}s?)\s*\)"
)
_SHORT_LONG = re.compile(
    r"\b(?P<short>[A-Z][A-Za-z0-9&-]{1,9})\s*\(\s*(?P<long>[A-Za-z][A-Za-z'’/ -]{5,70}?)\s*\)"
)


def learn_aliases(texts: Iterable[str]) -> dict[str, list[str]]:
    """Map each short form (lower case) to its long forms, most frequent first."""
    counts: dict[str, Counter[str]] = defaultdict(Counter)
    for text in texts:
        for match in _LONG_SHORT.finditer(text):
            _learn(counts, match["short"], match["long"])
        for match in _SHORT_LONG.finditer(text):
            _learn(counts, match["short"], match["long"])
    return {
        short: [long for long, _ in longs.most_common(2)] for short, longs in sorted(counts.items())
    }


def _learn(counts: dict[str, Counter[str]], short: str, candidate: str) -> None:
    stem = short[:-1] if short.endswith("s") and short[:-1].isupper() else short
    if sum(character.isupper() for character in stem) < 2:
        return
    long = _matching_long_form(stem, candidate)
    if long:
        counts[stem.lower()][long.lower()] += 1


def _matching_long_form(short: str, candidate: str) -> str:
    """The shortest tail of `candidate` that the letters of `short` abbreviate, or ""."""
    letters = [character.lower() for character in short if character.isalnum()]
    text = candidate.lower()
    position = len(text) - 1
    for index in range(len(letters) - 1, -1, -1):
        while position >= 0 and (
            text[position] != letters[index]
            or (index == 0 and position > 0 and text[position - 1].isalnum())
        ):
            position -= 1
        if position < 0:
            return ""
        position -= 1
    long = candidate[position + 1 :].strip()
    words = len(re.findall(r"\w+", long))
    if words < 2 or words > len(letters) + 3 or len(long) <= len(short):
        return ""
    return long
