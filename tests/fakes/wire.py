"""What the fake providers share: a threaded HTTP server on loopback and a script of faults."""

import json
import socket
import struct
import threading
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Self


@dataclass(frozen=True)
class Fault:
    """What goes wrong with one request; the fields that are set say what."""

    status: int = 0
    """Answer with this HTTP status, `code` and `message`."""
    code: str = ""
    message: str = ""
    delay: float = 0.0
    """Seconds before the first byte."""
    chunk_delay: float = 0.0
    """Seconds before each piece of a stream."""
    after: int | None = None
    """Break a stream after that many pieces of text: with `event`, or a dropped connection."""
    event: str = ""
    """The exception that a stream sends where it breaks, in the provider's own form."""
    truncate: bool = False
    """End the stream in good form, but without its last events."""


@dataclass(frozen=True)
class Call:
    """One request as the server saw it."""

    path: str
    headers: dict[str, str]
    body: dict[str, Any]

    @property
    def text(self) -> str:
        """All text of the request, for assertions about what a provider was told."""
        return json.dumps(self.body, ensure_ascii=False)


@dataclass
class FakeServer:
    """A provider on a loopback port. Use as a context manager."""

    reply: Callable[[Call], str] = lambda call: "A queue keeps a message for 4 days [1]."
    """The words of the model."""
    fields: Callable[[Call], dict[str, Any]] = lambda call: {}
    """What the model fills into a form (structured output)."""
    faults: deque[Fault] = field(default_factory=deque)
    """One is used up by each model call; when it is empty all goes well."""
    calls: list[Call] = field(default_factory=list)
    """Model calls in the order of their arrival, also those that were refused."""
    abandoned: int = 0
    """Streams that the client closed before their end."""

    def __enter__(self) -> Self:
        self._http = _Server(("127.0.0.1", 0), self._handler_class())
        self._thread = threading.Thread(target=self._http.serve_forever, args=(0.02,), daemon=True)
        self._thread.start()
        return self

    def __exit__(self, *exc: object) -> None:
        self._http.shutdown()
        self._http.server_close()
        self._thread.join(5)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._http.server_address[1]}"

    def next_fault(self) -> Fault:
        return self.faults.popleft() if self.faults else Fault()

    def get(self, wire: "Wire") -> None:
        wire.send_json(404, {"error": "not found"})

    def post(self, wire: "Wire", call: Call) -> None:
        wire.send_json(404, {"error": "not found"})

    def _handler_class(self) -> type["Wire"]:
        return type("BoundWire", (Wire,), {"fake": self})


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 64

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Clients that hang up are part of the tests."""


class Wire(BaseHTTPRequestHandler):
    """One connection."""

    fake: FakeServer
    protocol_version = "HTTP/1.1"

    def log_message(self, format: str, *args: Any) -> None:
        pass

    def do_GET(self) -> None:
        self.fake.get(self)

    def do_POST(self) -> None:
        self.raw = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        try:
            body = json.loads(self.raw or b"{}")
        except ValueError:
            body = {}
        headers = {name.lower(): value for name, value in self.headers.items()}
        self.fake.post(self, Call(self.path, headers, body))

    def send_json(self, status: int, body: Any, headers: dict[str, str] | None = None) -> None:
        data = json.dumps(body).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(data)))
        for name, value in (headers or {}).items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(data)

    def start_stream(self, content_type: str) -> None:
        self.send_response(200)
        self.send_header("Content-Type", content_type)
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()

    def send_piece(self, data: bytes) -> None:
        try:
            self.wfile.write(f"{len(data):x}\r\n".encode() + data + b"\r\n")
            self.wfile.flush()
        except OSError:
            self.fake.abandoned += 1
            raise

    def end_stream(self) -> None:
        self.wfile.write(b"0\r\n\r\n")

    def drop(self) -> None:
        """Reset the connection, as a load balancer or a dying server does."""
        self.close_connection = True
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        # Without closing the makefile() objects the socket would linger until they are collected.
        self.rfile.close()
        self.connection.close()


def pieces_of(text: str) -> list[str]:
    """A text as a model streams it: in pieces that do not respect words or markers."""
    return [text[start : start + 5] for start in range(0, len(text), 5)]


def pause(seconds: float) -> None:
    """Wait, where a fault says so."""
    if seconds:
        time.sleep(seconds)


def words(text: str) -> int:
    """The fake's token count: words, so that tests can compute what they expect."""
    return len(text.split())
