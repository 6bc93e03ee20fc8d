"""Answers graded by people, outside the project: read, encoded once, compared."""

import gzip
import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from chat.grade_gates import MAX_WORDS
from chat.grade_reading import FloatRows, normalised, read_all
from ingest.embedding import MiniLM
from ingest.errors import GuideError
from ingest.terms import words_of

_BATCH = 256
SETS = {
    "mohler": "mohler",
    "saf": "saf_english",
    "scientsbank": "scientsbank",
    "beetle": "beetle",
}


class GradedDataError(GuideError):
    """A set of graded answers is missing or out of form."""


@dataclass(frozen=True)
class Graded:
    """One answer that people graded against a reference."""

    question_id: str
    question: str
    reference: str
    answer: str
    score: float
    """0..1."""
    graders: tuple[float, ...] = ()
    """The scores of the single graders, 0..1, where they are known."""
    others: tuple[str, ...] = ()
    """Other good answers, of which the nearest to the answer counts."""

    @property
    def references(self) -> tuple[str, ...]:
        """All good answers, the first one first."""
        return (self.reference, *self.others)


def load(folder: Path) -> dict[str, list[Graded]]:
    """The sets that `folder` holds, by name.

    Raises:
        GradedDataError: none is there, or a line is out of form.
    """
    found = {}
    for name, stem in SETS.items():
        files = sorted(folder.glob(f"{stem}*.jsonl.gz")) + sorted(folder.glob(f"{stem}*.jsonl"))
        if files:
            found[name] = _one_scale([row for file in files for row in _read(file)])
    if not found:
        raise GradedDataError(f"{folder} holds no graded answers ({', '.join(SETS.values())}).")
    return found


def _one_scale(rows: Sequence[Graded]) -> list[Graded]:
    """Single graders' scores on one scale: some questions were graded 0-10, not 0-5."""
    top: dict[str, float] = {}
    for row in rows:
        top[row.question_id] = max([top.get(row.question_id, 0.0), *row.graders])
    return [
        replace(row, graders=tuple(g / 2 for g in row.graders)) if top[row.question_id] > 1 else row
        for row in rows
    ]


def _read(file: Path) -> list[Graded]:
    try:
        raw = gzip.decompress(file.read_bytes()) if file.suffix == ".gz" else file.read_bytes()
        return [_graded(json.loads(line)) for line in raw.decode().splitlines() if line.strip()]
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise GradedDataError(f"{file} can't be read as graded answers: {error!r}") from None


def _graded(row: dict[str, Any]) -> Graded:
    labels = row.get("labels") or {}
    singles = [labels[k] / 5 for k in ("grader_me", "grader_other") if labels.get(k) is not None]
    return Graded(
        row["qid"],
        row.get("question") or "",
        row["reference"],
        row["student"],
        float(row["score"]),
        tuple(singles),
        tuple(text for text in row.get("references") or [] if text != row["reference"]),
    )


class KeptEncoder:
    """MiniLM that keeps what it encoded, so that a text that comes again costs nothing."""

    def __init__(self) -> None:
        self._kept: dict[str, tuple[FloatRows, FloatRows]] = {}

    def encode_spans(
        self, texts: Sequence[str], spans: Sequence[Sequence[tuple[int, int]]]
    ) -> tuple[FloatRows, list[FloatRows]]:
        """As `MiniLM.encode_spans`; each text and its spans are encoded once."""
        keys = [_key(text, span) for text, span in zip(texts, spans, strict=True)]
        new = {key: n for n, key in enumerate(keys) if key not in self._kept}
        if new:
            chosen = list(new.values())
            whole, parts = MiniLM.shared().encode_spans(
                [texts[n] for n in chosen], [spans[n] for n in chosen]
            )
            self._kept.update(zip(new, zip(whole, parts, strict=True), strict=True))
        rows = [self._kept[key] for key in keys]
        return np.asarray([row[0] for row in rows]), [np.asarray(row[1]) for row in rows]


def encode_ahead(texts: Sequence[str], encoder: KeptEncoder) -> None:
    """Encode answers in large batches, as far as they are short enough to be graded."""
    todo = [normalised(text) for text in dict.fromkeys(texts) if text.strip()]
    todo = [text for text in todo if len(words_of(text)) <= MAX_WORDS]
    for first in range(0, len(todo), _BATCH):
        read_all(todo[first : first + _BATCH], encoder)


def _key(text: str, spans: Sequence[tuple[int, int]]) -> str:
    return hashlib.sha256(f"{text}\0{list(spans)}".encode()).hexdigest()
