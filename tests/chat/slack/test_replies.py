import logging
import shutil
import threading
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from chat.answer import Answer
from chat.answering import Answerer
from chat.settings import Settings
from tests.chat.slack.conftest import MakeBot
from tests.chat.slack.payloads import command, direct, mention, wait_for
from tests.fakes.openai_server import KEY, MODEL, OpenAIServer
from tests.fakes.slack_server import PERSON, TEAM, Refusal, SlackServer
from tests.fakes.wire import Fault

QUESTION = "What is the default visibility timeout?"
FACTS = (
    "The visibility timeout of an SQS queue is 30 seconds by default and at most 12 hours.\n"
    "A message that is not deleted within the visibility timeout becomes visible again.\n"
    "SQS keeps a message for 4 days by default.\n"
    "A dead-letter queue receives the messages that a consumer failed to process.\n"
)


@pytest.fixture
def model() -> Iterator[OpenAIServer]:
    with OpenAIServer(key=KEY, reply=lambda call: FACTS) as server:
        yield server


def talking(model: OpenAIServer) -> dict[str, Any]:
    """Settings with which the fake model answers."""
    from pydantic import SecretStr

    return {
        "model": f"openai:{MODEL}",
        "openai_base_url": model.base_url,
        "openai_api_key": SecretStr(KEY),
    }


@pytest.fixture
def slow_bot(make_bot: MakeBot, model: OpenAIServer, slack_settings: Settings) -> Any:
    changed = talking(model)
    own = Answerer(slack_settings.model_copy(update=changed))
    own.ask(QUESTION, model="extractive")  # loaded, so that the model alone takes time
    return make_bot(own=own, **changed)


def final(slack: SlackServer) -> Any:
    """The one message, once it has its blocks."""
    return wait_for(lambda: next((m for m in slack.messages if m.blocks), None), "the answer")


def test_a_slow_answer_is_streamed_into_one_message(
    slack: SlackServer, model: OpenAIServer, slow_bot: Any
) -> None:
    model.faults.append(Fault(chunk_delay=0.06))
    slack.push("events_api", mention(QUESTION))
    message = final(slack)
    assert len(slack.messages) == 1 and not message.streaming
    used = [name for name in slack.methods if name.startswith("chat.")]
    assert used[0] == "chat.startStream" and used[-2:] == ["chat.stopStream", "chat.update"]
    assert "30 seconds" in message.words and f"openai:{MODEL}" in message.words
    started = slack.calls_of("chat.startStream")[0]
    assert started["recipient_user_id"] == PERSON and started["recipient_team_id"] == TEAM


def test_without_streaming_one_message_is_edited(
    slack: SlackServer, model: OpenAIServer, slow_bot: Any
) -> None:
    slack.streams = slack.statuses = False
    model.faults.append(Fault(chunk_delay=0.06))
    slack.push("events_api", mention(QUESTION))
    message = final(slack)
    assert len(slack.messages) == 1 and "30 seconds" in message.words
    assert slack.calls_of("chat.postMessage")[0]["text"] == "Reading the guide …"
    assert "chat.appendStream" not in slack.methods


def test_a_rate_limited_preview_costs_nothing(
    slack: SlackServer, model: OpenAIServer, slow_bot: Any
) -> None:
    for method in ("chat.startStream", "chat.appendStream", "assistant.threads.setStatus"):
        slack.refusals[method].extend([Refusal("ratelimited", 429, 1)] * 3)
    model.faults.append(Fault(chunk_delay=0.06))
    slack.push("events_api", mention(QUESTION))
    assert "30 seconds" in final(slack).words and len(slack.messages) == 1


def test_a_stream_that_slack_has_ended_still_becomes_the_answer(
    slack: SlackServer, model: OpenAIServer, slow_bot: Any
) -> None:
    gone = Refusal("message_not_in_streaming_state")
    slack.refusals["chat.appendStream"].extend([gone] * 50)
    slack.refusals["chat.update"].append(Refusal("message_not_found"))
    model.faults.append(Fault(chunk_delay=0.06))
    slack.push("events_api", mention(QUESTION))
    assert "30 seconds" in final(slack).words


def test_a_slow_question_does_not_keep_others_waiting(
    slack: SlackServer, model: OpenAIServer, slow_bot: Any
) -> None:
    gate = threading.Event()
    model.reply = lambda call: FACTS if gate.wait(120) else ""
    slow_bot.kit.history.prefer(f"slack:{TEAM}:U2", "model", "extractive")
    slow = mention(QUESTION, user="U1")
    slack.push("events_api", slow)
    wait_for(lambda: model.calls, "the slow question")
    slack.push("events_api", mention("How long does SQS keep messages?", user="U2"))
    assert "4 days" in final(slack).words
    gate.set()
    wait_for(lambda: [m for m in slack.messages if m.thread == slow["event"]["ts"]], "the slow one")


def test_slacks_rate_limit_is_waited_for(slack: SlackServer, make_bot: MakeBot) -> None:
    make_bot()
    slack.refusals["chat.postMessage"].append(Refusal("ratelimited", 429, 2))
    slack.push("events_api", mention(QUESTION))
    assert "30 seconds" in final(slack).words
    at = [t for t, name in zip(slack.times, slack.methods, strict=False) if "postMessage" in name]
    assert len(at) == 2 and at[1] - at[0] >= 2


class Talker(Answerer):
    """Has a long answer to everything."""

    def stream(self, *args: Any, **named: Any) -> Iterator[str | Answer]:
        for piece in super().stream(*args, **named):
            if isinstance(piece, Answer):
                yield replace(piece, text=LONG)


LONG = "".join(f"Statement number {n} of a very long answer stands here [1]. " for n in range(215))


def test_a_long_answer_is_split_over_messages_and_is_complete(
    slack: SlackServer, make_bot: MakeBot, slack_settings: Settings
) -> None:
    make_bot(own=Talker(slack_settings))
    slack.push("events_api", mention(QUESTION))
    wait_for(lambda: any(m.values("rate_good") for m in slack.messages), "the last message")
    assert len(LONG) > 12_000 and len(slack.messages) >= 2
    assert len({message.thread for message in slack.messages}) == 1
    words = "\n".join(message.words for message in slack.messages)
    assert "".join(LONG.split()) in "".join(words.split())


def test_blocks_that_slack_refuses_are_posted_as_text(
    slack: SlackServer, make_bot: MakeBot
) -> None:
    make_bot()
    slack.refusals["chat.postMessage"].append(Refusal("invalid_blocks"))
    slack.push("events_api", mention(QUESTION))
    wait_for(lambda: slack.messages, "the answer as text")
    assert "30 seconds" in slack.messages[0].text and not slack.messages[0].blocks


def test_an_expired_response_url_becomes_a_direct_message(
    slack: SlackServer, make_bot: MakeBot
) -> None:
    make_bot()
    slack.refusals["response_url"].append(Refusal("expired_url", 404))
    slack.push("slash_commands", command("/guide", QUESTION, slack.response_url()))
    assert "30 seconds" in final(slack).words
    assert slack.messages[0].channel == PERSON


def test_a_failure_is_one_sentence_with_a_reference_and_no_text_in_the_log(
    slack: SlackServer,
    make_bot: MakeBot,
    slack_settings: Settings,
    index_folder: Path,
    tmp_path: Path,
    caplog: pytest.LogCaptureFixture,
) -> None:
    shutil.copytree(index_folder, tmp_path / "gone")
    changed = {"index": tmp_path / "gone"}
    bot = make_bot(own=Answerer(slack_settings.model_copy(update=changed)), **changed)
    wait_for(lambda: bot.kit.practice.topics(), "warm")
    shutil.rmtree(tmp_path / "gone")
    with caplog.at_level(logging.DEBUG, logger="chat.slack"):
        slack.push("events_api", mention("A confidential question about SQS?"))
        words = final(slack).words
    assert "Sorry" in words and "Traceback" not in words and "make ingest" not in words
    reference = words.rpartition("reference ")[2].strip(". \n")
    logged = [record.getMessage() for record in caplog.records if record.levelname == "ERROR"]
    assert any(reference in line and "BadIndexError" in line for line in logged)
    assert not any("confidential" in line for line in logged)


def test_an_empty_question_is_told_kindly(slack: SlackServer, make_bot: MakeBot) -> None:
    make_bot()
    slack.push("events_api", mention(""))
    wait_for(lambda: slack.messages, "a hint")
    assert "Ask me anything" in slack.messages[0].words
    slack.push("events_api", direct("?!"))
    wait_for(lambda: len(slack.messages) > 1, "a hint")
    assert "Type a question first." in slack.messages[1].words


def test_too_many_questions_are_told_once_and_only_to_their_writer(
    slack: SlackServer, make_bot: MakeBot
) -> None:
    make_bot(slack_person_limit=1)
    slack.push("events_api", mention(QUESTION))
    final(slack)
    for _ in range(3):
        slack.push("events_api", mention(QUESTION))
    wait_for(lambda: len(slack.messages) >= 2, "the refusal")
    slack.push("events_api", mention("How long does SQS keep messages?", user="U2"))
    wait_for(lambda: len(slack.messages) >= 3, "another person's answer")
    assert [message.user for message in slack.messages] == ["", PERSON, ""]
    assert "You can ask 1 question a minute." in slack.messages[1].text
