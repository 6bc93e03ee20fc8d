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


def test_an_item_below_questions_is_never_quoted_also_where_no_list_was_read() -> None:
    text = (
        "# T\n\n## Interview Questions (DevOps Focus):\n\n**Troubleshooting:**\n"
        '7. "A queue grows. Explain what you check."\n8. "Your cache is full. What now?"\n'
    )
    assert readings(text) == []
    assert {s.kind for s in statements(text)} == {"label", "question"}


def test_all_sentences_of_a_numbered_question_ask() -> None:
    text = '# T\n\n**Design:**\n4. "You cache user sessions. Which store do you use?"\n'
    assert readings(text) == []
    assert readings("# T\n\nIs it durable? A queue keeps messages.\n") == [
        "A queue keeps messages."
    ]


def test_a_label_that_is_wrapped_is_carried_whole() -> None:
    text = "# T\n\nSupport is provided according to the schedule laid out\nin this page:\n\n- six months\n"
    assert readings(text) == [
        "Support is provided according to the schedule laid out in this page: six months"
    ]


def test_a_lead_that_is_too_long_to_be_carried_is_a_sentence() -> None:
    lead = (
        "If the parameter siblings_only is set to true, duplication is allowed for headings that\n"
        "have different parents, as is common in changelogs:"
    )
    assert readings(f"# T\n\n{lead}\n\n```markdown\n# Some text\n```\n") == [
        " ".join(lead.split())[:-1] + "."
    ]


def test_a_label_in_a_fence_holds_over_marks_blanks_and_indentation() -> None:
    text = (
        "# T\n\n```\nRedis:\n✅ Persistence on disk\n❌ Slower for simple values\n\n"
        "Options:\n\n1. Snapshots:\n   Every hour\n\n   Kept a week\n2. Log file:\n   Every write\n\n"
        "Plan 1: Warming\n- Refresh early\n\nStands alone here\n```\n"
    )
    assert readings(text) == [
        "Redis: ✅ Persistence on disk",
        "Redis: ❌ Slower for simple values",
        "Options: Snapshots: Every hour",
        "Options: Snapshots: Kept a week",
        "Options: Log file: Every write",
        "Plan 1: Warming",
        "Plan 1: Warming: Refresh early",
        "Stands alone here",
    ]


def test_a_command_is_quoted_with_what_introduces_it() -> None:
    text = "# T\n\nUse this command:\n\n```sh\nnpx app users passwd --email a@example.com\n```\n"
    assert readings(text) == ["Use this command: npx app users passwd --email a@example.com"]
    assert readings("# T\n\n```bash\nnpm ci\nnpm test\n```\n") == []


def test_a_page_that_is_shown_as_an_example_is_not_quoted() -> None:
    assert readings("# T\n\n```markdown\n# Change log\n\nA release fixes: bugs\n```\n") == []


def test_a_link_over_two_lines_stays_whole() -> None:
    text = "# T\n\nSee\n[N|Solid](https://example.com/\nDocs) for the whole and complete list of versions.\n"
    assert len(statements(text)) == 1
    assert readings(
        "# T\n\nSee the [full\nList](https://example.com/a) of all that is supported.\n"
    ) == ["See the full List of all that is supported."]


def test_a_bold_number_is_no_sentence() -> None:
    assert readings("# T\n\n**1.** Use hashes for small objects.\n") == [
        "1. Use hashes for small objects."
    ]
