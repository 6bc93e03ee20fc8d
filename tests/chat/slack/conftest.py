"""A workspace on loopback, and bots in it."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr

from chat.answering import Answerer
from chat.settings import Settings
from chat.slack.app import SlackBot
from tests.chat.slack.payloads import wait_for
from tests.fakes.slack_server import APP_TOKEN, BOT_TOKEN, SECRET, SlackServer

MakeBot = Callable[..., SlackBot]


@pytest.fixture(autouse=True)
def no_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("http_proxy", "https_proxy", "all_proxy"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)
    for name in ("SLACK_BOT_TOKEN", "SLACK_CLIENT_ID", "SLACK_SIGNING_SECRET"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def slack() -> Iterator[SlackServer]:
    with SlackServer() as server:
        yield server


@pytest.fixture
def slack_settings(settings: Settings, slack: SlackServer) -> Settings:
    return settings.model_copy(
        update={
            "slack_bot_token": SecretStr(BOT_TOKEN),
            "slack_app_token": SecretStr(APP_TOKEN),
            "slack_signing_secret": SecretStr(SECRET),
            "slack_api_url": slack.api_url,
            "slack_person_limit": 100,
            "slack_workspace_limit": 1000,
        }
    )


@pytest.fixture
def make_bot(slack_settings: Settings, slack: SlackServer, answerer: Answerer) -> Iterator[MakeBot]:
    """Start a bot; `transport`, changed settings and another answerer as arguments."""
    bots: list[SlackBot] = []

    def make(transport: str = "socket", own: Answerer | None = None, **changed: Any) -> SlackBot:
        settings = slack_settings.model_copy(update=changed)
        bot = SlackBot(settings, transport, 0, own or answerer, ping_seconds=1.0)
        before = slack.connected
        bot.start()
        bots.append(bot)
        if transport == "socket":
            wait_for(lambda: slack.connected > before, "the socket opens")
        return bot

    yield make
    for bot in bots:
        bot.stop()


@pytest.fixture
def bot(make_bot: MakeBot) -> SlackBot:
    return make_bot()


@pytest.fixture
def data(tmp_path: Path) -> Path:
    return tmp_path / "data"
