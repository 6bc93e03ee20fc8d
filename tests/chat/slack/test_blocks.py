from typing import Any

import pytest

from chat.slack.blocks import answer_messages, grade_messages, readable
from tests.fakes.slack_blocks import faults_of_message, words_of


def answer(text: str, citations: int = 2, quote: str = "quoted words") -> dict[str, Any]:
    return {
        "id": "a" * 32,
        "answer": text,
        "citations": [
            {
                "n": n + 1,
                "source": "services/queues.md",
                "trail": ["Queues", "Retention"],
                "quote": quote,
                "start": 1,
                "end": 9,
            }
            for n in range(citations)
        ],
        "model": "extractive",
        "seconds": 0.1,
        "notes": [],
    }


@pytest.mark.parametrize(
    ("text", "citations"),
    [
        ("Short. [1]", 1),
        ("A statement of about fifty characters stands here [1]. " * 218, 3),
        ("\n".join(f"- A statement of about fifty characters, {n} [1]." for n in range(240)), 3),
        ("Each is a paragraph.\n\n" * 120, 60),
        ("x" * 12_000, 0),
        ("& < > " * 2_000, 1),
        ("🧨" * 9_000, 1),
    ],
)
def test_an_answer_of_any_length_fits_slack_and_nothing_vanishes(text: str, citations: int) -> None:
    messages = answer_messages(answer(text, citations))
    for message in messages:
        assert faults_of_message({"text": message.text, "blocks": message.blocks}) == ""
        assert len(message.text) <= 4000
    words = "".join(word for m in messages for word in words_of(m.blocks))
    source = text.replace("\n- ", "").removeprefix("- ")
    assert "".join(source.split()) in "".join(words.split())
    assert words.count("Show the passage") == citations
    assert messages[-1].blocks[-1]["type"] == "actions"


def test_the_fallback_text_can_not_mention_or_link() -> None:
    (message,) = answer_messages(answer("\\<!channel\\> and \\<http://e.x\\|x\\> & more", 0))
    assert message.text == "&lt;!channel&gt; and &lt;http://e.x|x&gt; &amp; more"


def test_a_hostile_quote_stands_in_plain_text() -> None:
    (message,) = answer_messages(answer("Fine [1].", 1, "<!here> x <@U1>"))
    source = next(block for block in message.blocks if block["type"] == "section")
    assert source["text"]["type"] == "plain_text" and "<!here> x <@U1>" in source["text"]["text"]


@pytest.mark.parametrize(
    ("quote", "shown"),
    [
        ("| Load balancers | 50 | `n/a` |", "Load balancers · 50 · n/a"),
        ("- Use **one** queue\n  for each.", "Use one queue for each."),
        ("2. Then this.", "Then this."),
        ("# is a comment", "# is a comment"),
    ],
)
def test_a_quote_below_an_answer_is_readable(quote: str, shown: str) -> None:
    assert readable(quote) == shown


def test_a_grade_shows_score_points_words_and_what_is_next() -> None:
    grade = {
        "question": "How?",
        "score": 6.5,
        "points": [
            {"point": "Use a DLQ", "verdict": "covered", "evidence": "a dead-letter queue"},
            {"point": "Alarm", "verdict": "missing", "evidence": ""},
        ],
        "mistakes": ["Raise the timeout - it only delays"],
        "feedback": "1 of 2 key points.\nMissing: Alarm",
        "citations": [],
        "follow_up": "And what of <@U1>?",
        "notes": ["A note"],
    }
    (message,) = grade_messages(grade, "q1", "attempt1", previous=5.0)
    words = "\n".join(words_of(message.blocks))
    for expected in (
        "6.5 out of 10, 5 before the follow-up",
        "✅ Use a DLQ",
        "You said: “a dead-letter queue”",
        "⬜ Alarm",
        "Raise the timeout",
        "And what of <@U1>?",
        "Answer the follow-up",
        "Note: A note",
    ):
        assert expected in words
    assert "<@U1>" not in message.text
    assert faults_of_message({"text": message.text, "blocks": message.blocks}) == ""
