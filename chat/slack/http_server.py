"""The HTTP transport: Slack's signed requests to `/slack/events`, handed to Bolt.

Behind a reverse proxy or a tunnel, which Slack reaches over HTTPS.
"""

from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any

from ingest.errors import GuideError

if TYPE_CHECKING:
    from slack_bolt import App

PATH = "/slack/events"
_LARGEST = 1_000_000
"""Bytes of a request; Slack's are far smaller."""


class PortError(GuideError):
    """The port can't be opened."""


class SlackServer(ThreadingHTTPServer):
    """Serves one Bolt app."""

    daemon_threads = True
    request_queue_size = 256

    def __init__(self, app: "App", host: str, port: int) -> None:
        """Open the port.

        Raises:
            PortError: it is taken, or not allowed.
        """
        self.app = app
        try:
            super().__init__((host, port), _Handler)
        except (OSError, OverflowError) as error:
            reason = getattr(error, "strerror", None) or error
            raise PortError(
                f"Can't listen on {host}:{port} ({reason}). Choose another with --port."
            ) from None

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that hangs up is nothing to report."""


class _Handler(BaseHTTPRequestHandler):
    server: SlackServer
    protocol_version = "HTTP/1.1"
    timeout = 15

    def do_POST(self) -> None:
        from slack_bolt import BoltRequest

        path, _, query = self.path.partition("?")
        length = self.headers.get("Content-Length") or ""
        if path != PATH:
            return self._refuse(404)
        if not (length.isascii() and length.isdigit()):
            return self._refuse(411)
        if int(length) > _LARGEST:
            return self._refuse(413)
        body = self.rfile.read(int(length))
        stamp = self.headers.get("X-Slack-Request-Timestamp") or ""
        try:
            text = body.decode("utf-8")
        except UnicodeDecodeError:
            return self._refuse(400)
        if not (stamp.isascii() and stamp.isdigit()):
            return self._refuse(401)
        headers: dict[str, Any] = dict(self.headers.items())
        answer = self.server.app.dispatch(BoltRequest(body=text, query=query, headers=headers))
        self._send(answer.status, answer.body, answer.first_headers())

    def do_GET(self) -> None:
        self._refuse(404)

    def _refuse(self, status: int) -> None:
        self.close_connection = True
        self._send(status, "", {})

    def _send(self, status: int, body: str, headers: dict[str, str]) -> None:
        data = body.encode()
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def version_string(self) -> str:
        """Says nothing about the software behind."""
        return "guide"

    def log_message(self, format: str, *args: Any) -> None:
        """Requests are not logged."""
