"""Find files and turn each into a `Document`: Markdown text, decoded and repaired."""

import hashlib
import io
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from ingest import plaintext
from ingest.decoding import decode, repair
from ingest.errors import GuideError

TEXT_SUFFIXES = frozenset({".md", ".markdown", ".mdx", ".txt", ".text", ".rst"})
CONVERTED_SUFFIXES = frozenset({".html", ".htm", ".pdf", ".docx"})
SUFFIXES = TEXT_SUFFIXES | CONVERTED_SUFFIXES
_SKIPPED_FOLDERS = frozenset({"node_modules", "__pycache__", "venv"})
_FRONT_MATTER = re.compile(r"\A---[ \t]*\n(.*?)\n---[ \t]*(?:\n|\Z)", re.DOTALL)


class DocumentError(GuideError):
    """A file that can't be read as a document."""


@dataclass(frozen=True)
class Document:
    """One source file as Markdown. All character offsets are offsets into `text`."""

    source: str
    """POSIX path relative to the folder that was ingested."""
    text: str
    sha256: str
    """Of the file's bytes."""
    metadata: dict[str, Any] = field(default_factory=dict)
    """The front matter; empty where there is none."""

    @property
    def title(self) -> str:
        """The front matter's title, else the file's name."""
        return str(self.metadata.get("title") or Path(self.source).stem.replace("-", " "))


@dataclass(frozen=True)
class SourceFile:
    """A file that was found: where it is and the name that it is cited by."""

    path: Path
    source: str


def find(paths: Sequence[Path]) -> list[SourceFile]:
    """List the document files at `paths` (files or folders), sorted by source name.

    Raises:
        DocumentError: a path does not exist, is of an unknown type, or two files would
            be cited by the same name.
    """
    found: dict[str, Path] = {}
    for root in paths:
        if not root.exists():
            raise DocumentError(f"{root} does not exist. Name a file or a folder of documents.")
        if root.is_file() and root.suffix.lower() not in SUFFIXES:
            known = " ".join(sorted(SUFFIXES))
            raise DocumentError(f"{root} is not a document that can be read ({known}).")
        for path in [root] if root.is_file() else _walk(root):
            source = path.name if root.is_file() else path.relative_to(root).as_posix()
            if found.setdefault(source, path).resolve() != path.resolve():
                raise DocumentError(
                    f"{found[source]} and {path} would both be cited as {source}. "
                    "Ingest their common parent folder instead."
                )
    return [SourceFile(path, source) for source, path in sorted(found.items())]


def _walk(root: Path) -> Iterator[Path]:
    for path in sorted(root.iterdir()):
        if path.name.startswith(".") or path.name in _SKIPPED_FOLDERS:
            continue
        if path.is_dir():
            if not path.is_symlink():
                yield from _walk(path)
        elif path.suffix.lower() in SUFFIXES and path.is_file():
            yield path


def read_bytes(file: SourceFile, max_bytes: int) -> bytes:
    """Read a file's bytes.

    Raises:
        DocumentError: unreadable, empty, or larger than `max_bytes`.
    """
    try:
        size = file.path.stat().st_size
        if size > max_bytes:
            raise DocumentError(
                f"{size / 1e6:.1f} MB is over the limit of {max_bytes / 1e6:.0f} MB; "
                "split it or raise GUIDE_MAX_FILE_MB"
            )
        data = file.path.read_bytes()
    except OSError as error:
        raise DocumentError(f"can't be read ({error.strerror or error})") from None
    if not data.strip():
        raise DocumentError("the file is empty")
    return data


def hash_of(data: bytes) -> str:
    """The hash that tells whether a file changed."""
    return hashlib.sha256(data).hexdigest()


def parse(source: str, data: bytes) -> Document:
    """Turn a file's bytes into a Document.

    Raises:
        DocumentError: the bytes can't be decoded or converted, or hold no text.
    """
    suffix = Path(source).suffix.lower()
    try:
        text = repair(_convert(data, suffix)) if suffix in CONVERTED_SUFFIXES else decode(data)
    except DocumentError:
        raise
    except GuideError as error:
        raise DocumentError(str(error)) from None
    if suffix not in {".md", ".markdown", ".mdx"} and not plaintext.has_structure(text):
        text = plaintext.to_markdown(text)
    if not text.strip():
        raise DocumentError("no text was found in it (a scan needs text recognition first)")
    return Document(source, text, hash_of(data), front_matter(text)[0])


def read_yaml(text: str) -> Any:
    """The value of a YAML text, by libyaml where it is there: ten times as fast.

    Raises:
        yaml.YAMLError: it is no YAML.
    """
    try:
        return yaml.load(text, Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))
    except UnicodeEncodeError as error:
        raise yaml.YAMLError(str(error)) from None


def front_matter(text: str) -> tuple[dict[str, Any], int]:
    """Return the YAML front matter of `text` and the offset where the body begins.

    A block that is not a YAML mapping is taken as text: `({}, 0)`.
    """
    match = _FRONT_MATTER.match(text)
    if not match:
        return {}, 0
    try:
        values = read_yaml(match[1])
    except yaml.YAMLError:
        return {}, 0
    return (values, match.end()) if isinstance(values, dict) else ({}, 0)


def is_indexed(metadata: dict[str, Any]) -> bool:
    """False for a document whose front matter says `index: false`."""
    return metadata.get("index") is not False


def _convert(data: bytes, suffix: str) -> str:
    try:
        from markitdown import MarkItDown, StreamInfo
    except ImportError:
        raise DocumentError("needs the extra: pip install '.[documents]'") from None
    if suffix in {".html", ".htm"}:
        data = decode(data).encode("utf-8")
    info = StreamInfo(extension=suffix, charset="utf-8" if suffix.startswith(".htm") else None)
    try:
        converted = MarkItDown(enable_plugins=False).convert_stream(
            io.BytesIO(data), stream_info=info
        )
    except Exception as error:  # the converters raise whatever their parsers raise
        name = type(error).__name__
        if "Dependency" in name:
            raise DocumentError("needs the extra: pip install '.[documents]'") from None
        raise DocumentError(f"can't be converted to text ({name}); is it damaged?") from None
    text = converted.text_content
    if suffix in {".pdf", ".docx"} and text.lstrip().encode()[:4] in {b"%PDF", b"PK\x03\x04"}:
        # What its own converter refuses goes through as plain text.
        raise DocumentError("can't be converted to text; is it damaged?")
    return text.replace("\f", "\n\n")
