from chat.word_match import word_match, words_of_question


def _same(word: str) -> float:
    return 1.0


SAID = ["Queues: Retention: A message is kept for four days by default."]


def test_an_exchanged_name_is_the_word_that_is_matched_worst() -> None:
    known = word_match("how long does a queue keep a message", SAID, _same)
    other = word_match("how long does a rabbit keep a message", SAID, _same)
    assert known.weakest > other.weakest
    assert known.mean > other.mean


def test_the_best_of_several_statements_counts() -> None:
    alone = word_match("message retention", SAID, _same)
    assert word_match("message retention", ["Bananas are yellow.", *SAID], _same) == alone


def test_a_word_that_is_rare_in_the_documents_counts_more_there() -> None:
    rarity = {"rabbit": 5.0}
    question = "how long does a rabbit keep a message"
    here = word_match(question, SAID, lambda word: rarity.get(word, 1.0))
    assert here.rare < word_match(question, SAID, _same).rare
    assert here.mean == word_match(question, SAID, _same).mean


def test_a_question_without_a_content_word_matches_nothing() -> None:
    assert word_match("how is it?", SAID, _same).mean == 0.0
    assert word_match("message", [], _same).mean == 0.0


def test_a_name_that_the_model_does_not_know_weighs_more_than_a_plain_word() -> None:
    plain, name = words_of_question("start karpenter")
    assert name.weight > plain.weight


def test_words_beyond_the_models_window_count_as_unmatched() -> None:
    assert word_match("message " * 400, SAID, _same).weakest == 0.0
