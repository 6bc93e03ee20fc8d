"""A question -> what to search for: corrected terms, aliases, parts, sides, intent.

Everything is learned from the index (its vocabulary, its short and long forms) or is
plain English grammar; nothing here knows a service's name.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from string import ascii_lowercase
from typing import Any

from ingest.terms import STOPWORDS, terms_of, words_of

_NUMBER_WORDS = re.compile(
    r"\b(how (many|much|long|large|big|small|fast|often|far|high|low|old)|"
    r"what('s| is| are)? (the |its |a )?(\w+ ){0,3}?(max(imum)?|min(imum)?|limits?|quotas?|size|"
    r"price|cost|default|timeout|throughput|rate|number|ttl|retention|period)|"
    r"max(imum)?|min(imum)?|limits?|quotas?|price|pricing|costs?|default|"
    r"per (second|month|hour|gb)|tps|rps|ttl|size)\b",
    re.I,
)
_MEASURE = re.compile(r"\bhow (long|many|much|often|big|large|far|fast|soon|quickly)\b", re.I)
"""Asks for a measure; the word after `how` does not stand in the answer."""
_DIMENSIONS = (
    ("time", r"how (long|soon|often|quickly)|timeouts?|ttl|retention|durations?|delay|latency"),
    ("money", r"prices?|pricing|costs?|charges?|bill|fees?|how expensive"),
    ("size", r"size|memory|storage|payload|disk|how (big|large)"),
    ("share", r"percent(age)?|discount|availability|durability|sla|how much (cheaper|faster)"),
)
"""What a question asks a number of, by the dimensions of `ingest.quantities`."""
_STEPS = re.compile(
    r"\b(how (do|can|should|would|could) (i|we|you|one)|how to|steps?|walk me through|set ?up|"
    r"configure)\b",
    re.I,
)
_ONE_SIDE = re.compile(
    r"\b(?:how (?:is|are|do|does)|what makes) (?P<a>[\w./ +-]{2,40}?) "
    r"(?:different|differ|special)\b(?! (?:from|than|to|between))",
    re.I,
)
_COMPARE = (
    re.compile(
        r"\b(?P<a>[\w./ +-]{2,60}?)\s+"
        r"(?:vs\.?|versus|compared (?:to|with)|or|over|instead of|rather than)\s+"
        r"(?P<b>[\w./ +-]{2,60}?)(?=[?.,;!]|$|\s+(?:for|when|in|if|to|with|on|as|which|what)\b)",
        re.I,
    ),
    re.compile(
        r"\bdifferences? (?:is there )?between (?P<a>.{2,60}?) and (?P<b>[\w./ +-]{2,60}?)"
        r"(?=[?.,;!]|$|\s+(?:for|when|in|if)\b)",
        re.I,
    ),
    re.compile(
        r"\b(?:compare|choose between|choice between|pick between|decide between) (?P<a>.{2,60}?) "
        r"(?:and|with|to|or|against) (?P<b>[\w./ +-]{2,60}?)(?=[?.,;!]|$|\s+(?:for|when|in|if)\b)",
        re.I,
    ),
    re.compile(
        r"\bhow (?:is|are|does|do) (?P<a>[\w./ +-]{2,60}?) (?:differ(?:ent)? (?:from|to|than)) "
        r"(?P<b>[\w./ +-]{2,60}?)(?=[?.,;!]|$)",
        re.I,
    ),
)
_EACH = re.compile(r"\s*,\s*(?:and\s+|or\s+)?|\s+(?:vs\.?|versus|or)\s+", re.I)
_MOST_SIDES = 4
_LEADING = re.compile(
    r"^(?:(?:when|why|should|would|could|can|do|does|did|is|are|i|we|you|use|using|pick|choose|prefer|"
    r"what|which|how|the|a|an|to|for|between|better|best|difference|explain|tell|me|about|and|in|of|it)\s+)+",
    re.I,
)
_SPLIT = re.compile(
    r"\?\s+(?=\w)|;\s+|,?\s+(?:and|also|plus)\s+(?=(?:how|what|when|why|which|where|who|is|are|does|do|can|"
    r"should)\b)",
    re.I,
)


_LONG = 7
"""Letters from which one wrong letter hardly makes another word."""
_PLURAL = re.compile(r"[^sui]s$")
_ENDING = re.compile(r"(?:er|or|ed|en|ic|al)$")


@dataclass(frozen=True)
class Query:
    """What a question asks for."""

    text: str
    """The question as typed, white space folded."""
    mended: str
    """`text` with typing errors mended."""
    search_text: str
    """For the embedding model: typing errors mended, long forms added."""
    terms: tuple[str, ...]
    """Content terms of the mended question, stemmed, in order, no repeats."""
    extra_terms: tuple[str, ...]
    """Terms that aliases add."""
    unknown: tuple[str, ...]
    """Content words that the corpus does not have, and that no correction explains."""
    wants_number: bool
    dimensions: frozenset[str]
    """Of the number that it asks for; empty when it does not tell."""
    wants_steps: bool
    sides: tuple[str, ...] | None
    """The things that a comparison question names; of two, the second may be ""."""


class QueryReader:
    """Reads questions with the help of one index's vocabulary and aliases."""

    def __init__(self, vocabulary: Mapping[str, Any], aliases: Mapping[str, Sequence[str]]) -> None:
        self._vocabulary = vocabulary
        self._long_forms = {short: tuple(longs) for short, longs in aliases.items()}
        self._short_forms: dict[str, str] = {}
        for short, longs in self._long_forms.items():
            for long in longs:
                self._short_forms.setdefault(" ".join(terms_of(long)), short)
        # Digits and one-letter terms are never what a slip of the keys was meant to be.
        self._choices = sorted(t for t in vocabulary if t.isalpha() and len(t) > 3)
        self._stems = frozenset(self._choices)
        self._mend = lru_cache(maxsize=4096)(self._nearest)

    def read(self, question: str) -> Query:
        """Analyse one question."""
        text = " ".join(question.split())
        mended, unknown = self._mended(text)
        terms = tuple(dict.fromkeys(terms_of(_MEASURE.sub("", mended)) or terms_of(mended)))
        extra_words = self._aliases_in(mended)
        extra = tuple(
            term for term in dict.fromkeys(terms_of(" ".join(extra_words))) if term not in terms
        )
        search = f"{mended} ({', '.join(extra_words)})" if extra_words else mended
        return Query(
            text,
            mended,
            search,
            terms,
            extra,
            unknown,
            _NUMBER_WORDS.search(mended) is not None,
            dimensions_of(mended),
            _STEPS.search(mended) is not None,
            sides_of(mended),
        )

    def _mended(self, text: str) -> tuple[str, tuple[str, ...]]:
        unknown: list[str] = []
        for word in dict.fromkeys(re.findall(r"[A-Za-z][A-Za-z0-9'-]+", text)):
            lowered = word.lower()
            if lowered in STOPWORDS or all(t in self._vocabulary for t in terms_of(word)):
                continue
            # A capital marks a name: a name that the guide does not have is no slip.
            nearest = self._mend(lowered) if word.islower() else ""
            if nearest:
                text = re.sub(rf"\b{re.escape(word)}\b", nearest, text)
            else:
                unknown.append(lowered)
        return text, tuple(unknown)

    def _nearest(self, word: str) -> str:
        """What a word that the index does not have was meant to be; "" when nothing is near.

        The vocabulary holds stems. A slip inside an ending (`visibilty`) leaves a stem that
        resembles none, so a long word is first mended by one edit and then stemmed.
        """
        # The stemmer takes no `s` from what has no other vowel (`vpcs`) or ends in `us` (`gpus`).
        if word.endswith("s") and any(t in self._vocabulary for t in terms_of(word[:-1])):
            return word[:-1]
        if len(word) < 5:
            return ""
        if len(word) >= _LONG and word.isalpha():
            variants = {v: (terms_of(v) or [""])[0] for v in _one_edit_away(word)}
            known = [variant for variant, stem in variants.items() if stem in self._stems]
            if known:  # the longest stem leaves least to chance
                return max(known, key=lambda variant: len(variants[variant]))
        return self._nearest_stem(word, (terms_of(word) or [word])[0])

    def _nearest_stem(self, word: str, stem: str) -> str:
        if len(stem) < 5:  # one letter makes another word of `lone`
            return ""
        from rapidfuzz import process
        from rapidfuzz.distance import DamerauLevenshtein

        found = process.extract(
            stem,
            self._choices,
            scorer=DamerauLevenshtein.distance,
            score_cutoff=1 if len(stem) < _LONG + 1 else 2,
            limit=5,
        )
        for choice, _, _ in found:
            if choice[0] == stem[0] and not _is_other_word(word, stem, choice):
                return str(choice)
        return ""

    def _aliases_in(self, text: str) -> list[str]:
        words = words_of(text)
        found: list[str] = []
        for word in words:
            for short in (word, word.removesuffix("s")):
                if short in self._long_forms:
                    found.extend(self._long_forms[short][:1])
                    break
        stems = " ".join(terms_of(text))
        for long, short in self._short_forms.items():
            if long and f" {long} " in f" {stems} " and short not in words:
                found.append(short.upper())
        return list(dict.fromkeys(found))


def _one_edit_away(word: str) -> Iterator[str]:
    """What one slip of the keys may have spoilt, the likelier slips first.

    One letter left out, two in the wrong order, one too many. The first letter stands,
    and no ending is cut off: `checklist` is no slip.
    """
    for at in range(1, len(word) + 1):
        for letter in ascii_lowercase:
            yield word[:at] + letter + word[at:]
    for at in range(1, len(word) - 1):
        yield word[:at] + word[at + 1] + word[at] + word[at + 2 :]
    for at in range(1, len(word) - 1):
        yield word[:at] + word[at + 1 :]


def _is_other_word(word: str, stem: str, choice: str) -> bool:
    """Whether a short word with an English ending is more likely right than mistyped.

    `brokers` and `broker` are no `broken`, `chefs` are no `ceefs`: a letter that is left
    out or in the wrong place is a slip, another letter makes another word.
    """
    if len(stem) >= _LONG or len(stem) != len(choice) or sorted(stem) == sorted(choice):
        return False
    return _PLURAL.search(word) is not None or (
        _ENDING.search(word) is not None and stem[:-2] == choice[:-2]
    )


def dimensions_of(question: str) -> frozenset[str]:
    """The dimensions of the number that a question asks for: time, money, size or share."""
    return frozenset(
        dimension
        for dimension, words in _DIMENSIONS
        if re.search(rf"\b({words})\b", question, re.I)
    )


def sides_of(question: str) -> tuple[str, ...] | None:
    """The two or more things that a question compares, or None.

    The second is "" where only one is named: "how is FIFO different?".
    """
    for pattern in _COMPARE:
        match = pattern.search(question)
        if match:
            named = [*_EACH.split(match["a"].strip()), *_EACH.split(match["b"].strip())]
            named = [_LEADING.sub("", name.strip()).strip() for name in named]
            named[0] = " ".join(named[0].split()[-4:])
            sides = {name.lower(): name for name in named if terms_of(name)}
            if len(sides) > 1 and terms_of(named[0]):
                return tuple(sides.values())[:_MOST_SIDES]
    alone = _ONE_SIDE.search(question)
    if alone and terms_of(alone["a"]):
        return _LEADING.sub("", alone["a"].strip()).strip(), ""
    return None


def parts_of(question: str) -> list[str]:
    """The separate questions inside one; a single question comes back alone.

    A later part that says only "it" or nothing of its own keeps the first part's terms.
    """
    pieces = [piece.strip(" ,;?") for piece in _SPLIT.split(question)]
    pieces = [piece for piece in pieces if len(terms_of(piece)) >= 1 and len(piece.split()) >= 2]
    if len(pieces) < 2 or len(pieces) > 4:
        return [question]
    first_subject = subject_of(pieces[0])
    parts = [pieces[0] + "?"]
    for piece in pieces[1:]:
        points_back = re.search(r"\b(it|its|they|their|that)\b", piece, re.I) is not None
        needs_subject = points_back or (len(terms_of(piece)) < 3 and not names_in(piece))
        parts.append(
            f"{piece} ({first_subject})?" if needs_subject and first_subject else piece + "?"
        )
    return parts


def subject_of(text: str) -> str:
    """The names in a question, else its content words."""
    names = names_in(text)
    if names:
        return " ".join(names)
    return " ".join(word for word in words_of(text) if word not in STOPWORDS)


def names_in(text: str) -> list[str]:
    """Runs of capitalised or mixed-case words, without a sentence's first plain word."""
    found = []
    for match in re.finditer(r"\b[A-Z][\w.-]*(?:\s+[A-Z][\w.-]*)*", text):
        words = match.group().split()
        opens = not text[: match.start()].strip() or text[: match.start()].rstrip()[-1] in ".?!"
        if opens and (
            words[0].lower() in STOPWORDS or (len(words) == 1 and words[0][1:].islower())
        ):
            words = words[1:]
        name = " ".join(words).rstrip(".?")
        if name and name.lower() not in STOPWORDS:
            found.append(name)
    return list(dict.fromkeys(found))
