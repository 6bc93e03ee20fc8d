"""Text -> the terms that the lexical index counts.

Technical names keep their whole form and also give their parts, so that `SSE-KMS`,
`maxReceiveCount` and `429` match exactly and `receive count` still finds the second.
"""

import re
from functools import cache, lru_cache
from typing import Any

WORD = re.compile(r"[A-Za-z0-9]+(?:[.\-_/:'’+&][A-Za-z0-9]+)*")
"""A word, compounds whole."""
_PART = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|\d+(?:\.\d+)?")
_ACRONYMS = re.compile(r"[A-Z]{2,}s")
"""Several of something that is called by its initials: `GPUs`, `VPCs`."""
_OWNER = re.compile(r"['’]s$")
_THOUSANDS = re.compile(r"(?<=\d),(?=\d{3}\b)")
STOPWORDS = frozenset(
    """a about actually all also am an and any are as at basically be because been being both
    but by can cant could did do does doesnt doing done dont each eg else etc for from get
    gets give gives go goes had has have having he her here him his how hows i ie if im in
    into is isnt it its itself ive just kind let like lot may me mean means might mine more
    most much my no not of off ok okay on once only or other our out over own please really
    same say says she should so some sort such tell than that thats the their them then
    there these they thing things this those through to too up us use used using versus very
    vs want wants was we well were what whats when whens where wheres which while who whom
    why will with wont would you your""".split()
)


def terms_of(text: str) -> list[str]:
    """Stemmed terms of `text` in order, without stop words; compounds come with parts."""
    found: list[str] = []
    for match in WORD.finditer(_THOUSANDS.sub("", text)):
        found.extend(_terms_of_word(match.group()))
    return found


@lru_cache(maxsize=1 << 17)
def _terms_of_word(word: str) -> tuple[str, ...]:
    lowered = _OWNER.sub("", word.lower())
    if lowered in STOPWORDS:
        return ()
    if _ACRONYMS.fullmatch(word):
        return (_stem(lowered[:-1]),)
    parts = [part.lower() for part in _PART.findall(word)]
    if len(parts) < 2:
        return (_stem(lowered),)
    rest = (_stem(part) for part in parts if part not in STOPWORDS and len(part) > 1)
    return (_stem(lowered), *rest)


def words_of(text: str) -> list[str]:
    """Lower-case words of `text` in order, unstemmed, stop words included."""
    return [match.group().lower() for match in WORD.finditer(_THOUSANDS.sub("", text))]


@cache
def _stemmer() -> Any:
    import Stemmer

    return Stemmer.Stemmer("english")


@lru_cache(maxsize=1 << 17)
def _stem(word: str) -> str:
    return word if any(c.isdigit() for c in word) else _stemmer().stemWord(word)
