"""Citations: an exact span of a document, the words in it, and where it stands."""

from dataclasses import asdict, dataclass
from typing import Any

from ingest.documents import Document
from ingest.passages import Passage


@dataclass(frozen=True)
class Citation:
    """A numbered quote: `quote == document.text[start:end]`."""

    n: int
    source: str
    trail: tuple[str, ...]
    quote: str
    start: int
    end: int

    def to_json(self) -> dict[str, Any]:
        """The form of the command line's contract."""
        return {**asdict(self), "trail": list(self.trail)}


def cite(n: int, document: Document, passage: Passage, start: int, end: int) -> Citation:
    """Cite `document.text[start:end]`, which must lie inside `passage`.

    Raises:
        AssertionError: the span does not lie in the passage, or the passage is not the
            document's text; both are defects, never a user's mistake.
    """
    assert document.source == passage.source
    assert passage.start <= start < end <= passage.end, (passage.id, start, end)
    assert document.text[passage.start : passage.end] == passage.text, passage.id
    quote = document.text[start:end]
    assert quote.strip(), "an empty quote cites nothing"
    return Citation(n, passage.source, passage.trail, quote, start, end)
