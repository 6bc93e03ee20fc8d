"""The Socket Mode transport: one WebSocket to Slack, kept alive.

On websocket-client: the client that slack_sdk brings along reads frames recursively and
loses its connection when more than a few hundred events come at once.
"""

import logging
import socket
import threading
import time
from typing import TYPE_CHECKING, Any

from chat.slack.failures import TOKEN_ERRORS, TokenError, slack_code, token_advice

if TYPE_CHECKING:
    from slack_bolt import App

_SILENCE = 4
"""Pings in a row without an answer after which a connection is dead: a network that went
away without a word, as when a laptop slept, would else go unnoticed for a quarter of an hour."""


class SocketLink:
    """The bot's connection to Slack."""

    def __init__(self, app: "App", token: str, log: logging.Logger, ping_seconds: float) -> None:
        from slack_bolt.adapter.socket_mode.websocket_client import SocketModeHandler

        self._log, self._ping = log, ping_seconds
        self._handler = SocketModeHandler(app, token, logger=log, ping_interval=ping_seconds)
        self._closed = threading.Event()

    def connect(self) -> None:
        """Open the connection; lost ones are opened again from then on.

        Raises:
            TokenError: Slack does not accept the app token, or opens no socket.
        """
        from slack_sdk.errors import SlackApiError

        self._log.disabled = True  # a refusal is told below, in one line
        try:
            self._handler.connect()
        except SlackApiError as error:
            self.close()
            code = slack_code(error)
            if code in TOKEN_ERRORS or code == "not_allowed_token_type":
                raise TokenError(token_advice(code, "GUIDE_SLACK_APP_TOKEN")) from None
            raise TokenError(f"Slack opens no socket for this app ({code}).") from None
        except OSError as error:
            self.close()
            raise TokenError(
                f"Slack opens no socket ({type(error).__name__}). Check the network."
            ) from None
        finally:
            self._log.disabled = False
        threading.Thread(target=self._watch, name="slack-watch", daemon=True).start()

    def close(self) -> None:
        """Close the connection for good."""
        self._closed.set()
        client = self._handler.client
        client.auto_reconnect_enabled = client.default_auto_reconnect_enabled = False
        client.current_session_runner.event.set()  # else it would open the session again
        self._log.disabled = True  # that the connection is lost is meant this time
        self._cut()
        end = time.monotonic() + 2
        while getattr(client.current_session, "sock", None) and time.monotonic() < end:
            time.sleep(0.02)  # its reader ends by itself; closed under it, it would wait on
        client.closed = True
        client.message_queue.put(None)  # else it would wait a second for one more message
        self._handler.close()
        self._log.disabled = False

    def _watch(self) -> None:
        watched: Any = None
        since = 0.0
        while not self._closed.wait(self._ping):
            session: Any = self._handler.client.current_session
            if session is not watched or not session.last_ping_tm:
                watched, since = session, time.time()
            elif time.time() - max(session.last_pong_tm, since) > _SILENCE * self._ping:
                self._log.warning("no sign of life from Slack; connecting anew")
                since = time.time()
                self._cut()

    def _cut(self) -> None:
        """End the connection now: its reader may wait for bytes that never come."""
        session: Any = self._handler.client.current_session
        try:
            session.sock.sock.shutdown(socket.SHUT_RDWR)
        except (AttributeError, OSError):
            pass  # there is none, or it is closed already
