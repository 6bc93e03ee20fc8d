"""What the fake providers share: a threaded HTTP server on loopback and a script of faults."""

import ipaddress
import json
import socket
import ssl
import threading
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
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

    _scheme = "http"

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
        return f"{self._scheme}://127.0.0.1:{self._http.server_address[1]}"

    def encrypt(self, folder: Path) -> Path:
        """Serve HTTPS from now on; the certificate that clients must trust is returned."""
        certificate, key = self_signed(folder)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate, key)
        self._http.socket = context.wrap_socket(self._http.socket, server_side=True)
        self._scheme = "https"
        return certificate

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
        """Hang up in the middle of a stream, as a load balancer or a dying server does."""
        self.close_connection = True
        self.connection.shutdown(socket.SHUT_WR)


def pieces_of(text: str) -> list[str]:
    """A text as a model streams it: in pieces that do not respect words or markers."""
    return [text[start : start + 5] for start in range(0, len(text), 5)]


def self_signed(folder: Path) -> tuple[Path, Path]:
    """A certificate for 127.0.0.1 and its key, as PEM files in `folder`."""
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec

    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "127.0.0.1")])
    address = x509.IPAddress(ipaddress.ip_address("127.0.0.1"))
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([address]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .sign(key, hashes.SHA256())
    )
    paths = folder / "certificate.pem", folder / "key.pem"
    paths[0].write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    paths[1].write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
    )
    return paths


def pause(seconds: float) -> None:
    """Wait, where a fault says so."""
    if seconds:
        time.sleep(seconds)


def words(text: str) -> int:
    """The fake's token count: words, so that tests can compute what they expect."""
    return len(text.split())
