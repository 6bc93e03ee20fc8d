import pytest

from chat.model_text import stop_of, tokens_of, without_thoughts


@pytest.mark.parametrize(
    ("pieces", "text"),
    [
        (["Four days."], "Four days."),
        (["<think>hm</think>Four days."], "Four days."),
        (["<th", "ink>", "h", "m</thi", "nk>", "\n\n", "Four ", "days."], "Four days."),
        (["\n<think>\na < b\n</think>\n", "Four days."], "Four days."),
        (["Use <think> tags </think> here."], "Use <think> tags </think> here."),
        (["<thinking> is another word"], "<thinking> is another word"),
        (["<", "th", "at>"], "<that>"),
        (["<think>cut off in mid-thou"], ""),
        (["<thi"], "<thi"),
        ([" ", " "], ""),
        ([], ""),
    ],
)
def test_only_a_thought_at_the_start_is_left_out(pieces: list[str], text: str) -> None:
    assert "".join(without_thoughts(pieces)) == text


def test_pieces_are_passed_on_as_they_come() -> None:
    assert list(without_thoughts(["Fo", "ur", " days"])) == ["Fo", "ur", " days"]


@pytest.mark.parametrize(
    ("metadata", "stop"),
    [
        ({"stopReason": "end_turn"}, "end"),
        ({"stopReason": "guardrail_intervened"}, "guardrail"),
        ({"finish_reason": "length"}, "length"),
        ({"finish_reason": "content_filter"}, "guardrail"),
        ({"done_reason": "stop"}, "end"),
        ({"finish_reason": "a new reason"}, "end"),
        ({"finish_reason": None}, ""),
        ({}, ""),
    ],
)
def test_the_reasons_of_all_providers_mean_the_same(metadata: dict[str, str], stop: str) -> None:
    assert stop_of(metadata) == stop


def test_cache_writes_are_counted_however_they_are_reported() -> None:
    from langchain_core.messages import AIMessage

    usage = {
        "input_tokens": 100,
        "output_tokens": 5,
        "total_tokens": 105,
        "input_token_details": {"cache_read": 40, "cache_creation": 0, "ephemeral_5m_input_tokens": 30},
    }  # fmt: skip
    counted = tokens_of(AIMessage("x", usage_metadata=usage))
    assert (counted["cache_read_tokens"], counted["cache_write_tokens"]) == (40, 30)
    assert tokens_of(AIMessage("x")) == {}
