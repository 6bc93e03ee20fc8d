"""One generation on disk: an immutable folder with a Chroma store, a BM25 index, the
passages, their vectors, the documents' text and a manifest.

The manifest is written last, so a folder without one is the rest of a build that died.
"""

import json
import os
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ingest.documents import Document
from ingest.embedding import Vectors
from ingest.errors import GuideError
from ingest.passages import Passage
from ingest.statements import Statement
from ingest.terms import terms_of

FORMAT = 1
COLLECTION = "passages"
_TRAIL_WEIGHT = 2
"""How often the trail counts in BM25 beside the text (a cheap form of BM25F)."""


class BadIndexError(GuideError):
    """The index is missing, half built, damaged, or made with other settings."""


@dataclass(frozen=True)
class Manifest:
    """What a generation was made of and with."""

    id: str
    created: str
    """UTC, ISO 8601."""
    embedding: str
    fingerprint: str
    dimensions: int
    chunker: str
    documents: dict[str, str]
    """source -> SHA-256 of the file."""
    passages: int
    statements: int
    skipped: dict[str, str] = field(default_factory=dict)
    """source -> why it is not in the index."""
    paths: tuple[str, ...] = ()
    """What was ingested, for the button that ingests again."""
    files: dict[str, int] = field(default_factory=dict)
    """Sizes of the generation's own files, so that damage is seen before it is used."""
    format: int = FORMAT


@dataclass(frozen=True)
class Contents:
    """Everything of a generation but its two search structures."""

    documents: list[Document]
    passages: list[Passage]
    vectors: Vectors
    """(passages, dimensions), unit rows, in the order of `passages`."""
    statements: NDArray[np.float16]
    """(statements, 384), in the order of the passages' statements."""


def write(
    folder: Path, contents: Contents, aliases: dict[str, list[str]], manifest: Manifest
) -> None:
    """Write a whole generation into the empty `folder`; the manifest comes last."""
    folder.mkdir(parents=True)
    _write_lines(folder / "documents.jsonl", (_document_row(d) for d in contents.documents))
    _write_lines(folder / "passages.jsonl", (_passage_row(p) for p in contents.passages))
    np.save(folder / "vectors.npy", contents.vectors)
    np.save(folder / "statements.npy", contents.statements.astype(np.float16))
    (folder / "aliases.json").write_text(json.dumps(aliases), encoding="utf-8")
    _write_chroma(folder / "chroma", contents)
    _write_bm25(folder / "bm25", contents.passages)
    for path in sorted(folder.rglob("*")):
        if path.is_file():
            _sync(path)
    manifest = replace(manifest, files=_sizes(folder))
    write_atomically(folder / "manifest.json", json.dumps(asdict(manifest), indent=1))


def _sizes(folder: Path) -> dict[str, int]:
    """Sizes by name; Chroma's files are its own affair and may change when it opens them."""
    own = [*folder.glob("*.jsonl"), *folder.glob("*.npy"), *folder.glob("bm25/*")]
    return {path.relative_to(folder).as_posix(): path.stat().st_size for path in sorted(own)}


def read_manifest(folder: Path) -> Manifest:
    """Read a generation's manifest.

    Raises:
        BadIndexError: it is missing or damaged, or of another format.
    """
    try:
        values = json.loads((folder / "manifest.json").read_text(encoding="utf-8"))
        if values.get("format") != FORMAT:
            raise BadIndexError(
                "The index was built by another version of this program. Run: make ingest"
            )
        values["paths"] = tuple(values.get("paths", ()))
        manifest = Manifest(**values)
        if _sizes(folder) != manifest.files:
            raise ValueError("a file of the generation is not as it was written")
        return manifest
    except (OSError, ValueError, TypeError, AttributeError):
        raise BadIndexError(f"The index in {folder.parent} is damaged. Run: make ingest") from None


def read_contents(folder: Path) -> Contents:
    """Read a generation's documents, passages and vectors.

    Raises:
        BadIndexError: a file is missing or damaged.
    """
    try:
        return Contents(
            [_document(row) for row in _read_lines(folder / "documents.jsonl")],
            [_passage(row) for row in _read_lines(folder / "passages.jsonl")],
            np.load(folder / "vectors.npy"),
            np.load(folder / "statements.npy"),
        )
    except (OSError, ValueError, KeyError, TypeError, EOFError):
        raise BadIndexError(f"The index in {folder.parent} is damaged. Run: make ingest") from None


def bm25_terms(passage: Passage) -> list[str]:
    """The terms by which BM25 knows a passage."""
    body = terms_of(f"{passage.header} {passage.text}")
    return terms_of(" ".join(passage.trail)) * _TRAIL_WEIGHT + body


def open_chroma(folder: Path) -> Any:
    """The Chroma collection of the generation in `folder`."""
    import chromadb
    from chromadb.config import Settings

    client = chromadb.PersistentClient(
        str(folder / "chroma"), Settings(anonymized_telemetry=False, allow_reset=False)
    )
    return client.get_collection(COLLECTION, embedding_function=None)


def write_atomically(path: Path, text: str) -> None:
    """Replace `path` so that a reader sees the old text or the new, never a part."""
    temporary = path.with_name(f"{path.name}.{os.getpid()}.tmp")
    with temporary.open("w", encoding="utf-8") as stream:
        stream.write(text)
        stream.flush()
        os.fsync(stream.fileno())
    os.replace(temporary, path)


def _write_chroma(folder: Path, contents: Contents) -> None:
    import chromadb
    from chromadb.config import Settings

    client = chromadb.PersistentClient(str(folder), Settings(anonymized_telemetry=False))
    # One thread builds the graph in one order, and so wide a search misses next to nothing
    # (1 of 6,000 neighbours among 8,600 passages; 138 with 200), so two runs answer alike.
    hnsw = {"space": "cosine", "ef_construction": 200, "ef_search": 1000, "num_threads": 1}
    collection = client.create_collection(
        COLLECTION,
        configuration={"hnsw": hnsw},  # type: ignore[arg-type]
        embedding_function=None,
        metadata={"dimensions": int(contents.vectors.shape[1])},
    )
    step = min(2000, client.get_max_batch_size())
    for first in range(0, len(contents.passages), step):
        part = contents.passages[first : first + step]
        collection.add(
            ids=[passage.id for passage in part],
            embeddings=contents.vectors[first : first + step],
            documents=[passage.text for passage in part],
            metadatas=[
                {
                    "source": p.source,
                    "trail": p.context,
                    "start": p.start,
                    "end": p.end,
                    "kind": p.kind,
                }
                for p in part
            ],
        )
    client.close()  # type: ignore[attr-defined]


def _write_bm25(folder: Path, passages: Sequence[Passage]) -> None:
    import bm25s

    # A term that no text has keeps the vocabulary from being empty.
    tokens = [bm25_terms(passage) or ["\0"] for passage in passages]
    index = bm25s.BM25(k1=1.2, b=0.6)
    index.index(tokens, show_progress=False)
    index.save(str(folder), show_progress=False)


def _document_row(document: Document) -> dict[str, Any]:
    return asdict(document)


def _document(row: dict[str, Any]) -> Document:
    return Document(**row)


def _passage_row(passage: Passage) -> dict[str, Any]:
    row = asdict(passage)
    row["statements"] = [[s.start, s.end, s.reading, s.kind] for s in passage.statements]
    return row


def _passage(row: dict[str, Any]) -> Passage:
    row["trail"] = tuple(row["trail"])
    row["statements"] = tuple(Statement(*values) for values in row["statements"])
    return Passage(**row)


def _write_lines(path: Path, rows: Any) -> None:
    with path.open("w", encoding="utf-8") as stream:
        for row in rows:
            stream.write(json.dumps(row, ensure_ascii=False, default=str) + "\n")


def _read_lines(path: Path) -> list[dict[str, Any]]:
    with path.open(encoding="utf-8") as stream:
        return [json.loads(line) for line in stream]


def _sync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
