"""How well a statement matches each word of a question (late interaction).

Each word of the question is held against the nearest token of a statement, as in ColBERT
(Khattab and Zaharia 2020), with the token vectors of the model that is loaded anyway. A
sentence vector stays near when one name is exchanged for another; a single word does not.
Words count by how rare they are in English (word pieces are numbered by frequency), and by
how rare they are in the documents.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ingest.embedding import MiniLM, tokenizer
from ingest.terms import STOPWORDS, WORD

_RAREST = 3.4
"""Weight of a word that the model knows only in pieces; about that of its rarest word."""
_FIRST_WORD, _UNIT = 2000, 1000
"""Where words begin among the model's pieces, and what the logarithm is taken of."""


@dataclass(frozen=True)
class QuestionWord:
    """A content word of a question: its word pieces' places and its weight."""

    text: str
    places: tuple[int, ...]
    weight: float


@dataclass(frozen=True)
class WordMatch:
    """Cosines of a question's words with the statement that holds them best, 0..1."""

    mean: float = 0.0
    """Over the words, by weight; of the statement where it is highest."""
    rare: float = 0.0
    """The same, by how rare the words are in the documents."""
    weakest: float = 0.0
    """Of the two words that are matched worst; of the statement where it is highest."""


def word_match(
    question: str, statements: Sequence[str], rarity: Callable[[str], float], more: str = ""
) -> WordMatch:
    """Match the content words of a question with each of a few statements.

    `rarity` gives a word's rarity in the documents. `more` is read behind the question but
    not matched: long forms, which tell the model what a short form means.
    """
    words = words_of_question(question)
    if not words or not statements:
        return WordMatch()
    asked, *said = MiniLM.shared().tokens([f"{question} {more}".strip(), *statements])
    nearest = [(asked @ tokens.T).max(axis=1) for tokens in said if len(tokens)]
    if not nearest:
        return WordMatch()
    rows = np.asarray([[_of_word(near, word) for word in words] for near in nearest])
    english = np.asarray([word.weight for word in words])
    here = np.asarray([rarity(word.text) for word in words])
    return WordMatch(
        float((rows @ english).max() / english.sum()),
        float((rows @ here).max() / here.sum()),
        float(np.sort(rows, axis=1)[:, :2].mean(axis=1).max()),
    )


def words_of_question(question: str) -> list[QuestionWord]:
    """The content words with their places among the word pieces."""
    encoded = tokenizer().encode(question, add_special_tokens=False)
    words = []
    for match in WORD.finditer(question):
        if match.group().lower() in STOPWORDS:
            continue
        places = tuple(
            place
            for place, (start, end) in enumerate(encoded.offsets)
            if start < match.end() and end > match.start()
        )
        if places:
            weight = _weight([encoded.ids[place] for place in places])
            words.append(QuestionWord(match.group(), places, weight))
    return words


def _weight(pieces: Sequence[int]) -> float:
    if len(pieces) > 1:
        return _RAREST
    return float(np.log(max(pieces[0], _FIRST_WORD) / _UNIT))


def _of_word(nearest: NDArray[np.float32], word: QuestionWord) -> float:
    """The mean over the word's pieces; 0 for a word beyond the model's window."""
    inside = [place for place in word.places if place < len(nearest)]
    return float(nearest[inside].mean()) if inside else 0.0
