import pytest

from chat.answering import Answerer


@pytest.mark.parametrize(
    ("question", "heading"),
    [
        ("maxReceiveCount", "Dead-letter queues"),
        ("429", "Throttling"),
        ("how long does a message stay invisible", "Visibility timeout"),
        ("for how many days are messages kept", "Retention"),
        ("make functions start faster", "Cold starts"),
    ],
)
def test_exact_terms_and_paraphrases_find_their_passage(
    answerer: Answerer, question: str, heading: str
) -> None:
    ranked = answerer.service().retriever.retrieve(question).ranked
    assert any(heading in r.passage.trail for r in ranked[:2])


def test_it_is_a_langchain_retriever(answerer: Answerer) -> None:
    from langchain_core.retrievers import BaseRetriever

    retriever = answerer.service().retriever
    assert isinstance(retriever, BaseRetriever)
    documents = retriever.invoke("visibility timeout")
    assert documents[0].metadata["source"] == "queues.md"
    assert documents[0].page_content


def test_a_passage_is_ranked_once(answerer: Answerer) -> None:
    ranked = answerer.service().retriever.retrieve("queue", 10).ranked
    assert len({r.passage.id for r in ranked}) == len(ranked) == 10
    assert [r.score for r in ranked] == sorted((r.score for r in ranked), reverse=True)
