import http.client
import json
import re
import time
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from typer.testing import CliRunner
from websockets.exceptions import ConnectionClosed

from chat.__main__ import app as command_line
from chat.answer import Answer
from chat.answering import Answerer
from chat.settings import Settings
from chat.slack.app import SlackBot, run
from chat.slack.failures import TokenError
from tests.chat.slack.conftest import MakeBot
from tests.chat.slack.payloads import (
    click,
    command,
    http_event,
    http_form,
    http_post,
    in_thread,
    mention,
    signed,
    wait_for,
)
from tests.fakes.slack_server import APP_TOKEN, BOT_TOKEN, Refusal, SlackServer

QUESTION = "What is the default visibility timeout?"
JSON = {"Content-Type": "application/json"}


@pytest.fixture
def port(make_bot: MakeBot) -> int:
    return make_bot("http").port


def settled(slack: SlackServer, count: int) -> None:
    """`count` messages, and no more a moment later."""
    wait_for(lambda: len(slack.messages) >= count, f"{count} messages")
    assert len(slack.messages) == count


def redelivered(slack: SlackServer, body: dict[str, Any], count: int) -> None:
    """Deliver an event until it is acknowledged, as Slack does while a client reconnects."""
    for retry in range(20):
        try:
            envelope = slack.push("events_api", body, retry)
            wait_for(lambda name=envelope: name in slack.acks, "an acknowledgement", 10)
        except (AssertionError, IndexError, OSError, ConnectionClosed):
            continue
        return settled(slack, count)
    raise AssertionError("the event was never acknowledged")


def test_signed_events_commands_and_clicks_come_over_http(slack: SlackServer, port: int) -> None:
    asked = mention(QUESTION)
    assert http_event(port, asked) == 200
    settled(slack, 1)
    assert http_event(port, in_thread("and at most?", asked["event"]["ts"])) == 200
    settled(slack, 2)
    assert "12 hours" in slack.messages[1].words
    status, body = http_form(port, command("/guide", "help", slack.response_url()))
    assert status == 200 and "/practice" in json.loads(body)["text"]
    status, _ = http_form(port, click("passage", slack.messages[0].value("passage")))
    assert status == 200
    wait_for(lambda: "views.update" in slack.methods, "the passage")


def test_slack_can_verify_the_address(port: int) -> None:
    body = json.dumps({"type": "url_verification", "challenge": "c1"})
    status, answer = http_post(port, body, {**JSON, **signed(body, time.time())})
    assert status == 200 and json.loads(answer) == {"challenge": "c1"}


def announced(port: int, length: str) -> int:
    """The status of a request whose body is announced and not sent."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    connection.putrequest("POST", "/slack/events")
    connection.putheader("Content-Length", length)
    connection.endheaders()
    return connection.getresponse().status


def test_requests_that_slack_did_not_sign_just_now_are_refused(
    slack: SlackServer, port: int
) -> None:
    body = json.dumps(mention(QUESTION))
    now = time.time()
    good = signed(body, now)
    for headers in (
        {},
        signed(body, now, "another secret"),
        signed(body + " ", now),
        signed(body, now - 301),
        signed(body, now + 400),
        {**good, "X-Slack-Request-Timestamp": "soon"},
        {**good, "X-Slack-Request-Timestamp": str(int(now) - 1)},
        {"X-Slack-Request-Timestamp": good["X-Slack-Request-Timestamp"]},
    ):
        assert http_post(port, body, {**JSON, **headers})[0] == 401, headers
    assert http_post(port, body, {**JSON, **good}, "/other")[0] == 404
    assert announced(port, "1000001") == 413 and announced(port, "many") == 411
    assert http_post(port, body, {**JSON, **good})[0] == 200
    settled(slack, 1)


def test_a_replayed_or_retried_request_is_not_answered_again(slack: SlackServer, port: int) -> None:
    asked = mention(QUESTION)
    for retry in range(4):
        assert http_event(port, asked, retry) == 200
    http_event(port, mention("How long does SQS keep messages?"))
    settled(slack, 2)


def test_a_dropped_socket_is_opened_again(slack: SlackServer, bot: SlackBot) -> None:
    slack.push("events_api", mention(QUESTION))
    wait_for(lambda: slack.messages, "the first answer")
    slack.refusals["apps.connections.open"].append(Refusal("internal_error"))
    slack.hang_up()
    wait_for(lambda: slack.connected == 2 and slack.sockets == 1, "the second socket")
    redelivered(slack, mention("How long does SQS keep messages?"), 2)


def test_a_network_that_went_away_without_a_word_is_noticed(
    slack: SlackServer, bot: SlackBot
) -> None:
    slack.fall_silent()
    wait_for(lambda: slack.connected >= 2, "the second socket")
    redelivered(slack, mention(QUESTION), 1)


def test_slacks_request_to_reconnect_is_followed(slack: SlackServer, bot: SlackBot) -> None:
    slack.say_goodbye()
    wait_for(lambda: slack.connected >= 2 and slack.sockets >= 1, "the second socket")
    redelivered(slack, mention(QUESTION), 1)


class Quick(Answerer):
    """Answers forty questions for itself and gives the answer again to the others.

    What two hundred try is the way to the answer and back, not the answerer.
    """

    kept: Sequence[str | Answer] = ()
    given = 0

    def stream(self, *args: Any, **named: Any) -> Iterator[str | Answer]:
        self.given += 1
        if self.given <= 40 or not self.kept:
            self.kept = list(super().stream(*args, **named))
        for piece in self.kept:
            yield replace(piece, id=uuid4().hex) if isinstance(piece, Answer) else piece


def test_two_hundred_questions_at_once_are_all_answered_once(
    slack: SlackServer, make_bot: MakeBot, answerer: Answerer
) -> None:
    make_bot(own=Quick(answerer.settings))
    asked = [mention(QUESTION, user=f"U{n}") for n in range(200)]
    envelopes = [slack.push("events_api", body) for body in asked]
    for body in asked[::10]:
        slack.push("events_api", body, retry=1)
    wait_for(lambda: len(slack.messages) >= 200, "200 answers", 500)
    wait_for(lambda: set(envelopes) <= set(slack.acks), "200 acknowledgements")
    threads = [message.thread for message in slack.messages]
    assert sorted(threads) == sorted(body["event"]["ts"] for body in asked)
    assert all("30 seconds" in message.words for message in slack.messages)


def environment(monkeypatch: pytest.MonkeyPatch, settings: Settings, slack: SlackServer) -> None:
    monkeypatch.setenv("GUIDE_SLACK_API_URL", slack.api_url)
    monkeypatch.setenv("GUIDE_INDEX", str(settings.index))
    monkeypatch.setenv("GUIDE_DATA", str(settings.data))


@pytest.mark.parametrize(
    ("transport", "tokens", "expected"),
    [
        ("socket", {}, "Set GUIDE_SLACK_BOT_TOKEN and GUIDE_SLACK_APP_TOKEN"),
        ("socket", {"BOT_TOKEN": BOT_TOKEN}, "Set GUIDE_SLACK_APP_TOKEN for the socket"),
        ("http", {"BOT_TOKEN": BOT_TOKEN}, "Set GUIDE_SLACK_SIGNING_SECRET for the http"),
        ("socket", {"BOT_TOKEN": APP_TOKEN, "APP_TOKEN": BOT_TOKEN}, "it must start with xoxb-"),
        (
            "http",
            {"BOT_TOKEN": "xoxb-no", "SIGNING_SECRET": "s3cret-of-ours"},
            "GUIDE_SLACK_BOT_TOKEN (inv",
        ),
        ("socket", {"BOT_TOKEN": BOT_TOKEN, "APP_TOKEN": "xapp-no"}, "GUIDE_SLACK_APP_TOKEN (inv"),
    ],
)
def test_a_missing_or_wrong_token_is_one_line(
    transport: str,
    tokens: dict[str, str],
    expected: str,
    settings: Settings,
    slack: SlackServer,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> None:
    monkeypatch.chdir(tmp_path)
    environment(monkeypatch, settings, slack)
    for name, value in tokens.items():
        monkeypatch.setenv(f"GUIDE_SLACK_{name}", value)
    result = CliRunner().invoke(command_line, ["slack", "--transport", transport, "--port", "0"])
    lines = result.stderr.splitlines()
    assert result.exit_code == 1 and len(lines) == 1 and expected in lines[0]
    assert not any(value in result.stderr for value in tokens.values())


@pytest.mark.parametrize("url", ["http://127.0.0.1:9/api/", "slack", "http://[x/"])
def test_a_slack_out_of_reach_is_one_line(
    url: str, slack_settings: Settings, capfd: pytest.CaptureFixture[str]
) -> None:
    away = slack_settings.model_copy(update={"slack_api_url": url})
    with pytest.raises(TokenError, match=re.escape(f"can't be reached at {url}")):
        SlackBot(away, "socket")
    assert capfd.readouterr().err == ""


def test_a_taken_port_is_one_line(make_bot: MakeBot, slack_settings: Settings) -> None:
    taken = make_bot("http").port
    with pytest.raises(Exception, match=f"Can't listen on 127.0.0.1:{taken}"):
        SlackBot(slack_settings, "http", taken).start()


def test_a_token_that_expires_at_work_ends_the_bot_with_one_line(
    slack: SlackServer, slack_settings: Settings
) -> None:
    import threading

    ended: list[str] = []

    def serve() -> None:
        try:
            run(slack_settings, "socket", 0)
        except TokenError as error:
            ended.append(str(error))

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    wait_for(lambda: slack.sockets, "the socket")
    slack.token_error = "token_expired"
    slack.push("events_api", mention(QUESTION))
    wait_for(lambda: ended, "the end")
    assert "GUIDE_SLACK_BOT_TOKEN (token_expired)" in ended[0] and "\n" not in ended[0]
    thread.join(60)
