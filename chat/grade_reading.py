"""A text as the grader reads it: sentences and words with spans, stems, rarity and vectors.

Answers, key points, mistakes and references are all read the same way, so that one set of
features compares any two of them.
"""

import math
import re
import unicodedata
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from functools import cache, cached_property, lru_cache
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from ingest.embedding import MiniLM, tokenizer
from ingest.quantities import Quantity, quantities_of
from ingest.statements import sentences
from ingest.terms import STOPWORDS, terms_of

MAX_PIECES = 120
_WORD = re.compile(r"[A-Za-z0-9]+(?:[.\-_/'’&+][A-Za-z0-9]+)*%?")
_COMMON_ID, _RARE_ID = 2000, 30000
_LONG_WORD, _ALIKE = 4, 0.8
"""Words from this length on may be typing errors of words that are alike to this degree."""
_INVISIBLE = re.compile(
    r"[\u00ad\u180e\u200b-\u200f\u202a-\u202e\u2060-\u206f\ufe00-\ufe0f\ufeff\U000e0000-\U000e01ef]"
)
_LOOKALIKES = str.maketrans(
    "аеорсухіјѕԁӏкмтвнАЕОРСУХІЈЅКМТВНοαερυκντιΟΑΕΡΥΚΝΤΙΒΗΜΧΖ",
    "aeopcyxijsdlkmtbhAEOPCYXIJSKMTBHoaepukvtiOAEPYKNTIBHMXZ",
)
FloatRows = NDArray[np.float32]


class Encoder(Protocol):
    """What the reader needs of the embedding model; `MiniLM` is one."""

    def encode_spans(
        self, texts: Sequence[str], spans: Sequence[Sequence[tuple[int, int]]]
    ) -> tuple[FloatRows, list[FloatRows]]:
        """Unit vectors of texts and of character spans inside them."""
        ...


@dataclass(frozen=True)
class Word:
    """One word of a text."""

    text: str
    """Lower case."""
    stem: str
    start: int
    end: int
    weight: float
    """Rarity in English, 0.15 to 1; stop words have 0."""


@dataclass(frozen=True)
class Piece:
    """One sentence, line or list item of a text."""

    text: str
    start: int
    end: int
    words: tuple[Word, ...]


@dataclass(frozen=True)
class Reading:
    """A text with everything that the features need, encoded once."""

    text: str
    pieces: tuple[Piece, ...]
    whole: FloatRows
    """(384,) unit vector."""
    rows: FloatRows
    """(pieces, 384) unit vectors."""
    vectors: FloatRows
    """(content words, 384) unit vectors, in the order of `words`."""
    words: tuple[Word, ...] = field(default=())
    """The content words of all pieces."""
    places: NDArray[np.int64] = field(default_factory=lambda: np.zeros(0, np.int64))
    """The piece of each content word."""

    @cached_property
    def said(self) -> str:
        """The text of the pieces."""
        return " ".join(piece.text for piece in self.pieces)

    def between(self, first: int, last: int, known: Collection[str] = ()) -> str:
        """The text of pieces `first..last`, on one line; "" for a place that is none (-1).

        A rare word that is all but one of the `known` words is spelt like it: a typing error
        would make it a word that nothing is known of.
        """
        if first < 0:
            return ""
        position, end = self.pieces[first].start, self.pieces[last].end
        parts = []
        for word in (word for piece in self.pieces[first : last + 1] for word in piece.words):
            right = _respelt(word.text, known)
            if right:
                parts += [self.text[position : word.start], right]
                position = word.end
        return " ".join("".join([*parts, self.text[position:end]]).split())

    def only(self, places: Sequence[int]) -> "Reading":
        """The text with only the pieces `places`, which keep their spans."""
        words = np.isin(self.places, places)
        renumbered = {old: new for new, old in enumerate(places)}
        rows = self.rows[list(places)]
        mean = rows.sum(axis=0)
        whole = np.asarray(mean / (np.linalg.norm(mean) or 1.0), np.float32)
        return Reading(
            self.text,
            tuple(self.pieces[n] for n in places),
            self.whole if len(places) == len(self.pieces) else whole,
            rows,
            self.vectors[words],
            tuple(word for word, held in zip(self.words, words, strict=True) if held),
            np.asarray([renumbered[n] for n in self.places[words]], np.int64),
        )

    @cached_property
    def quantities(self) -> list[Quantity]:
        """All numbers of the text."""
        return quantities_of(self.said)

    @cached_property
    def stems(self) -> frozenset[str]:
        """Stems of the content words, parts of compounds included."""
        return frozenset(terms_of(self.said))

    @cached_property
    def weights(self) -> NDArray[np.float64]:
        """Rarity of each content word."""
        return np.asarray([word.weight for word in self.words])

    @cached_property
    def grams(self) -> list[frozenset[str]]:
        """Character trigrams of each content word."""
        return [_grams(word.text) for word in self.words]


def normalised(text: str) -> str:
    """Compatibility forms and look-alike letters folded, invisible characters dropped."""
    return normalised_with_places(text)[0]


def normalised_with_places(text: str) -> tuple[str, list[int]]:
    """As `normalised`, and for each character the offset in `text` that it comes from."""
    mostly_latin = sum(c.isascii() for c in text) >= 0.6 * len(text)
    characters: list[str] = []
    places: list[int] = []
    for place, character in enumerate(text):
        if _INVISIBLE.match(character):
            continue
        if not character.isascii():
            character = unicodedata.normalize("NFKC", character)
            character = character.translate(_LOOKALIKES) if mostly_latin else character
        characters.append(character)
        places.extend([place] * len(character))
    return "".join(characters), places


def pieces_of(text: str) -> list[Piece]:
    """The sentences and lines of `text`, with their words."""
    pieces: list[Piece] = []
    position = 0
    for line in text.split("\n"):
        for start, end in sentences(text, position, position + len(line)):
            words = words_in(text, start, end)
            if words:
                pieces.append(Piece(text[start:end], start, end, words))
        position += len(line) + 1
    return pieces[:MAX_PIECES]


def words_in(text: str, start: int = 0, end: int | None = None) -> tuple[Word, ...]:
    """The words of `text[start:end]` with their spans in `text`."""
    found = []
    for match in _WORD.finditer(text, start, len(text) if end is None else end):
        word = match.group().lower().replace("’", "'")
        stem, weight = _stem_and_weight(word)
        found.append(Word(word, stem, match.start(), match.end(), weight))
    return tuple(found)


@lru_cache(maxsize=1 << 16)
def _stem_and_weight(word: str) -> tuple[str, float]:
    terms = terms_of(word)
    weight = 0.0 if word in STOPWORDS or not terms else rarity(word)
    return terms[0] if terms else word, weight


def slices(text: str, pieces: Sequence[Piece], encoder: Encoder | None = None) -> Reading:
    """Read some pieces of a text."""
    return _read([(text, list(pieces))], encoder)[0]


def read_all(texts: Sequence[str], encoder: Encoder | None = None) -> list[Reading]:
    """Read several texts with one pass of the embedding model."""
    return _read([(text, pieces_of(text)) for text in texts], encoder)


def _read(chosen: Sequence[tuple[str, list[Piece]]], encoder: Encoder | None) -> list[Reading]:
    model = encoder or MiniLM.shared()
    units: list[str] = []
    spans: list[list[tuple[int, int]]] = []
    for _, parts in chosen:
        if len(parts) == 1:
            units.append(parts[0].text)
            spans.append(_content_spans(parts[0], parts[0].start))
            continue
        units.append(" ".join(piece.text for piece in parts) or " ")
        spans.append([])
        for piece in parts:
            units.append(piece.text)
            spans.append(_content_spans(piece, piece.start))
    whole, inner = model.encode_spans(units, spans)
    readings = []
    row = 0
    for text, parts in chosen:
        mine = slice(row + 1, row + 1 + len(parts)) if len(parts) > 1 else slice(row, row + 1)
        vectors = [part for part in inner[mine] if len(part)]
        empty = np.zeros((0, whole.shape[1]), np.float32)
        readings.append(
            Reading(
                text,
                tuple(parts),
                whole[row],
                whole[mine] if parts else empty,
                np.concatenate(vectors) if vectors else empty,
                tuple(word for part in parts for word in part.words if word.weight),
                np.asarray(
                    [n for n, part in enumerate(parts) for w in part.words if w.weight], np.int64
                ),
            )
        )
        row += 1 + (len(parts) if len(parts) > 1 else 0)
    return readings


def _content_spans(piece: Piece, offset: int) -> list[tuple[int, int]]:
    return [(word.start - offset, word.end - offset) for word in piece.words if word.weight]


@cache
def rarity(word: str) -> float:
    """How rare an English word is, 0.15 to 1.

    The word pieces of the embedding model are numbered by frequency, which gives a scale
    that depends on no corpus; a word of several pieces is rare.
    """
    ids = tokenizer().encode(word, add_special_tokens=False).ids
    if len(ids) != 1:
        return 1.0
    scale = math.log(max(ids[0], _COMMON_ID) / _COMMON_ID) / math.log(_RARE_ID / _COMMON_ID)
    return min(1.0, max(0.15, scale))


def _respelt(word: str, known: Collection[str]) -> str:
    """The known word that `word` is a typing error of; "" when it is none."""
    from rapidfuzz import process
    from rapidfuzz.distance import DamerauLevenshtein

    if len(word) < _LONG_WORD or word in known or not word.isalpha() or rarity(word) < 1.0:
        return ""
    near = [other for other in known if len(other) >= _LONG_WORD and other[0] == word[0]]
    alike = DamerauLevenshtein.normalized_similarity
    found = process.extractOne(word, near, scorer=alike, score_cutoff=_ALIKE)
    return found[0] if found else ""


def _grams(word: str) -> frozenset[str]:
    padded = f" {word} "
    return frozenset(padded[n : n + 3] for n in range(len(padded) - 2))
