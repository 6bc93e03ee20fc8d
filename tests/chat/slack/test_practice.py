from typing import Any

from chat.slack.app import SlackBot
from tests.chat.slack.conftest import MakeBot
from tests.chat.slack.payloads import click, command, direct, submission, wait_for
from tests.fakes.slack_server import PERSON, TEAM, SlackServer

OWNER = f"slack:{TEAM}:{PERSON}"
GOOD = (
    "I configure a dead-letter queue with a redrive policy and a maxReceiveCount, so the message "
    "moves away after a few receives. I alarm on the depth of the dead-letter queue, and I make "
    "the consumer idempotent because a standard queue delivers at least once."
)


def opened(slack: SlackServer, words: str) -> dict[str, Any]:
    """The modal that holds `words`."""
    return wait_for(
        lambda: next((view for view in list(slack.views.values()) if words in str(view)), None),
        f"a modal with {words}",
    )


def question(slack: SlackServer, text: str = "") -> Any:
    """The message of `/practice`."""
    count = len(slack.messages)
    slack.push("slash_commands", command("/practice", text, slack.response_url()))
    return wait_for(lambda: slack.messages[count:], "a question")[0]


def test_practice_goes_from_question_to_grade_to_the_next_question(
    slack: SlackServer, bot: SlackBot
) -> None:
    asked = question(slack, "sqs")
    assert "A consumer keeps failing" in asked.words and "New:" in asked.words
    slack.push("interactive", click("practice_answer", asked.value("practice_answer")))
    view = opened(slack, "Grade it")
    slack.push("interactive", submission(view, "answer", GOOD))
    slack.push("interactive", submission(view, "answer", GOOD))
    grade = wait_for(lambda: slack.messages[1:], "the grade")[0]
    assert grade.channel == PERSON and "out of 10" in grade.words
    assert "You said: “I configure a dead-letter queue" in grade.words
    (attempt,) = bot.kit.history.attempts(OWNER)
    assert attempt["answer"] == GOOD and attempt["score"] > 5
    again = question(slack)
    assert "New:" not in again.words and "you scored" in again.words.lower().replace(
        "your lowest score", "you scored"
    )
    assert len(bot.kit.history.attempts(OWNER)) == 1 and len(slack.messages) == 3


def test_the_model_answer_opens_in_a_modal(slack: SlackServer, bot: SlackBot) -> None:
    value = question(slack).value("practice_answer")
    slack.push("interactive", click("practice_model_answer", value))
    assert "redrive policy" in str(opened(slack, "Key points"))


def test_practice_is_also_a_word_in_a_direct_message(slack: SlackServer, bot: SlackBot) -> None:
    slack.push("events_api", direct("practice sqs senior"))
    wait_for(lambda: slack.messages, "a question")
    assert slack.messages[0].value("practice_answer")


def test_a_topic_without_questions_is_told_in_a_sentence(slack: SlackServer, bot: SlackBot) -> None:
    assert "No question is about 'zebras'" in question(slack, "zebras").words


def test_an_answer_over_the_limit_is_kept_for_later(slack: SlackServer, make_bot: MakeBot) -> None:
    bot = make_bot(slack_person_limit=1)
    value = question(slack).value("practice_answer")
    slack.push("events_api", direct("What is the visibility timeout?"))
    wait_for(lambda: len(slack.messages) == 2, "an answer")
    slack.push("interactive", click("practice_answer", value))
    slack.push("interactive", submission(opened(slack, "Grade it"), "answer", GOOD))
    told = wait_for(lambda: slack.messages[2:], "the refusal")[0]
    assert "Your answer is kept." in told.words
    assert [row[0] for row in bot.kit.history.drafts(OWNER).values()] == [GOOD]
    slack.push("interactive", click("practice_answer", value))
    assert GOOD in str(opened(slack, "initial_value"))


def test_a_follow_up_is_graded_with_the_first_answer_also_after_a_restart(
    slack: SlackServer, make_bot: MakeBot
) -> None:
    bot = make_bot()
    value = question(slack).value("practice_answer")
    slack.push("interactive", click("practice_answer", value))
    first = "I would set an alarm on the depth of the dead-letter queue, to see it early."
    slack.push("interactive", submission(opened(slack, "Grade it"), "answer", first))
    grade = wait_for(lambda: slack.messages[1:], "the grade")[0]
    follow_up = grade.value("practice_follow_up")
    bot.stop()
    bot = make_bot()
    slack.push("interactive", click("practice_follow_up", follow_up))
    view = opened(slack, follow_up.partition(":")[2])
    second = (
        "I configure the dead-letter queue with a redrive policy and a maxReceiveCount. I make the "
        "consumer idempotent, because a standard queue delivers at least once."
    )
    slack.push("interactive", submission(view, "answer", second))
    better = wait_for(lambda: slack.messages[2:], "the second grade")[0]
    assert "before the follow-up" in better.words
    (attempt,) = bot.kit.history.attempts(OWNER)
    assert attempt["score"] > attempt["first_score"]
    assert [turn["answer"] for turn in attempt["follow_ups"]] == [second]
