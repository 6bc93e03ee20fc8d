"""Slack on loopback: the Web API, `response_url`s, and Socket Mode's WebSocket.

It refuses what Slack refuses (tokens, limits of blocks, a trigger used twice, an edit of a
message that streams), so that a test fails where Slack would.
"""

import itertools
import json
import threading
import time
from collections import defaultdict, deque
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any, Self
from urllib.parse import parse_qsl

from tests.fakes.slack_blocks import faults_of_message, faults_of_view, words_of
from tests.fakes.wire import Call, FakeServer, Wire

BOT_TOKEN, APP_TOKEN, SECRET = "xoxb-fake-bot", "xapp-fake-app", "fake-signing-secret"
TEAM, BOT, CHANNEL, DIRECT, PERSON = "T1", "UBOT", "C1", "D1", "U1"


@dataclass
class Posted:
    """A message as its readers see it."""

    channel: str
    ts: str
    thread: str
    text: str
    blocks: list[dict[str, Any]]
    user: str = ""
    """The only one who sees it; empty when all do."""
    streaming: bool = False
    edits: int = 0

    @property
    def words(self) -> str:
        """Everything that can be read in it, the buttons too."""
        return "\n".join(words_of(self.blocks)) if self.blocks else self.text

    def value(self, action: str) -> str:
        """The value of the first button with this action."""
        return next(iter(self.values(action)))

    def values(self, action: str) -> list[str]:
        """The values of all buttons with this action."""
        found = [b.get("accessory") or {} for b in self.blocks]
        found += [e for b in self.blocks if b["type"] == "actions" for e in b["elements"]]
        return [e["value"] for e in found if e.get("action_id") == action]


@dataclass(frozen=True)
class Refusal:
    """What one call of a method gets instead of its result."""

    error: str
    status: int = 200
    retry_after: int | None = None


@dataclass
class SlackServer(FakeServer):
    """One workspace. Use as a context manager."""

    streams: bool = True
    """Whether the workspace has the streaming methods."""
    statuses: bool = True
    """Whether threads show a status."""
    token_error: str = ""
    """How every call with the bot's token is refused, when set."""
    refusals: dict[str, deque[Refusal]] = field(default_factory=lambda: defaultdict(deque))
    """By method; one is used up by each call."""
    messages: list[Posted] = field(default_factory=list)
    views: dict[str, dict[str, Any]] = field(default_factory=dict)
    homes: dict[str, dict[str, Any]] = field(default_factory=dict)
    threads: dict[str, list[dict[str, Any]]] = field(default_factory=dict)
    """What `conversations.replies` tells of a thread."""
    acks: dict[str, Any] = field(default_factory=dict)
    """envelope id -> the payload of its acknowledgement."""
    methods: list[str] = field(default_factory=list)
    """The methods that were called, in order."""
    times: list[float] = field(default_factory=list)
    """When, by the monotonic clock."""
    connected: int = 0
    """WebSockets opened so far."""

    def __enter__(self) -> Self:
        from websockets.sync.server import serve

        super().__enter__()
        self._lock = threading.RLock()
        self._ids = itertools.count(1)
        self._triggers: set[str] = set()
        self._uses: dict[str, int] = defaultdict(int)
        self._tickets: set[str] = set()
        self._sockets: list[Any] = []
        self._unread: dict[str, tuple[Any, dict[str, Any]]] = {}
        """Envelopes that nobody acknowledged yet, and where they were sent."""
        self._ws = serve(self._socket, "127.0.0.1", 0, ping_interval=None, close_timeout=1)
        threading.Thread(target=self._ws.serve_forever, daemon=True).start()
        return self

    def __exit__(self, *exc: object) -> None:
        self._ws.shutdown()
        super().__exit__(*exc)

    @property
    def api_url(self) -> str:
        return self.url + "/api/"

    def response_url(self) -> str:
        """A new `response_url`."""
        return f"{self.url}/response/{next(self._ids)}"

    def calls_of(self, method: str) -> list[dict[str, Any]]:
        """The arguments of all calls of a method."""
        return [call.body for call in list(self.calls) if call.path == method]

    # Socket Mode

    @property
    def sockets(self) -> int:
        """WebSockets that are open now."""
        return len(self._sockets)

    def push(self, kind: str, payload: dict[str, Any], retry: int = 0) -> str:
        """Deliver an envelope over the newest WebSocket; its id."""
        with self._lock:
            envelope = f"E{next(self._ids)}"
            socket = self._sockets[-1]
        body = {
            "type": kind,
            "envelope_id": envelope,
            "payload": payload,
            "accepts_response_payload": kind != "events_api",
            "retry_attempt": retry,
            "retry_reason": "timeout" if retry else "",
        }
        self._send(socket, body)
        return envelope

    def _send(self, socket: Any, body: dict[str, Any]) -> None:
        self._unread[body["envelope_id"]] = (socket, body)
        socket.send(json.dumps(body))

    def _send_again(self, socket: Any) -> None:
        """What was lost with a connection, over another one: Slack does so, too."""
        with self._lock:
            lost = [
                body for where, body in list(self._unread.values()) if where not in self._sockets
            ]
        for body in lost:
            again = {"retry_attempt": body["retry_attempt"] + 1, "retry_reason": "timeout"}
            self._send(socket, {**body, **again})

    def hang_up(self) -> None:
        """Drop every WebSocket without a word, as a dying network does."""
        for socket in list(self._sockets):
            socket.close_socket()

    def fall_silent(self) -> None:
        """Answer nothing on the open WebSocket any more, not even pings."""
        with self._lock:
            socket = self._sockets.pop()
        socket.protocol.receive_data = lambda data: None

    def say_goodbye(self) -> None:
        """Ask the client to reconnect, as Slack does every few hours."""
        self._sockets[-1].send(json.dumps({"type": "disconnect", "reason": "refresh_requested"}))

    def _socket(self, socket: Any) -> None:
        from websockets.exceptions import ConnectionClosed

        ticket = socket.request.path.partition("ticket=")[2]
        with self._lock:
            if ticket not in self._tickets:
                return
            self._tickets.discard(ticket)
            self._sockets.append(socket)
            self.connected += 1
        try:
            socket.send(json.dumps({"type": "hello", "num_connections": 1}))
            self._send_again(socket)
            for raw in socket:
                answer = json.loads(raw)
                self._unread.pop(answer["envelope_id"], None)
                self.acks[answer["envelope_id"]] = answer.get("payload")
        except (ConnectionClosed, OSError):
            pass
        finally:
            with self._lock:
                if socket in self._sockets:
                    self._sockets.remove(socket)
                left = self._sockets[-1] if self._sockets else None
            if left is not None:
                with suppress(ConnectionClosed, OSError):
                    self._send_again(left)

    # The Web API

    def post(self, wire: Wire, call: Call) -> None:
        if wire.path.startswith("/response/"):
            return self._respond(wire, call)
        method = wire.path.removeprefix("/api/")
        body = _arguments(call, wire.raw)
        with self._lock:
            self.calls.append(Call(method, call.headers, body))
            self.methods.append(method)
            self.times.append(time.monotonic())
            status, answer, headers = self._answer(method, call.headers, body)
        wire.send_json(status, answer, headers)

    def _answer(
        self, method: str, headers: dict[str, str], body: dict[str, Any]
    ) -> tuple[int, dict[str, Any], dict[str, str]]:
        if self.refusals[method]:
            refusal = self.refusals[method].popleft()
            told = {"Retry-After": str(refusal.retry_after)} if refusal.retry_after else {}
            return refusal.status, {"ok": False, "error": refusal.error}, told
        token = body.get("token") or headers.get("authorization", "").removeprefix("Bearer ")
        expected = APP_TOKEN if method == "apps.connections.open" else BOT_TOKEN
        error = "" if token == expected else "invalid_auth"
        if expected == BOT_TOKEN:
            error = self.token_error or error
        handler = getattr(self, "_" + method.replace(".", "_"), None)
        if not error and handler is None:
            error = "unknown_method"
        result = {"error": error} if error else handler(body)  # type: ignore[misc]
        return 200, {"ok": "error" not in result, **result}, {}

    def _apps_connections_open(self, body: dict[str, Any]) -> dict[str, Any]:
        ticket = f"ticket{next(self._ids)}"
        self._tickets.add(ticket)
        port = self._ws.socket.getsockname()[1]
        return {"url": f"ws://127.0.0.1:{port}/link/?ticket={ticket}"}

    def _auth_test(self, body: dict[str, Any]) -> dict[str, Any]:
        return {
            "user_id": BOT,
            "bot_id": "B1",
            "team_id": TEAM,
            "team": "Loopback",
            "user": "guide",
        }

    def _chat_postMessage(self, body: dict[str, Any]) -> dict[str, Any]:
        error = faults_of_message(body)
        if error:
            return {"error": error}
        return {"ts": self._keep(body).ts, "channel": body["channel"]}

    def _chat_postEphemeral(self, body: dict[str, Any]) -> dict[str, Any]:
        error = faults_of_message(body)
        if error:
            return {"error": error}
        return {"message_ts": self._keep(body, body["user"]).ts}

    def _chat_update(self, body: dict[str, Any]) -> dict[str, Any]:
        message = self._find(body)
        error = "" if message else "message_not_found"
        error = error or ("streaming_state_conflict" if message and message.streaming else "")
        error = error or faults_of_message(body)
        if error or message is None:
            return {"error": error}
        message.text, message.blocks = body.get("text", ""), body.get("blocks") or []
        message.edits += 1
        return {"ts": message.ts, "channel": message.channel}

    def _chat_startStream(self, body: dict[str, Any]) -> dict[str, Any]:
        if not self.streams:
            return {"error": "unknown_method"}
        if not body.get("thread_ts"):
            return {"error": "invalid_arguments"}
        in_channel = not body["channel"].startswith("D")
        if in_channel and not (body.get("recipient_team_id") and body.get("recipient_user_id")):
            return {"error": "missing_recipient_user_id"}
        message = self._keep({**body, "text": body.get("markdown_text", "")})
        message.streaming = True
        return {"ts": message.ts, "channel": message.channel}

    def _chat_appendStream(self, body: dict[str, Any]) -> dict[str, Any]:
        message = self._find(body)
        if message is None or not message.streaming:
            return {"error": "message_not_in_streaming_state"}
        if len(body["markdown_text"]) > 12_000:
            return {"error": "msg_too_long"}
        message.text += body["markdown_text"]
        message.edits += 1
        return {"ts": message.ts}

    def _chat_stopStream(self, body: dict[str, Any]) -> dict[str, Any]:
        message = self._find(body)
        if message is None or not message.streaming:
            return {"error": "message_not_in_streaming_state"}
        message.streaming = False
        return {"ts": message.ts}

    def _views_open(self, body: dict[str, Any]) -> dict[str, Any]:
        if body["trigger_id"] in self._triggers:
            return {"error": "exchanged_trigger_id"}
        self._triggers.add(body["trigger_id"])
        return self._view(f"V{next(self._ids)}", body["view"])

    def _views_update(self, body: dict[str, Any]) -> dict[str, Any]:
        if body["view_id"] not in self.views:
            return {"error": "not_found"}
        return self._view(body["view_id"], body["view"])

    def _views_publish(self, body: dict[str, Any]) -> dict[str, Any]:
        error = faults_of_view(body["view"])
        if error:
            return {"error": error}
        self.homes[body["user_id"]] = body["view"]
        return {"view": body["view"]}

    def _view(self, name: str, view: dict[str, Any]) -> dict[str, Any]:
        error = faults_of_view(view)
        if error:
            return {"error": error}
        self.views[name] = {"id": name, **view}
        return {"view": self.views[name]}

    def _assistant_threads_setStatus(self, body: dict[str, Any]) -> dict[str, Any]:
        return {} if self.statuses else {"error": "channel_type_not_supported"}

    def _assistant_threads_setTitle(self, body: dict[str, Any]) -> dict[str, Any]:
        return {} if body["channel_id"].startswith("D") else {"error": "channel_not_found"}

    def _assistant_threads_setSuggestedPrompts(self, body: dict[str, Any]) -> dict[str, Any]:
        return {} if 1 <= len(body["prompts"]) <= 4 else {"error": "invalid_arguments"}

    def _conversations_replies(self, body: dict[str, Any]) -> dict[str, Any]:
        found = self.threads.get(body["ts"])
        return {"messages": found} if found else {"error": "thread_not_found"}

    def _keep(self, body: dict[str, Any], user: str = "") -> Posted:
        message = Posted(
            body["channel"],
            f"{1700000000 + next(self._ids)}.000100",
            body.get("thread_ts") or "",
            str(body.get("text") or ""),
            body.get("blocks") or [],
            user,
        )
        self.messages.append(message)
        return message

    def _find(self, body: dict[str, Any]) -> Posted | None:
        key = (body["channel"], body["ts"])
        return next((m for m in self.messages if (m.channel, m.ts) == key), None)

    def _respond(self, wire: Wire, call: Call) -> None:
        with self._lock:
            self._uses[wire.path] += 1
            self.calls.append(Call("response_url", call.headers, call.body))
            if self.refusals["response_url"]:
                refusal = self.refusals["response_url"].popleft()
                return wire.send_json(refusal.status, {"error": refusal.error})
            if self._uses[wire.path] > 5:
                return wire.send_json(404, {"error": "used_url"})
            error = faults_of_message(call.body)
            if error:
                return wire.send_json(400, {"error": error})
            self._keep({"channel": wire.path, **call.body}, PERSON)
        wire.send_json(200, {"ok": True})


def _arguments(call: Call, raw: bytes) -> dict[str, Any]:
    """The arguments of a call, which may come as JSON or as a form with JSON in it."""
    if "json" in call.headers.get("content-type", ""):
        return call.body
    form: dict[str, Any] = dict(parse_qsl(raw.decode()))
    for name in ("blocks", "view", "prompts"):
        if isinstance(form.get(name), str):
            form[name] = json.loads(form[name])
    return form
