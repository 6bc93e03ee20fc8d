"""`python -m chat slack`: check the tokens, connect, serve until stopped."""

import logging
import signal
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from chat.answering import Answerer
from chat.history import History
from chat.settings import Settings
from chat.slack.bot import Bot
from chat.slack.client import identity, web_client
from chat.slack.failures import TokenError, details
from chat.slack.kit import Crew, Kit
from chat.slack.limits import Limits
from ingest.errors import GuideError

if TYPE_CHECKING:
    from pydantic import SecretStr
    from slack_bolt import App

    from chat.slack.http_server import SlackServer
    from chat.slack.socket_mode import SocketLink

_LISTENERS = 16
"""Threads that acknowledge, open modals and hand over; none of them waits for an answer."""
_DRAIN = 20.0
"""Seconds that answers under way get when the bot is stopped."""


class MissingSettingError(GuideError):
    """A token or secret that the transport needs is not set."""


def run(settings: Settings, transport: str, port: int) -> int:
    """Serve Slack until SIGINT or SIGTERM; the exit code.

    Raises:
        GuideError: a setting is missing, Slack does not accept a token, there is no index,
            or the port is taken.
    """
    bot = SlackBot(settings, transport, port)
    stopped = threading.Event()
    with _signals(stopped.set):
        bot.start()
        print(bot.greeting, file=sys.stderr, flush=True)
        try:
            while not stopped.wait(0.5) and bot.lost_token is None:
                pass
        finally:
            print("Stopping, after what is under way ..", file=sys.stderr, flush=True)
            bot.stop()
    if bot.lost_token is not None:
        raise TokenError(bot.lost_token)
    return 0


class SlackBot:
    """The bot with its transport, for the command and for tests."""

    def __init__(
        self,
        settings: Settings,
        transport: str,
        port: int = 3000,
        answerer: Answerer | None = None,
        ping_seconds: float = 10.0,
    ) -> None:
        """Check everything that can be checked before Slack is told that we are there.

        Args:
            settings: tokens, limits, index and history.
            transport: socket or http.
            port: of the http transport; 0 takes a free one.
            answerer: an open one; else one is made.
            ping_seconds: how often the socket is looked at, and reopened if it is dead.

        Raises:
            GuideError: as `run` says.
        """
        secrets = _required(settings, transport)
        self.log = _logger()
        self._transport, self._app_token = transport, secrets["GUIDE_SLACK_APP_TOKEN"]
        self._ping = ping_seconds
        client = web_client(secrets["GUIDE_SLACK_BOT_TOKEN"], settings.slack_api_url)
        hasty = web_client(secrets["GUIDE_SLACK_BOT_TOKEN"], settings.slack_api_url, False)
        me = identity(client)
        answerer = answerer or Answerer(settings)
        answerer.service()
        from chat.grading import Grader
        from chat.practice import Practice

        history = History(settings.data)
        history.forget_events()
        self.kit = Kit(
            settings,
            answerer,
            history,
            Practice(settings, history, Grader(settings, answerer)),
            client,
            hasty,
            me["user_id"],
            self.log,
            Crew(settings.slack_workers),
            Limits(settings.slack_person_limit, settings.slack_workspace_limit),
        )
        self.greeting = f"Serving {me['team'] or 'Slack'} over {transport}. Stop with Ctrl-C."
        self.app = self._bolt(secrets["GUIDE_SLACK_SIGNING_SECRET"])
        Bot(self.kit).register(self.app)
        self._server: SlackServer | None = None
        self._link: SocketLink | None = None
        self.port = port
        self._stopping = False

    @property
    def lost_token(self) -> str | None:
        """Why the bot can't go on: Slack has taken the bot token back."""
        return self.kit.lost_token

    def start(self) -> None:
        """Connect or listen; returns when Slack can reach the bot.

        Raises:
            TokenError: Slack does not accept the app token.
            PortError: the port is taken.
        """
        if self._transport == "http":
            self._listen()
        else:
            from chat.slack.socket_mode import SocketLink

            self._link = SocketLink(self.app, self._app_token, self.log, self._ping)
            self._link.connect()
        self.kit.crew.submit(self._warm_up)

    def stop(self) -> None:
        """Take nothing new, finish what is under way."""
        self._stopping = True
        if self._server is not None:
            self._server.shutdown()
            self._server.server_close()
        if self._link is not None:
            self._link.close()
        left = self.kit.crew.drain(_DRAIN)
        if left:
            self.log.error("stopped with %d answers under way", left)

    def _bolt(self, signing_secret: str) -> "App":
        from concurrent.futures import ThreadPoolExecutor

        from slack_bolt import App

        app = App(
            name="guide",  # else Bolt reads the source of all modules to find who calls it
            client=self.kit.client,
            signing_secret=signing_secret,
            logger=self.log,
            request_verification_enabled=self._transport == "http",
            listener_executor=ThreadPoolExecutor(_LISTENERS, thread_name_prefix="slack-listen"),
        )

        @app.error
        def failed(error: Exception) -> None:
            self.log.error("a listener failed: %s", details(error))

        return app

    def _listen(self) -> None:
        from chat.slack.http_server import SlackServer

        self._server = SlackServer(self.app, self.kit.settings.slack_host, self.port)
        self.port = self._server.server_address[1]
        thread = threading.Thread(target=self._server.serve_forever, args=(0.1,), daemon=True)
        thread.start()

    def _warm_up(self) -> None:
        """Load what the first question would wait for."""
        try:
            self.kit.answerer.ask("What is this guide about?")
            if not self._stopping:
                self.kit.practice.topics()
        except Exception as error:
            self.log.error("warming up failed: %s", details(error))


def _required(settings: Settings, transport: str) -> dict[str, str]:
    """The tokens and secrets by name; those that the transport does not need may be empty.

    Raises:
        MissingSettingError: one that it needs is not set, or is another kind of token.
    """
    values: dict[str, SecretStr | None] = {
        "GUIDE_SLACK_BOT_TOKEN": settings.slack_bot_token,
        "GUIDE_SLACK_APP_TOKEN": settings.slack_app_token,
        "GUIDE_SLACK_SIGNING_SECRET": settings.slack_signing_secret,
    }
    found = {n: value.get_secret_value().strip() if value else "" for n, value in values.items()}
    other = "GUIDE_SLACK_APP_TOKEN" if transport == "socket" else "GUIDE_SLACK_SIGNING_SECRET"
    missing = [name for name in ("GUIDE_SLACK_BOT_TOKEN", other) if not found[name]]
    if missing:
        raise MissingSettingError(
            f"Set {' and '.join(missing)} for the {transport} transport (see the README's "
            "section on Slack), in the environment or in .env."
        )
    for name, start in (("GUIDE_SLACK_BOT_TOKEN", "xoxb-"), ("GUIDE_SLACK_APP_TOKEN", "xapp-")):
        needed = name == "GUIDE_SLACK_BOT_TOKEN" or transport == "socket"
        if needed and not found[name].startswith((start, "xoxe.")):
            raise MissingSettingError(
                f"{name} is another kind of token; it must start with {start}"
            )
    return found


def _logger() -> logging.Logger:
    """The bot's log on stderr. Bolt's debug output would hold what people write: never on."""
    log = logging.getLogger("chat.slack")
    log.setLevel(logging.WARNING)
    if not log.handlers:
        handler = logging.StreamHandler()
        handler.setFormatter(logging.Formatter("%(asctime)s slack: %(message)s"))
        log.addHandler(handler)
        log.propagate = True
    return log


@contextmanager
def _signals(stop: Callable[[], None]) -> Iterator[None]:
    """Call `stop` on SIGTERM and SIGINT while the block runs."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    names = (signal.SIGINT, signal.SIGTERM)
    before = {name: signal.signal(name, lambda *_: stop()) for name in names}
    try:
        yield
    finally:
        for name, handler in before.items():
            signal.signal(name, handler)
