import pytest

from chat.answering import Answerer
from chat.comparison import side_table


@pytest.mark.parametrize(
    ("question", "names"),
    [
        ("ALB vs NLB", ("Aspect", "ALB", "NLB")),
        ("difference between a FIFO queue and a standard queue",
         ("Aspect", "FIFO queue", "Standard queue")),
        ("Lambda vs ALB vs NLB", ("Aspect", "ALB", "NLB")),
        ("how is a FIFO queue different?", ("Aspect", "FIFO queue", "Standard queue")),
    ],
)  # fmt: skip
def test_the_sides_stand_in_the_order_of_the_question(
    answerer: Answerer, question: str, names: tuple[str, ...]
) -> None:
    service = answerer.service()
    table = side_table(service.index, service.retriever.retrieve(question))
    assert table is not None
    assert table.names == names
    assert len(table.markdown(service.index).split("\n")) == 2 + len(table.rows)


def test_the_row_that_is_asked_for_is_among_the_rows(answerer: Answerer) -> None:
    service = answerer.service()
    table = side_table(service.index, service.retriever.retrieve("ALB vs NLB static address"))
    assert table is not None
    assert any("Static address" in row.statement.reading for row in table.rows)


@pytest.mark.parametrize("question", ["How long is a message kept?", "Lambda vs Kubernetes"])
def test_no_table_where_nothing_or_something_else_is_compared(
    answerer: Answerer, question: str
) -> None:
    service = answerer.service()
    assert side_table(service.index, service.retriever.retrieve(question)) is None


def test_each_row_of_the_table_is_cited(answerer: Answerer) -> None:
    answer = answerer.ask("ALB vs NLB?")
    rows = [line for line in answer.text.split("\n") if line.startswith("|")][2:]
    assert len(rows) >= 2
    for row, citation in zip(rows, answer.citations, strict=False):
        assert f"[{citation.n}] |" in row
        assert citation.quote.split("|")[1].strip() in row
