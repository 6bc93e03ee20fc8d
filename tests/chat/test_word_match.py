from chat.word_match import word_match, words_of_question

SAID = ["Queues: Retention: A message is kept for four days by default."]


def test_an_exchanged_name_is_the_word_that_is_matched_worst() -> None:
    known = word_match("how long does a queue keep a message", SAID)
    other = word_match("how long does a rabbit keep a message", SAID)
    assert known.weakest > other.weakest
    assert known.mean > other.mean


def test_the_best_of_several_statements_counts() -> None:
    alone = word_match("message retention", SAID)
    assert word_match("message retention", ["Bananas are yellow.", *SAID]) == alone


def test_a_question_without_a_content_word_matches_nothing() -> None:
    assert word_match("how is it?", SAID).mean == 0.0
    assert word_match("message", []).mean == 0.0


def test_a_name_that_the_model_does_not_know_weighs_more_than_a_plain_word() -> None:
    plain, name = words_of_question("start karpenter")
    assert name.weight > plain.weight


def test_words_beyond_the_models_window_count_as_unmatched() -> None:
    assert word_match("message " * 400, SAID).weakest == 0.0
