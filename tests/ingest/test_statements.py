from ingest.documents import Document
from ingest.embedding import token_counter
from ingest.passages import passages_of
from ingest.statements import Statement


def statements(text: str) -> list[Statement]:
    document = Document("a.md", text, "")
    found = [s for p in passages_of(document, token_counter()) for s in p.statements]
    assert all(text[s.start : s.end].strip() for s in found)
    return found


def readings(text: str) -> list[str]:
    return [s.reading for s in statements(text) if s.quotable]


def test_a_table_row_is_read_with_its_header() -> None:
    text = "# T\n\n| Feature | Standard | FIFO |\n|---|---|---|\n| Order | loose | strict |\n"
    assert readings(text) == ["Order — Standard: loose; FIFO: strict"]


def test_an_item_is_read_with_the_label_that_it_stands_under() -> None:
    assert readings("# T\n\n**When to use:**\n\n- many readers\n") == ["When to use: many readers"]
    assert readings("# T\n\n- Bursts:\n  - up to 3,000\n") == ["Bursts: up to 3,000"]


def test_questions_labels_and_named_mistakes_are_never_quoted() -> None:
    text = (
        '# T\n\n1. "What is a queue?"\n\n**Common mistakes**\n\n'
        '- "Queues are lists." - They are not.\n\n**Key points**\n\n- A queue keeps messages.\n'
    )
    assert readings(text) == ["A queue keeps messages."]
    assert {s.kind for s in statements(text)} >= {"question", "mistake", "label", "item"}


def test_a_value_is_read_with_the_keys_that_lead_to_it() -> None:
    text = '# T\n\n```python\nlimits = {\n"timeout": {\n"max": "15 minutes",  # hard\n},\n}\n```\n'
    assert readings(text) == ["limits, timeout, max: 15 minutes (hard)"]


def test_abbreviations_do_not_end_a_sentence() -> None:
    assert readings("# T\n\nUse a cache, e.g. Valkey. It helps.\n") == [
        "Use a cache, e.g. Valkey.",
        "It helps.",
    ]


def test_a_fence_that_holds_prose_reads_line_by_line() -> None:
    text = "# T\n\n```\nKey limits:\n- Timeout: 15 minutes\n  A ──▶ B\n```\n"
    assert readings(text) == ["Key limits: Timeout: 15 minutes"]
