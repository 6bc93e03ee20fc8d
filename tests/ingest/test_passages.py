import pytest

from ingest.documents import Document, find, front_matter, parse, read_bytes
from ingest.embedding import token_counter
from ingest.passages import WINDOW, Passage, embedded_text, passages_of
from tests.conftest import LESSONS, ROOT

Cut = list[tuple[Document, list[Passage]]]


@pytest.fixture(scope="module", params=[LESSONS, ROOT / "corpus"], ids=["lessons", "guide"])
def cut(request: pytest.FixtureRequest) -> Cut:
    """Each document of a folder with its passages."""
    documents = [parse(f.source, read_bytes(f, 10**8)) for f in find([request.param])]
    return [(document, passages_of(document, token_counter())) for document in documents]


def test_no_passage_is_longer_than_the_model_can_see(cut: Cut) -> None:
    count = token_counter()
    for document, passages in cut:
        for passage in passages:
            assert count(embedded_text(passage)) + 2 <= WINDOW, (document.source, passage.start)


def test_a_passage_is_its_documents_text_and_holds_its_statements(cut: Cut) -> None:
    for document, passages in cut:
        end = 0
        for passage in passages:
            assert document.text[passage.start : passage.end] == passage.text
            assert passage.start >= end, "passages overlap"
            end = passage.end
            for statement in passage.statements:
                assert passage.start <= statement.start < statement.end <= passage.end


def test_a_long_table_is_cut_between_rows_and_keeps_its_header() -> None:
    rows = "\n".join(
        f"| limit {n} | the value of this limit is {n * 100} requests |" for n in range(60)
    )
    document = Document("t.md", f"# T\n\n| Name | Value |\n| --- | --- |\n{rows}\n", "")
    passages = passages_of(document, token_counter())
    assert len(passages) > 1
    assert all(p.header == "| Name | Value |" for p in passages[1:])
    assert all(line.count("|") == 3 for p in passages for line in p.text.splitlines())


def test_a_long_fence_of_prose_is_split_at_blank_lines() -> None:
    paragraph = "\n".join(f"- Step {n}: check the queue and the consumer" for n in range(9))
    document = Document("t.md", "# T\n\n```\n" + "\n\n".join([paragraph] * 6) + "\n```\n", "")
    passages = passages_of(document, token_counter())
    assert len(passages) >= 3
    assert all("- Step 0" in p.text for p in passages)


def test_one_endless_word_still_fits_the_window() -> None:
    document = Document("t.md", "# T\n\n" + "x1y2" * 2000, "")
    count = token_counter()
    passages = passages_of(document, count)
    assert all(count(embedded_text(p)) + 2 <= WINDOW for p in passages)
    assert "".join(p.text for p in passages) == "x1y2" * 2000


def test_a_heading_that_is_a_novel_is_cut_for_the_trail() -> None:
    document = Document("t.md", "# " + "word " * 400 + "\n\nA queue keeps messages.\n", "")
    (passage,) = passages_of(document, token_counter())
    assert token_counter()(embedded_text(passage)) + 2 <= WINDOW


def test_the_rubric_is_not_part_of_any_passage(cut: Cut) -> None:
    assert not [p for _, passages in cut for p in passages if "weight: vital" in p.text]


def trails(text: str) -> list[tuple[str, ...]]:
    return [p.trail for p in passages_of(Document("a.md", text, "", front_matter(text)[0]), len)]


def test_a_trail_starts_with_the_documents_title() -> None:
    assert trails("---\ntitle: npm prune\n---\n\n## See also\n\nx y\n") == [
        ("npm prune", "See also")
    ]
    assert trails("Intro text.\n\n# One\n\nx y\n") == [("One",), ("One",)]


def test_a_title_that_the_first_heading_repeats_is_not_said_twice() -> None:
    assert trails("---\ntitle: Queues\n---\n\n# Queues and topics\n\nx y\n") == [
        ("Queues and topics",)
    ]


def test_of_several_top_headings_none_is_the_title() -> None:
    assert trails("# One\n\nx y\n\n# Two\n\nx y\n") == [("One",), ("Two",)]


def test_a_trail_that_is_too_long_keeps_the_title_and_the_nearest_heading() -> None:
    middle = "middle " * 30
    (trail,) = trails(f"# T\n\n## {middle}\n\n### {middle}\n\n#### End\n\nx y\n")
    assert trail == ("T", "End")
