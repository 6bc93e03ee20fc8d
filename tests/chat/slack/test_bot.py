from chat.history import History
from chat.slack.app import SlackBot
from tests.chat.slack.conftest import MakeBot
from tests.chat.slack.payloads import (
    click,
    command,
    direct,
    event,
    in_thread,
    mention,
    submission,
    wait_for,
)
from tests.fakes.slack_server import BOT, CHANNEL, DIRECT, PERSON, TEAM, Posted, SlackServer

QUESTION = "What is the default visibility timeout?"


def answered(slack: SlackServer, count: int = 1) -> list[Posted]:
    """The messages once `count` of them stand."""
    wait_for(lambda: len(slack.messages) >= count, f"{count} messages")
    return list(slack.messages)


def test_a_mention_is_answered_in_its_thread_with_quotes_and_buttons(
    slack: SlackServer, bot: SlackBot
) -> None:
    asked = mention(QUESTION)
    envelope = slack.push("events_api", asked)
    message = answered(slack)[0]
    assert envelope in slack.acks
    assert message.channel == CHANNEL and message.thread == asked["event"]["ts"]
    assert "30 seconds by default" in message.words
    assert "[1] Queues › Visibility timeout · queues.md" in message.words
    assert message.values("rate_good") and message.values("passage")


def test_a_follow_up_in_the_thread_needs_no_mention(slack: SlackServer, bot: SlackBot) -> None:
    asked = mention("What is the visibility timeout of an SQS queue?")
    slack.push("events_api", asked)
    answered(slack)
    slack.push("events_api", in_thread("and how long can it be at most?", asked["event"]["ts"]))
    message = answered(slack, 2)[1]
    assert "12 hours" in message.words and message.thread == asked["event"]["ts"]


def test_what_is_not_for_the_bot_is_left_alone(slack: SlackServer, bot: SlackBot) -> None:
    asked = mention(QUESTION)
    slack.push("events_api", asked)
    answered(slack)
    thread = asked["event"]["ts"]
    for other in (
        in_thread("What is a dead-letter queue?", "1800.1"),  # a thread the bot is not in
        in_thread("<@U2> what do you think of SQS?", thread),
        in_thread("thanks, perfect", thread),
        in_thread(QUESTION, thread, subtype="message_changed"),
        in_thread(QUESTION, thread, bot_id="B9"),
        in_thread(QUESTION, thread, user=BOT),
        direct(QUESTION, subtype="message_deleted"),
    ):
        slack.push("events_api", other)
    slack.push("events_api", direct("How much memory can a Lambda function have?"))
    messages = answered(slack, 2)
    assert len(messages) == 2 and messages[1].channel == DIRECT


def test_a_message_told_of_by_two_events_is_answered_once(
    slack: SlackServer, bot: SlackBot
) -> None:
    first = mention(QUESTION)
    same = event("message", **{**first["event"], "type": "message", "channel_type": "channel"})
    slack.push("events_api", first)
    slack.push("events_api", same)
    slack.push("events_api", first, retry=1)
    slack.push("events_api", mention("How long does SQS keep messages?"))
    messages = answered(slack, 2)
    assert sorted("30 seconds" in m.words for m in messages) == [False, True]


def test_a_repeated_event_is_not_answered_again_by_another_process_or_after_a_restart(
    slack: SlackServer, make_bot: MakeBot
) -> None:
    first = make_bot()
    asked = mention(QUESTION)
    slack.push("events_api", asked)
    answered(slack)
    make_bot()  # a second bot on the same history gets the newest socket
    slack.push("events_api", asked, retry=2)
    first.stop()
    slack.push("events_api", mention("How long does SQS keep messages?"))
    assert "4 days" in answered(slack, 2)[1].words and len(slack.messages) == 2


def test_a_direct_message_outside_of_threads_remembers_the_day(
    slack: SlackServer, bot: SlackBot
) -> None:
    slack.push("events_api", direct("What is the visibility timeout of an SQS queue?"))
    answered(slack)
    slack.push("events_api", direct("and how long can it be at most?"))
    message = answered(slack, 2)[1]
    assert "12 hours" in message.words and message.thread == ""


def test_the_assistant_pane_gets_prompts_a_status_and_a_title(
    slack: SlackServer, bot: SlackBot
) -> None:
    pane = {"user_id": PERSON, "channel_id": DIRECT, "thread_ts": "17.1", "context": {}}
    slack.push("events_api", event("assistant_thread_started", assistant_thread=pane))
    prompts = "assistant.threads.setSuggestedPrompts"
    wait_for(lambda: slack.calls_of(prompts), "prompts")
    assert len(slack.calls_of(prompts)[0]["prompts"]) == 4
    slack.push("events_api", direct(QUESTION, thread_ts="17.1"))
    wait_for(lambda: "assistant.threads.setTitle" in slack.methods, "a title")
    assert slack.methods.index("assistant.threads.setStatus") < slack.methods.index(
        "chat.postMessage"
    )
    assert slack.messages[0].thread == "17.1"


def test_people_called_into_a_thread_are_read_for_context(
    slack: SlackServer, bot: SlackBot
) -> None:
    slack.threads["17.5"] = [
        {"ts": "17.5", "user": "U2", "text": "We talk of the visibility timeout of an SQS queue"}
    ]
    slack.push("events_api", mention("how long can it be at most?", thread_ts="17.5"))
    assert "12 hours" in answered(slack)[0].words


def test_the_guide_command_answers_its_writer_alone(slack: SlackServer, bot: SlackBot) -> None:
    url = slack.response_url()
    envelope = slack.push("slash_commands", command("/guide", QUESTION, url))
    message = answered(slack)[0]
    assert slack.acks[envelope]["text"] == "Reading the guide …"
    sent = slack.calls_of("response_url")[0]
    assert sent["response_type"] == "ephemeral" and sent["replace_original"] is True
    assert "30 seconds" in message.words


def test_the_guide_command_alone_tells_what_there_is(slack: SlackServer, bot: SlackBot) -> None:
    envelope = slack.push("slash_commands", command("/guide", "", slack.response_url()))
    wait_for(lambda: envelope in slack.acks, "help")
    assert "/practice" in slack.acks[envelope]["text"]


def test_a_model_is_chosen_for_one_person(slack: SlackServer, bot: SlackBot) -> None:
    slack.push("slash_commands", command("/guide", "model", slack.response_url()))
    menu = answered(slack)[0].blocks[1]["elements"][0]
    assert menu["type"] == "static_select"
    choice = menu["options"][0]["value"]
    slack.push("interactive", click("pick_model", choice, slack.response_url()))
    assert "answered by extractive" in answered(slack, 2)[1].words
    assert bot.kit.history.preference(f"slack:{TEAM}:{PERSON}", "model") == "extractive"
    slack.push("slash_commands", command("/guide", "model gguf:/etc/passwd", slack.response_url()))
    assert "not on offer" in answered(slack, 3)[2].words


def test_the_home_page_shows_what_the_bot_does(slack: SlackServer, bot: SlackBot) -> None:
    slack.push("events_api", event("app_home_opened", user=PERSON, channel=DIRECT, tab="home"))
    wait_for(lambda: PERSON in slack.homes, "the home page")


def test_the_passage_opens_in_a_modal_with_the_quote_highlighted(
    slack: SlackServer, bot: SlackBot
) -> None:
    slack.push("events_api", mention("How long does SQS keep messages?"))
    value = answered(slack)[0].value("passage")
    slack.push("interactive", click("passage", value))
    view = wait_for(
        lambda: next((v for v in slack.views.values() if "Retention" in str(v)), None), "a modal"
    )
    bold = [
        element["text"]
        for block in view["blocks"]
        if block["type"] == "rich_text"
        for part in block["elements"]
        for element in part["elements"]
        if element.get("style", {}).get("bold")
    ]
    assert len(bold) == 1 and bold[0].startswith("SQS keeps a message for 4 days")


def test_feedback_is_stored_with_the_answer(
    slack: SlackServer, bot: SlackBot, slack_settings: object
) -> None:
    slack.push("events_api", mention(QUESTION))
    identifier = answered(slack)[0].value("rate_bad")
    slack.push("interactive", click("rate_bad", identifier, slack.response_url()))
    view = wait_for(lambda: next(iter(slack.views.values()), None), "the comment's modal")
    slack.push("interactive", submission(view, "comment", "It is too short"))

    def stored() -> list[tuple[object, ...]]:
        rows = bot.kit.history._read("SELECT answer, owner, rating, comment FROM feedback")
        return [tuple(row) for row in rows if row["comment"]]

    rows = wait_for(stored, "the comment")
    assert rows == [(identifier, f"slack:{TEAM}:{PERSON}", -1, "It is too short")]
    assert isinstance(bot.kit.history, History)
