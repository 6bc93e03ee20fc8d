from eval.metrics import bootstrap_difference, ndcg_at, recall_at, reciprocal_rank, summary


def test_metrics_of_a_known_ranking() -> None:
    row = [False, True, False, True]
    assert recall_at(row, 1) == 0.0 and recall_at(row, 3) == 1.0
    assert reciprocal_rank(row) == 0.5
    assert 0.6 < ndcg_at(row) < 0.7
    assert summary([row, [True]])["mrr"] == 0.75


def test_the_bootstrap_is_paired_and_repeatable() -> None:
    ours, theirs = [1.0] * 60 + [0.0] * 40, [1.0] * 40 + [0.0] * 60
    first = bootstrap_difference(ours, theirs)
    assert first == bootstrap_difference(ours, theirs)
    assert abs(first[0] - 0.2) < 1e-9 and first[1] > 0.1
