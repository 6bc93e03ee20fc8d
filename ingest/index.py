"""The index on disk: build the next generation beside the old one, verify, swap, open.

.index/CURRENT          the name of the serving generation, replaced atomically
.index/generation-N/    immutable; readers hold a shared lock on its `lease`
.index/partial/         vectors of a build in progress, so that a killed one resumes
.index/lock             held by the one process that ingests
"""

import shutil
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ingest import documents as files
from ingest.aliases import learn_aliases
from ingest.documents import Document, DocumentError
from ingest.embedding import Embedder, Vectors, token_counter
from ingest.generation import (
    BadIndexError,
    Contents,
    Manifest,
    open_chroma,
    read_contents,
    read_manifest,
    write,
    write_atomically,
)
from ingest.locks import Lease, exclusive, is_leased
from ingest.partial import encode
from ingest.passages import CHUNKER_VERSION, Passage, passages_of
from ingest.plan import POINTER, Plan, Progress, current, make_plan, read_kept
from ingest.settings import IngestSettings


@dataclass(frozen=True)
class Report:
    """What one ingest did."""

    generation: str
    documents: int
    passages: int
    embedded: int
    reused: int
    removed: int
    """Documents that were in the index before and are no longer."""
    changed: bool
    seconds: float
    skipped: dict[str, str] = field(default_factory=dict)


def build(
    paths: Sequence[Path],
    settings: IngestSettings,
    open_embedder: Callable[[], Embedder],
    progress: Progress = lambda stage, done, total: None,
) -> Report:
    """Bring the index in line with the documents at `paths`.

    Files that did not change keep their passages and vectors; a run that finds nothing
    to do reads and hashes the files and writes nothing.

    Raises:
        DocumentError: a path does not exist, or nothing readable was found.
        LockedError: another process is ingesting into the same folder.
        BadIndexError: the new generation failed its check; the old one still serves.
    """
    started = datetime.now(UTC)
    root = settings.index
    found = files.find(paths)
    root.mkdir(parents=True, exist_ok=True)
    with exclusive(root / "lock"):
        plan = make_plan(root, found, settings, progress)
        if not plan.sources:
            reasons = "; ".join(f"{source}: {why}" for source, why in plan.skipped.items())
            raise DocumentError(
                f"No readable documents in {', '.join(map(str, paths))}. {reasons}".strip()
            )
        if plan.unchanged:
            assert plan.previous is not None
            return _report(plan, plan.previous, 0, started, changed=False)
        embedder = open_embedder()
        contents, embedded = _assemble(root, plan, embedder, progress)
        manifest = _manifest(root, plan, contents, embedder, paths, started)
        folder = root / manifest.id
        progress("writing", 0, 1)
        write(folder, contents, learn_aliases(d.text for d in contents.documents), manifest)
        verify(folder, contents)
        write_atomically(root / POINTER, manifest.id)
        progress("writing", 1, 1)
        remove_leftovers(root)
        return _report(plan, manifest, embedded, started, changed=True)


def _assemble(
    root: Path, plan: Plan, embedder: Embedder, progress: Progress
) -> tuple[Contents, int]:
    kept = read_kept(plan, embedder.fingerprint)
    documents: list[Document] = []
    passages: list[Passage] = []
    fresh: list[Passage] = []
    count = token_counter()
    for step, source in enumerate(sorted(plan.sources), start=1):
        document = plan.parsed.get(source) or kept.documents.get(source) or plan.parse(source)
        documents.append(document)
        if source in plan.parsed or source not in kept.passages:
            made = passages_of(document, count)
            fresh.extend(passage for passage in made if passage.id not in kept.rows)
        else:
            made = kept.passages[source]
        passages.extend(made)
        progress("cutting", step, len(plan.sources))
    if not passages:
        raise DocumentError("The documents hold no text to index.")
    rows = kept.rows | encode(root / "partial", fresh, embedder, progress)
    vectors = np.stack([rows[passage.id][0] for passage in passages])
    statements = np.concatenate([rows[passage.id][1] for passage in passages])
    return Contents(documents, passages, vectors, statements), len(fresh)


def _manifest(
    root: Path,
    plan: Plan,
    contents: Contents,
    embedder: Embedder,
    paths: Sequence[Path],
    started: datetime,
) -> Manifest:
    numbers = [int(folder.name.split("-")[1]) for folder in _folders(root)]
    return Manifest(
        id=f"generation-{max(numbers, default=0) + 1:05d}",
        created=started.isoformat(timespec="seconds"),
        embedding=embedder.name,
        fingerprint=embedder.fingerprint,
        dimensions=int(contents.vectors.shape[1]),
        chunker=CHUNKER_VERSION,
        documents=plan.sources,
        passages=len(contents.passages),
        statements=int(contents.statements.shape[0]),
        skipped=plan.skipped,
        paths=tuple(str(path) for path in paths),
    )


def _report(
    plan: Plan, manifest: Manifest, embedded: int, started: datetime, changed: bool
) -> Report:
    before = set(plan.previous.documents) if plan.previous else set()
    return Report(
        generation=manifest.id,
        documents=len(plan.sources),
        passages=manifest.passages,
        embedded=embedded,
        reused=manifest.passages - embedded,
        removed=len(before - set(plan.sources)),
        changed=changed,
        seconds=round((datetime.now(UTC) - started).total_seconds(), 2),
        skipped=plan.skipped,
    )


def verify(folder: Path, contents: Contents, samples: int = 16) -> None:
    """Ask a new generation for passages that it must find, through both of its searches.

    Raises:
        BadIndexError: a count is off, or a passage does not find itself.
    """
    collection = open_chroma(folder)
    if collection.count() != len(contents.passages):
        raise BadIndexError("The new index lost passages and was not taken. Run: make ingest")
    step = max(1, len(contents.passages) // samples)
    for index in range(0, len(contents.passages), step):
        answer = collection.query(query_embeddings=[contents.vectors[index]], n_results=1)
        if not answer["ids"][0] or answer["distances"][0][0] > 1e-3:
            raise BadIndexError(
                "The new index does not find its own passages and was not taken. Run: make ingest"
            )
    import bm25s

    if bm25s.BM25.load(str(folder / "bm25")).scores["num_docs"] != len(contents.passages):
        raise BadIndexError(
            "The new lexical index is incomplete and was not taken. Run: make ingest"
        )


def _folders(root: Path) -> list[Path]:
    return sorted(path for path in root.glob("generation-*") if path.is_dir())


def remove_leftovers(root: Path) -> None:
    """Delete generations that neither serve nor are read, and what dead builds left."""
    shutil.rmtree(root / "partial", ignore_errors=True)
    for path in root.glob("*.tmp"):
        path.unlink(missing_ok=True)
    serving = current(root)
    for folder in _folders(root):
        if folder.name != serving and not is_leased(folder / "lease"):
            shutil.rmtree(folder, ignore_errors=True)


@dataclass
class Index:
    """An open generation. Safe to share between threads; never changes."""

    folder: Path
    manifest: Manifest
    documents: dict[str, Document]
    passages: list[Passage]
    vectors: Vectors
    statements: Vectors
    """(statements, 384), float32, in the order of the passages' statements."""
    first_statement: NDArray[np.int64]
    """(passages + 1,): where each passage's statements begin."""
    aliases: dict[str, list[str]]
    collection: Any
    bm25: Any
    lease: Lease

    def dense(self, vector: NDArray[np.float32], count: int) -> list[tuple[int, float]]:
        """The `count` nearest passages as (index, cosine similarity), from Chroma."""
        count = min(count, len(self.passages))
        answer = self.collection.query(
            query_embeddings=[vector], n_results=count, include=["distances"]
        )
        positions = self._positions
        return [
            (positions[passage_id], 1.0 - float(distance))
            for passage_id, distance in zip(answer["ids"][0], answer["distances"][0], strict=True)
        ]

    def __post_init__(self) -> None:
        self._positions = {passage.id: index for index, passage in enumerate(self.passages)}

    def lexical(self, terms: Sequence[str]) -> NDArray[np.float32]:
        """BM25 scores of all passages for `terms`, (passages,)."""
        known = [term for term in terms if term in self.bm25.vocab_dict]
        if not known:
            return np.zeros(len(self.passages), np.float32)
        return np.asarray(self.bm25.get_scores(known), np.float32)

    def close(self) -> None:
        """Let the next ingest delete this generation."""
        self.lease.release()


def open_index(root: Path, embedding: str) -> Index:
    """Open the serving generation.

    Raises:
        BadIndexError: there is none, it is damaged, or it was built with another
            embedding model or another way of cutting passages.
    """
    name = current(root)
    if not name:
        raise BadIndexError(f"There is no index in {root}. Run: make ingest")
    folder = root / name
    lease = Lease(folder / "lease")
    manifest = read_manifest(folder)
    if manifest.embedding != embedding:
        raise BadIndexError(
            f"The index was built with {manifest.embedding}, but GUIDE_EMBEDDING is {embedding}. "
            "Run: make ingest"
        )
    if manifest.chunker != CHUNKER_VERSION:
        raise BadIndexError("The index was cut by an older version. Run: make ingest")
    contents = read_contents(folder)
    lengths = [len(passage.statements) for passage in contents.passages]
    try:
        import json

        import bm25s

        return Index(
            folder,
            manifest,
            {document.source: document for document in contents.documents},
            contents.passages,
            contents.vectors,
            contents.statements.astype(np.float32),
            np.concatenate([[0], np.cumsum(lengths)]).astype(np.int64),
            json.loads((folder / "aliases.json").read_text(encoding="utf-8")),
            open_chroma(folder),
            bm25s.BM25.load(str(folder / "bm25")),
            lease,
        )
    except BadIndexError:
        raise
    except Exception as error:  # chromadb and bm25s raise their own kinds for damaged files
        raise BadIndexError(
            f"The index in {root} can't be opened ({type(error).__name__}). Run: make ingest"
        ) from error


@contextmanager
def opened(root: Path, embedding: str) -> Iterator[Index]:
    """`open_index`, closed at the end of the block."""
    index = open_index(root, embedding)
    try:
        yield index
    finally:
        index.close()
