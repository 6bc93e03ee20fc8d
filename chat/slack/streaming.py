"""An answer that is written before the reader's eyes, as far as the workspace allows.

First a status ("is reading the guide ..."), then, when the answer takes its time, the text
as it comes: with Slack's streaming methods, else by editing one message. What is shown on
the way is a preview, which the finished answer's blocks replace: a failing or rate limited
preview costs nothing.
"""

import logging
import time
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, Literal

from chat.slack.blocks import Message, sentence_message
from chat.slack.events import Place
from chat.slack.failures import TOKEN_ERRORS, slack_code
from chat.slack.mrkdwn import escape, pieces, preview

if TYPE_CHECKING:
    from slack_sdk import WebClient

STATUS = "is reading the guide …"
_PATIENCE = 0.6
"""Seconds from the first word after which an answer is shown while it grows."""
_APPEND_EVERY = 1.0
_EDIT_EVERY = 1.5
"""Seconds; Slack allows about 100 appends and 50 edits a minute and workspace."""
_PREVIEW = 3500
"""Characters that are previewed; the rest comes with the finished answer."""
_LOST = {
    "message_not_found",
    "cant_update_message",
    "edit_window_closed",
    "streaming_state_conflict",
    "msg_too_long",
}
_BAD_BLOCKS = {"invalid_blocks", "invalid_blocks_format", "msg_blocks_too_long", "msg_too_long"}
_PASSING = {"ratelimited", "internal_error", "fatal_error", "service_unavailable"}


class Support:
    """What this workspace turned out not to have, remembered for the process."""

    def __init__(self) -> None:
        self.streams = True
        self.no_status: set[str] = set()
        """Channels in which Slack shows no status."""


class LiveReply:
    """One answer on its way to a place. Used by one thread."""

    def __init__(
        self,
        client: "WebClient",
        hasty: "WebClient",
        place: Place,
        support: Support,
        log: logging.Logger,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """A reply to `place`; `client` waits when Slack says 429, `hasty` does not."""
        self._client, self._hasty, self._place = client, hasty, place
        self._support, self._log, self._clock = support, log, clock
        self._mode: Literal["", "stream", "edit"] = ""
        self._ts = ""
        self._text = ""
        self._shown = ""
        self._first = 0.0
        self._not_before = 0.0

    def waiting(self, slow: bool) -> None:
        """Show that somebody works on it; `slow` when the first word may take seconds."""
        place = self._place
        if place.thread and place.channel not in self._support.no_status:
            try:
                self._hasty.assistant_threads_setStatus(
                    channel_id=place.channel, thread_ts=place.thread, status=STATUS
                )
                return
            except Exception as error:
                self._quietly(error)
                if slack_code(error) not in {"", *_PASSING}:
                    if len(self._support.no_status) > 5000:
                        self._support.no_status.clear()
                    self._support.no_status.add(place.channel)
        if slow:
            self._post_preview("Reading the guide …")

    def add(self, piece: str) -> None:
        """The next words of the answer."""
        now = self._clock()
        self._first = self._first or now
        self._text += piece
        if now < self._not_before or len(self._text) > _PREVIEW:
            return
        text = preview(self._text)
        if self._mode == "stream":
            self._append(text)
        elif self._mode == "edit":
            self._edit(text)
        elif now - self._first >= _PATIENCE and not self._start(text):
            self._post_preview(text + " …")

    def finish(self, messages: Sequence[Message]) -> None:
        """Put the finished answer in place of what was shown, and post what does not fit.

        Raises:
            SlackApiError: Slack takes the answer in no form; the caller tells the person.
        """
        if self._mode == "stream":
            self._stop()
        first, *rest = messages
        if not (self._ts and self._replace(first)):
            self._post(first)
        for message in rest:
            self._post(message)

    def fail(self, sentence: str) -> None:
        """Say that there is no answer, in the place of what was shown."""
        self.finish([sentence_message(sentence)])

    # Previews: never worth an error

    def _start(self, text: str) -> bool:
        """Begin a stream; False when the preview must be an edited message instead."""
        if not (self._place.thread and self._support.streams):
            return False
        try:
            answer = self._hasty.chat_startStream(
                channel=self._place.channel,
                thread_ts=self._place.thread,
                recipient_team_id=self._place.user_team,
                recipient_user_id=self._place.user,
                markdown_text=text,
            )
        except Exception as error:
            code = self._quietly(error)
            if code and code not in _PASSING and code not in TOKEN_ERRORS:
                self._support.streams = False
            if not code:  # a stream may have begun though its answer got lost: show no other
                self._not_before = float("inf")
            return code in {"", "ratelimited"}
        self._ts, self._mode, self._shown = str(answer["ts"]), "stream", text
        self._not_before = self._clock() + _APPEND_EVERY
        return True

    def _append(self, text: str) -> None:
        new = text[len(self._shown) :]
        if not new:
            return
        try:
            self._hasty.chat_appendStream(
                channel=self._place.channel, ts=self._ts, markdown_text=new
            )
            self._shown = text
        except Exception as error:
            self._quietly(error)
        self._wait(_APPEND_EVERY)

    def _post_preview(self, text: str) -> None:
        try:
            answer = self._hasty.chat_postMessage(**self._where(), text=text)
            self._ts, self._mode = str(answer["ts"]), "edit"
        except Exception as error:
            self._quietly(error)
        self._wait(_EDIT_EVERY)

    def _edit(self, text: str) -> None:
        try:
            self._hasty.chat_update(channel=self._place.channel, ts=self._ts, text=text + " …")
        except Exception as error:
            self._quietly(error)
        self._wait(_EDIT_EVERY)

    def _wait(self, seconds: float) -> None:
        self._not_before = max(self._not_before, self._clock() + seconds)

    def _quietly(self, error: Exception) -> str:
        code = slack_code(error)
        if code == "ratelimited":
            headers = getattr(error.response, "headers", {})  # type: ignore[attr-defined]
            self._wait(float(headers.get("Retry-After") or headers.get("retry-after") or 1))
        self._log.debug("a preview failed: %s %s", type(error).__name__, code)
        return code

    # The answer itself

    def _stop(self) -> None:
        from slack_sdk.errors import SlackApiError

        try:
            self._client.chat_stopStream(channel=self._place.channel, ts=self._ts)
        except SlackApiError as error:
            self._log.info("a stream had ended before its answer: %s", slack_code(error))

    def _replace(self, message: Message) -> bool:
        from slack_sdk.errors import SlackApiError

        try:
            self._client.chat_update(
                channel=self._place.channel,
                ts=self._ts,
                text=message.text,
                blocks=message.blocks,
            )
            return True
        except SlackApiError as error:
            if slack_code(error) not in _LOST | _BAD_BLOCKS:
                raise
            self._log.info("an answer could not replace its preview: %s", slack_code(error))
            return False

    def _post(self, message: Message) -> None:
        post(self._client, self._where(), message)

    def _where(self) -> dict[str, Any]:
        return where(self._place)


def where(place: Place) -> dict[str, Any]:
    """The arguments of `chat.postMessage` that name a place."""
    target: dict[str, Any] = {"channel": place.channel, "unfurl_links": False}
    target["unfurl_media"] = False
    return {**target, "thread_ts": place.thread} if place.thread else target


def post(client: "WebClient", target: dict[str, Any], message: Message) -> None:
    """Post a message; as plain text in pieces when Slack does not take its blocks.

    Raises:
        SlackApiError: Slack does not take the text either.
    """
    from slack_sdk.errors import SlackApiError

    try:
        client.chat_postMessage(**target, text=message.text, blocks=message.blocks)
    except SlackApiError as error:
        if slack_code(error) not in _BAD_BLOCKS:
            raise
        for part in pieces(escape(_words(message.blocks)) or message.text, 3000):
            client.chat_postMessage(**target, text=part)


def _words(blocks: Any) -> str:
    """All text of blocks except the buttons', a paragraph a block."""
    if isinstance(blocks, list):
        parts = [_words(block) for block in blocks]
        inline = all(isinstance(b, dict) and b.get("type") == "text" for b in blocks)
        return ("" if inline else "\n").join(part for part in parts if part)
    if not isinstance(blocks, dict) or blocks.get("type") == "button":
        return ""
    own = blocks.get("text")
    if isinstance(own, str):
        return own
    return "\n".join(part for part in (_words(own), _words(blocks.get("elements"))) if part)
