import pytest

from chat.citations import cite
from ingest.documents import Document
from ingest.passages import Passage

TEXT = "# T\n\nA queue keeps messages. It is durable."
DOCUMENT = Document("t.md", TEXT, "")
PASSAGE = Passage("p", "t.md", ("T",), "prose", TEXT[5:], 5, len(TEXT))


def test_a_quote_is_the_documents_text_at_its_span() -> None:
    citation = cite(1, DOCUMENT, PASSAGE, 5, 28)
    assert citation.quote == "A queue keeps messages."
    assert citation.to_json()["trail"] == ["T"]


@pytest.mark.parametrize(("start", "end"), [(0, 4), (5, 5), (40, len(TEXT) + 5), (28, 29)])
def test_a_span_outside_its_passage_or_without_words_is_a_defect(start: int, end: int) -> None:
    with pytest.raises(AssertionError):
        cite(1, DOCUMENT, PASSAGE, start, end)


def test_a_passage_of_another_text_is_a_defect() -> None:
    with pytest.raises(AssertionError):
        cite(1, Document("t.md", TEXT.upper(), ""), PASSAGE, 5, 28)
