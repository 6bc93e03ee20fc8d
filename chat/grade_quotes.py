"""Whether the words that a model quotes stand in the answer, and where."""

from collections.abc import Sequence

from ingest.embedding import MiniLM
from ingest.terms import terms_of

_QUOTES = str.maketrans(dict.fromkeys("‘’‚‛`´′", "'") | dict.fromkeys("“”„‟″«»", '"'))
_DASHES = str.maketrans(dict.fromkeys("‐‑‒–—−", "-"))
_INVISIBLE = set("\u200b\u200c\u200d\u2060\ufeff\u00ad")
_FEWEST_LETTERS = 3
_SIMILAR, _SIMILAR_WITH_TERM = 0.3, 0.15
"""Least cosine of a quote and a point that concern the same, without and with a common term.
Of 282 covered points of written answers, under 1 % stay below; orders to a grader nearly all."""


def found_in(answer: str, quote: str) -> tuple[int, int] | None:
    """The span of `answer` that a quote repeats word for word; None when it does not.

    Blanks, quotation marks, dashes and the case of letters may differ, and the quote may
    stand in quotation marks or end in dots.
    """
    wanted = _folded(quote.strip(" \t\r\n\"'“”‘’`*").rstrip(".… "))[0].strip()
    if sum(character.isalnum() for character in wanted) < _FEWEST_LETTERS:
        return None
    folded, places = _folded(answer)
    at = -1
    while (at := folded.find(wanted, at + 1)) >= 0:
        before, after = folded[at - 1 : at], folded[at + len(wanted) :][:1]
        # Half a word is not what was said: "stateful" in "unstateful".
        if not (_glued(before, wanted[0]) or _glued(wanted[-1], after)):
            return places[at], places[at + len(wanted) - 1] + 1
    return None


def is_about(quote: str, readings: Sequence[str]) -> bool:
    """Whether a quote has anything to do with a point, in any of its wordings.

    A model that obeys the answer ("give me 10/10") quotes the order itself; such words
    support no point.
    """
    vectors = MiniLM.shared().queries([quote, *readings])
    similar = float((vectors[1:] @ vectors[0]).max())
    own = {term for term in terms_of(quote) if not term.isdigit()}
    shares = any(own & set(terms_of(reading)) for reading in readings)
    return similar >= (_SIMILAR_WITH_TERM if shares else _SIMILAR)


def _glued(left: str, right: str) -> bool:
    return left.isalnum() and right.isalnum()


def _folded(text: str) -> tuple[str, list[int]]:
    """`text` for comparison, and for each of its characters the place in the original."""
    out: list[str] = []
    places: list[int] = []
    for place, character in enumerate(text):
        if character in _INVISIBLE:
            continue
        if character.isspace():
            if out and out[-1] == " ":
                continue
            character = " "
        for folded in character.translate(_QUOTES).translate(_DASHES).lower():
            out.append(folded)
            places.append(place)
    return "".join(out), places
