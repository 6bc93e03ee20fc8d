"""What the bot's parts share: the guide's pipeline, Slack's API, limits and workers."""

import logging
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor, wait
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from chat.answer import EXTRACTIVE
from chat.answering import Answerer
from chat.history import History
from chat.practice import Practice
from chat.settings import Settings
from chat.slack.blocks import Block, Message, sentence_message
from chat.slack.client import ExpiredError, respond
from chat.slack.failures import TOKEN_ERRORS, slack_code, token_advice, told
from chat.slack.limits import Limits
from chat.slack.passages import loading
from chat.slack.streaming import Support, post

if TYPE_CHECKING:
    from concurrent.futures import Future

    from slack_sdk import WebClient

_WAITING = 5000
"""Questions that may wait for a worker; more are told to come back."""


class Crew:
    """The threads that work after the acknowledgement."""

    def __init__(self, workers: int) -> None:
        self._pool = ThreadPoolExecutor(workers, thread_name_prefix="slack-work")
        self._lock = threading.Lock()
        self._pending: set[Future[None]] = set()

    def submit(self, job: Callable[[], None]) -> bool:
        """Work on `job` soon; False when too much is waiting."""
        with self._lock:
            if len(self._pending) >= _WAITING:
                return False
            future = self._pool.submit(job)
            self._pending.add(future)
        future.add_done_callback(self._finished)
        return True

    def drain(self, seconds: float) -> int:
        """Wait for what is under way, give up the rest; how much was given up."""
        with self._lock:
            pending = list(self._pending)
        left = wait(pending, timeout=seconds).not_done
        self._pool.shutdown(wait=False, cancel_futures=True)
        return len(left)

    def _finished(self, future: "Future[None]") -> None:
        with self._lock:
            self._pending.discard(future)


@dataclass
class Kit:
    """One bot in one workspace."""

    settings: Settings
    answerer: Answerer
    history: History
    practice: Practice
    client: "WebClient"
    hasty: "WebClient"
    bot_user: str
    log: logging.Logger
    crew: Crew
    limits: Limits
    support: Support = field(default_factory=Support)
    lost_token: str | None = None
    """What to do about a bot token that Slack does not accept any more."""

    def model_of(self, owner: str) -> str:
        """The model that answers a person: their choice while it is on offer."""
        chosen = self.history.preference(owner, "model")
        provider = chosen.partition(":")[0]
        offered = {EXTRACTIVE, self.settings.model, *self.settings.models}
        local = provider in {"ollama", "gguf"} or (
            provider == "openai" and self.settings.openai_base_url is not None
        )
        return chosen if chosen and (chosen in offered or local) else self.settings.model

    def once(self, key: str) -> bool:
        """True for the first one to handle `key`, over restarts and processes."""
        return self.history.claim_event(key)

    def told(self, error: Exception, during: str) -> str:
        """The sentence for a failure; a token that Slack has taken back ends the bot."""
        code = slack_code(error)
        if code in TOKEN_ERRORS:
            self.lost_token = token_advice(code, "GUIDE_SLACK_BOT_TOKEN")
        return told(error, self.log, during)

    def to_person(
        self, user: str, url: str, messages: list[Message], replace: bool = False
    ) -> None:
        """Answer a person alone: through the `response_url`, else in a direct message."""
        for place, message in enumerate(messages):
            try:
                if not url:
                    raise ExpiredError
                respond(url, message.text, message.blocks, replace and place == 0)
            except (ExpiredError, OSError):
                url = ""
                post(self.client, {"channel": user, "unfurl_links": False}, message)

    def sorry(self, error: Exception, user: str, url: str, during: str) -> None:
        """Tell a person alone that something failed."""
        sentence = self.told(error, during)
        try:
            self.to_person(user, url, [sentence_message(sentence)])
        except Exception as second:
            self.log.error("nor could it be told: %s", type(second).__name__)

    def open_modal(self, trigger: str, title: str, build: Callable[[], dict[str, Any]]) -> None:
        """Open a modal at once, and put what `build` gives into it."""
        view = self.client.views_open(trigger_id=trigger, view=loading(title))["view"]
        self.client.views_update(view_id=view["id"], view=build())

    def publish_home(self, user: str, blocks: list[Block]) -> None:
        """Show the app's home page to a person."""
        self.client.views_publish(user_id=user, view={"type": "home", "blocks": blocks})
