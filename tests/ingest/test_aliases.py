from ingest.aliases import learn_aliases


def test_short_and_long_forms_are_learned_from_the_text() -> None:
    texts = [
        "Send it to a dead-letter queue (DLQ). An NLB (Network Load Balancer) has one address.",
        "The time to live (TTL) of a record. See the table (FIG). Use it (AWS calls it so).",
    ]
    assert learn_aliases(texts) == {
        "dlq": ["dead-letter queue"],
        "nlb": ["network load balancer"],
        "ttl": ["time to live"],
    }
