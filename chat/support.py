"""Does a quote support a sentence? An approximation of entailment without a model.

A sentence is supported when the quote (read with its headings) holds most of its rare
words, means nearly the same, states each of its numbers with the same unit, names the
things that it names, and does not deny what it says.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from ingest.quantities import quantities_of
from ingest.terms import STOPWORDS, terms_of

_NEGATION = re.compile(
    r"\b(not|no|never|cannot|can't|won't|doesn't|don't|isn't|aren't|didn't|without|neither|nor|none|"
    r"unable|impossible|unsupported)\b",
    re.I,
)
_OPPOSITES = (
    ("stateful", "stateless"), ("synchronous", "asynchronous"), ("public", "private"),
    ("increase", "decrease"), ("increases", "decreases"), ("higher", "lower"), ("more", "less"),
    ("before", "after"), ("enable", "disable"), ("enabled", "disabled"), ("allow", "deny"),
    ("allows", "denies"), ("minimum", "maximum"), ("faster", "slower"), ("cheaper", "dearer"),
    ("inbound", "outbound"), ("strong", "eventual"), ("strongly", "eventually"),
    ("first", "last"), ("always", "never"), ("mutable", "immutable"), ("vertical", "horizontal"),
    ("ordered", "unordered"), ("push", "pull"), ("read", "write"), ("reads", "writes"),
)  # fmt: skip
_NAME = re.compile(r"\b(?:[A-Z][a-z]*[A-Z0-9]\w*|[A-Z]{2,}\w*|[A-Z][a-z]+)(?:[-./][A-Za-z0-9]+)*\b")


@dataclass(frozen=True)
class Verdict:
    """Whether a sentence is supported, and if not, the first reason."""

    supported: bool
    reason: str = ""
    similarity: float = 0.0
    coverage: float = 0.0
    by_meaning: bool = False
    """Supported, but only as long as the similarity is high enough."""


@dataclass(frozen=True)
class Thresholds:
    """Cuts of the support check; tuned on the development half of the labelled pairs."""

    similarity: float = 0.50
    coverage: float = 0.50
    certain_coverage: float = 0.85
    """With so many of its words in the quote a sentence needs no similarity."""


def check(
    sentence: str,
    quote: str,
    context: str = "",
    similarity: float = 1.0,
    aliases: Mapping[str, Sequence[str]] | None = None,
    thresholds: Thresholds = Thresholds(),
) -> Verdict:
    """Check one sentence against one quote.

    Args:
        sentence: what is claimed, without markers.
        quote: the words that are cited.
        context: the quote's headings; they may name what it speaks of.
        similarity: cosine similarity of sentence and quote.
        aliases: short form -> long forms, from the index.
    """
    coverage = _coverage(sentence, f"{context} {quote}", aliases or {})
    number = _missing_number(sentence, f"{context} {quote}")
    if number:
        return Verdict(False, f"the number {number} is not in the passage", similarity, coverage)
    name = _missing_name(sentence, f"{context} {quote}", aliases or {})
    if name:
        return Verdict(False, f"the passage does not speak of {name}", similarity, coverage)
    if _contradicts(sentence, quote):
        return Verdict(False, "the passage says the opposite", similarity, coverage)
    if coverage >= thresholds.certain_coverage:
        return Verdict(True, "", similarity, coverage)
    if coverage < thresholds.coverage or similarity < thresholds.similarity:
        return Verdict(False, "the passage does not say this", similarity, coverage)
    return Verdict(True, "", similarity, coverage, by_meaning=True)


def similarities(sentences: Sequence[str], quotes: Sequence[str]) -> np.ndarray:
    """Cosine similarities, (sentences, quotes)."""
    from ingest.embedding import MiniLM

    model = MiniLM.shared()
    return np.asarray(model.queries(list(sentences)) @ model.queries(list(quotes)).T)


def _coverage(sentence: str, text: str, aliases: Mapping[str, Sequence[str]]) -> float:
    wanted = [term for term in dict.fromkeys(terms_of(sentence)) if not term.isdigit()]
    if not wanted:
        return 1.0
    held = _with_aliases(text, aliases)
    return sum(term in held for term in wanted) / len(wanted)


def _with_aliases(text: str, aliases: Mapping[str, Sequence[str]]) -> set[str]:
    """The terms of a text, and those of the long and short forms of its names."""
    held = set(terms_of(text))
    stems = f" {' '.join(terms_of(text))} "
    for short, longs in aliases.items():
        for long in longs:
            long_terms = terms_of(long)
            if short in held:
                held.update(long_terms)
            elif long_terms and f" {' '.join(long_terms)} " in stems:
                held.add(short)
    return held


def _missing_number(sentence: str, text: str) -> str:
    stated = quantities_of(text)
    for wanted in quantities_of(sentence):
        if wanted.number == 1 and not wanted.dimension:
            continue  # "one" is more often an article than a number
        if not any(wanted.same(quantity) for quantity in stated):
            return f"{wanted.value:g}"
    return ""


def _missing_name(sentence: str, text: str, aliases: Mapping[str, Sequence[str]]) -> str:
    held = _with_aliases(text, aliases)
    # "GPUs" names the GPU, and a name at the end of a sentence has no full stop of its own.
    words = {_one(word).lower() for word in re.findall(r"[\w./-]+", text)}
    for match in _NAME.finditer(sentence):
        name = _one(match.group())
        at_start = match.start() == 0 or sentence[: match.start()].rstrip()[-1:] in ".!?:;\"'("
        plain_word = name[1:].islower()
        if name.lower() in STOPWORDS or (at_start and plain_word):
            continue
        if name.lower() in words or all(term in held for term in terms_of(name)):
            continue
        return name
    return ""


def _one(word: str) -> str:
    """A name without the s of its plural and without the end of a sentence."""
    return re.sub(r"(?<=[A-Z])s$", "", word.strip("./-"))


def _contradicts(sentence: str, quote: str) -> bool:
    """A negation or an opposite on one side only, of what both sides speak of."""
    if bool(_NEGATION.search(sentence)) != bool(_NEGATION.search(quote)):
        mine = set(terms_of(_NEGATION.sub(" ", sentence)))
        theirs = set(terms_of(_NEGATION.sub(" ", quote)))
        if mine and len(mine & theirs) >= 0.6 * min(len(mine), len(theirs)):
            return True
    mine_words = set(re.findall(r"[a-z]+", sentence.lower()))
    their_words = set(re.findall(r"[a-z]+", quote.lower()))
    for one, other in _OPPOSITES:
        for a, b in ((one, other), (other, one)):
            if (
                a in mine_words
                and b not in mine_words
                and b in their_words
                and a not in their_words
            ):
                return True
    return False
