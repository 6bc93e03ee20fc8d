"""The one result of a question: text with `[n]` markers and all that it rests on."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any, Literal
from uuid import uuid4

from chat.citations import Citation
from chat.retrieval import Ranked

EXTRACTIVE = "extractive"


@dataclass(frozen=True)
class Turn:
    """One message of a conversation."""

    role: Literal["user", "assistant"]
    content: str


@dataclass(frozen=True)
class Usage:
    """What a model's calls for one answer took; zeros for the extractive answerer."""

    input_tokens: int = 0
    output_tokens: int = 0
    cache_read_tokens: int = 0
    cache_write_tokens: int = 0
    cost_usd: float | None = None
    """An estimate by the price table; None where the table has no price."""


@dataclass(frozen=True)
class Answer:
    """What was asked, what is answered, and what it can be traced to."""

    question: str
    standalone_question: str
    text: str
    """Markdown with `[n]` markers; every number has one citation."""
    citations: tuple[Citation, ...]
    abstained: bool
    passages: tuple[Ranked, ...]
    """What retrieval ranked, best first, at most ten."""
    model: str
    generation: str
    fingerprint: str
    """Hash of the settings that shaped the answer."""
    usage: Usage = Usage()
    timings: Mapping[str, float] = field(default_factory=dict)
    """Seconds by stage, and `total`."""
    notes: tuple[str, ...] = ()
    """What the reader should know: a model that fell back, a sentence taken out."""
    confidence: float = 0.0
    """Calibrated probability that the documents answer the question."""
    id: str = field(default_factory=lambda: uuid4().hex)

    def to_json(self) -> dict[str, Any]:
        """The output line of `python -m chat ask`, without its `id`."""
        return {
            "question": self.question,
            "standalone_question": self.standalone_question,
            "answer": self.text,
            "abstained": self.abstained,
            "citations": [citation.to_json() for citation in self.citations],
            "passages": [
                {
                    "source": ranked.passage.source,
                    "trail": list(ranked.passage.trail),
                    "start": ranked.passage.start,
                    "end": ranked.passage.end,
                    "text": ranked.passage.text,
                    "score": round(ranked.score, 4),
                }
                for ranked in self.passages
            ],
            "model": self.model,
            "seconds": round(self.timings.get("total", 0.0), 3),
            "confidence": round(self.confidence, 3),
            "notes": list(self.notes),
            "usage": asdict(self.usage),
        }


History = Sequence[Turn]
