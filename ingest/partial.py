"""Encoding passages in batches, each kept on disk until the swap.

A build that is killed loses at most one batch: the next one reads what is there.
"""

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ingest.embedding import Embedder, Encoded, token_counter
from ingest.passages import CHUNKER_VERSION, Passage, embedded_text

BATCH = 256
"""Passages that are encoded between two writes."""

Rows = tuple[NDArray[Any], NDArray[Any]]
"""A passage's vector, and its statements' vectors (statements, 384)."""


def encode(
    folder: Path,
    passages: Sequence[Passage],
    embedder: Embedder,
    progress: Callable[[str, int, int], None],
) -> dict[str, Rows]:
    """Passage id -> its rows, for all of `passages`; what `folder` has is not encoded again."""
    encoded = _read_partial(folder, embedder.fingerprint)
    todo = [passage for passage in passages if passage.id not in encoded]
    # Passages of one length share a batch, so that next to nothing is padded.
    count = token_counter()
    todo.sort(key=lambda passage: count(embedded_text(passage)))
    done = len(passages) - len(todo)
    progress("embedding", done, len(passages))
    for first in range(0, len(todo), BATCH):
        batch = todo[first : first + BATCH]
        result = embedder.passages(batch)
        _write_partial(folder, embedder.fingerprint, batch, result)
        encoded.update(_by_id(batch, result))
        done += len(batch)
        progress("embedding", done, len(passages))
    return encoded


def _by_id(batch: Sequence[Passage], result: Encoded) -> Iterator[tuple[str, Rows]]:
    row = 0
    for passage, vector in zip(batch, result.passages, strict=True):
        end = row + len(passage.statements)
        yield passage.id, (vector, result.statements[row:end].astype(np.float16))
        row = end


def _write_partial(
    folder: Path, fingerprint: str, batch: Sequence[Passage], result: Encoded
) -> None:
    folder.mkdir(exist_ok=True)
    counts = np.asarray([len(passage.statements) for passage in batch])
    temporary = folder / "writing.tmp"
    with temporary.open("wb") as stream:
        np.savez(
            stream,
            fingerprint=np.asarray(f"{fingerprint} {CHUNKER_VERSION}"),
            ids=np.asarray([passage.id for passage in batch]),
            counts=counts,
            vectors=result.passages,
            statements=result.statements.astype(np.float16),
        )
    temporary.replace(folder / f"{batch[0].id}.npz")


def _read_partial(folder: Path, fingerprint: str) -> dict[str, Rows]:
    encoded: dict[str, Rows] = {}
    for path in sorted(folder.glob("*.npz")) if folder.is_dir() else []:
        try:
            with np.load(path) as values:
                if str(values["fingerprint"]) != f"{fingerprint} {CHUNKER_VERSION}":
                    continue
                ends = np.cumsum(values["counts"])
                rows = np.split(values["statements"], ends[:-1])
                for passage_id, vector, own in zip(
                    values["ids"], values["vectors"], rows, strict=True
                ):
                    encoded[str(passage_id)] = (vector, own)
        except (OSError, ValueError, KeyError, EOFError):
            path.unlink(missing_ok=True)
    return encoded
