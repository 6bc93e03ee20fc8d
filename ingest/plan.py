"""What an ingest has to do: the files on disk compared with the serving generation."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from ingest import documents as files
from ingest.documents import Document, DocumentError
from ingest.generation import BadIndexError, Manifest, read_contents, read_manifest
from ingest.partial import Rows
from ingest.passages import CHUNKER_VERSION, Passage
from ingest.settings import IngestSettings

POINTER = "CURRENT"

Progress = Callable[[str, int, int], None]
"""Called with a stage's name, the steps done and the steps in all."""


@dataclass
class Plan:
    """The documents that the next generation holds, and what of them is new."""

    previous: Manifest | None
    folder: Path | None
    """Of the serving generation."""
    keeps: bool
    """Whether the serving generation's vectors may be used again."""
    sources: dict[str, str] = field(default_factory=dict)
    """source -> SHA-256 of the file, for every document that will be in the index."""
    parsed: dict[str, Document] = field(default_factory=dict)
    """The documents that are new or changed."""
    skipped: dict[str, str] = field(default_factory=dict)
    """source -> why it will not be in the index."""
    paths: dict[str, Path] = field(default_factory=dict)

    @property
    def unchanged(self) -> bool:
        """Whether the serving generation is what the files ask for."""
        return (
            self.previous is not None
            and self.keeps
            and self.previous.documents == self.sources
            and self.previous.skipped == self.skipped
        )

    def parse(self, source: str) -> Document:
        """Read and parse a document that did not change; its size was checked before."""
        return files.parse(source, self.paths[source].read_bytes())


def make_plan(
    root: Path, found: Sequence[files.SourceFile], settings: IngestSettings, progress: Progress
) -> Plan:
    """Read and hash the files; parse those that are new or changed."""
    previous, folder = serving(root)
    keeps = (
        previous is not None
        and previous.embedding == settings.embedding
        and previous.chunker == CHUNKER_VERSION
    )
    plan = Plan(previous, folder, keeps)
    known = previous.documents if previous and keeps else {}
    for step, file in enumerate(found, start=1):
        try:
            data = files.read_bytes(file, int(settings.max_file_mb * 1e6))
            digest = files.hash_of(data)
            if known.get(file.source) != digest:
                document = files.parse(file.source, data)
                if not files.is_indexed(document.metadata):
                    continue  # left out on purpose, which is nothing to report
                plan.parsed[file.source] = document
            plan.sources[file.source] = digest
            plan.paths[file.source] = file.path
        except DocumentError as error:
            plan.skipped[file.source] = str(error)
        progress("reading", step, len(found))
    return plan


@dataclass
class Kept:
    """What the serving generation has that the next may use again."""

    documents: dict[str, Document] = field(default_factory=dict)
    passages: dict[str, list[Passage]] = field(default_factory=dict)
    rows: dict[str, Rows] = field(default_factory=dict)


def read_kept(plan: Plan, fingerprint: str) -> Kept:
    """The serving generation's content; nothing when it is damaged or of another model."""
    kept = Kept()
    if plan.previous is None or plan.folder is None or not plan.keeps:
        return kept
    if plan.previous.fingerprint != fingerprint:
        return kept
    try:
        contents = read_contents(plan.folder)
    except BadIndexError:
        return kept
    kept.documents = {document.source: document for document in contents.documents}
    first = 0
    for index, passage in enumerate(contents.passages):
        kept.passages.setdefault(passage.source, []).append(passage)
        end = first + len(passage.statements)
        kept.rows[passage.id] = (contents.vectors[index], contents.statements[first:end])
        first = end
    return kept


def current(root: Path) -> str:
    """The name of the serving generation, or "" when there is none."""
    try:
        return (root / POINTER).read_text(encoding="utf-8").strip()
    except OSError:
        return ""


def serving(root: Path) -> tuple[Manifest | None, Path | None]:
    """The serving generation's manifest and folder; (None, None) without a usable one."""
    name = current(root)
    if not name:
        return None, None
    try:
        return read_manifest(root / name), root / name
    except BadIndexError:
        return None, None
