from chat.answering import Answerer
from chat.reranking import SecondLook, held, rarity_of
from chat.retrieval import GuideRetriever, Weights


def test_the_second_look_prefers_a_statement_that_holds_the_whole_question(
    answerer: Answerer,
) -> None:
    service = answerer.service()
    look = SecondLook(service.index)
    query = service.retriever.retrieve("a FIFO queue's name ends with .fifo").query
    scores = [look.coverage(query, i) for i in range(len(service.index.passages))]
    best = service.index.passages[max(range(len(scores)), key=scores.__getitem__)]
    assert ".fifo" in best.text
    assert all(0 <= score <= 1 for score in scores)


def test_headings_count_half() -> None:
    rarity = {"queue": 0.5, "name": 0.5}
    assert held({"queue", "name"}, set(), rarity) == 1.0
    assert held({"name"}, {"queue"}, rarity) == 0.75
    assert held(set(), set(), rarity) == 0.0


def test_rarities_sum_to_one_and_the_rarer_term_weighs_more(answerer: Answerer) -> None:
    rarity = rarity_of(answerer.service().index, ["queue", "fifo"])
    assert abs(sum(rarity.values()) - 1) < 1e-9
    assert rarity["fifo"] > rarity["queue"]


def test_without_its_weights_the_ranking_is_the_fused_one(answerer: Answerer) -> None:
    service = answerer.service()
    plain = GuideRetriever(
        index=service.index,
        embedder=service.retriever.embedder,
        weights=Weights(coverage=0, phrases=0),
    )
    assert all(r.score <= 1.0001 for r in plain.retrieve("visibility timeout").ranked)
