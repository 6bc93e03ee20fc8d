"""The support check against labelled sentence-quote pairs."""

import json
from collections.abc import Sequence
from typing import Any

from chat.support import check, similarities
from eval.golden import FOLDER

PAIRS = FOLDER / "support.jsonl"


def evaluate() -> dict[str, Any]:
    """Precision and recall of "supported" by split, and what each kind of pair got right."""
    rows = [json.loads(line) for line in PAIRS.read_text(encoding="utf-8").splitlines()]
    scores = similarities([r["sentence"] for r in rows], [r["quote"] for r in rows]).diagonal()
    said = [
        check(row["sentence"], row["quote"], similarity=float(score)).supported
        for row, score in zip(rows, scores, strict=True)
    ]
    splits = {}
    for split in ("dev", "test"):
        chosen = [(r, s) for r, s in zip(rows, said, strict=True) if r["split"] == split]
        splits[split] = _figures(chosen)
    splits["all"] = _figures(list(zip(rows, said, strict=True)))
    wrong = [r["id"] for r, s in zip(rows, said, strict=True) if r["supported"] != s]
    return {"pairs": len(rows), "splits": splits, "wrong": wrong}


def _figures(pairs: Sequence[tuple[dict[str, Any], bool]]) -> dict[str, float]:
    right = sum(row["supported"] and said for row, said in pairs)
    claimed = sum(said for _, said in pairs)
    true = sum(row["supported"] for row, _ in pairs)
    figures: dict[str, float] = {
        "pairs": len(pairs),
        "precision": round(right / max(1, claimed), 4),
        "recall": round(right / max(1, true), 4),
    }
    for kind in sorted({row["kind"] for row, _ in pairs}):
        own = [row["supported"] == said for row, said in pairs if row["kind"] == kind]
        figures[kind] = round(sum(own) / len(own), 4)
    return figures
