"""What Slack sends, as its reference shows it, and ways to deliver it."""

import hashlib
import hmac
import http.client
import itertools
import json
import time
from collections.abc import Callable
from typing import Any
from urllib.parse import urlencode

from tests.fakes.slack_server import BOT, CHANNEL, DIRECT, PERSON, SECRET, TEAM

_numbers = itertools.count(1)


def wait_for(ready: Callable[[], Any], what: str = "", seconds: float = 90.0) -> Any:
    """The first true result of `ready`; fails when there is none for a long time."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        found = ready()
        if found:
            return found
        time.sleep(0.02)
    raise AssertionError(f"never happened: {what or ready}")


def stamp() -> str:
    return f"{1800000000 + next(_numbers)}.000200"


def event(kind: str, **fields: Any) -> dict[str, Any]:
    """The Events API's envelope around an event."""
    return {
        "type": "event_callback",
        "team_id": TEAM,
        "api_app_id": "A1",
        "event_id": f"Ev{next(_numbers)}",
        "event_time": 1,
        "authorizations": [{"team_id": TEAM, "user_id": BOT, "is_bot": True}],
        "event": {"type": kind, **fields},
    }


def mention(text: str, user: str = PERSON, **more: Any) -> dict[str, Any]:
    fields = {"channel": CHANNEL, "user": user, "ts": stamp(), "text": f"<@{BOT}> {text}", **more}
    return event("app_mention", **fields)


def in_thread(text: str, thread: str, user: str = PERSON, **more: Any) -> dict[str, Any]:
    fields = {"channel": CHANNEL, "channel_type": "channel", "user": user, "ts": stamp()}
    return event("message", **fields, text=text, thread_ts=thread, **more)


def direct(text: str, user: str = PERSON, **more: Any) -> dict[str, Any]:
    fields = {"channel": DIRECT, "channel_type": "im", "user": user, "ts": stamp()}
    return event("message", **fields, text=text, **more)


def command(name: str, text: str, url: str, user: str = PERSON) -> dict[str, Any]:
    return {
        "command": name,
        "text": text,
        "team_id": TEAM,
        "user_id": user,
        "channel_id": CHANNEL,
        "trigger_id": f"trigger{next(_numbers)}",
        "response_url": url,
        "api_app_id": "A1",
    }


def click(action: str, value: str, url: str = "", user: str = PERSON) -> dict[str, Any]:
    chosen = {"type": "button", "action_id": action, "block_id": "b", "value": value}
    if action == "pick_model":
        option = {"text": {"type": "plain_text", "text": "x"}, "value": value}
        chosen = {**chosen, "type": "static_select", "selected_option": option}
        del chosen["value"]
    return {
        "type": "block_actions",
        "team": {"id": TEAM},
        "user": {"id": user, "team_id": TEAM},
        "channel": {"id": CHANNEL},
        "container": {"type": "message"},
        "trigger_id": f"trigger{next(_numbers)}",
        "response_url": url,
        "actions": [chosen],
    }


def submission(view: dict[str, Any], block: str, text: str, user: str = PERSON) -> dict[str, Any]:
    """A modal, sent off with `text` in its input."""
    values = {block: {"text": {"type": "plain_text_input", "value": text}}}
    return {
        "type": "view_submission",
        "team": {"id": TEAM},
        "user": {"id": user, "team_id": TEAM},
        "trigger_id": f"trigger{next(_numbers)}",
        "view": {**view, "team_id": TEAM, "state": {"values": values}},
    }


def signed(body: str, at: float, secret: str = SECRET) -> dict[str, str]:
    """The headers by which Slack proves that a request is its own."""
    base = f"v0:{int(at)}:{body}".encode()
    digest = hmac.new(secret.encode(), base, hashlib.sha256).hexdigest()
    return {"X-Slack-Request-Timestamp": str(int(at)), "X-Slack-Signature": f"v0={digest}"}


def http_post(
    port: int, body: str, headers: dict[str, str], path: str = "/slack/events"
) -> tuple[int, str]:
    """Status and body of a request to the bot."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    connection.request("POST", path, body.encode(), headers)
    answer = connection.getresponse()
    return answer.status, answer.read().decode()


def http_event(port: int, payload: dict[str, Any], retry: int = 0) -> int:
    """Deliver an event over HTTP; the status."""
    body = json.dumps(payload)
    headers = {"Content-Type": "application/json", **signed(body, time.time())}
    if retry:
        headers |= {"X-Slack-Retry-Num": str(retry), "X-Slack-Retry-Reason": "http_timeout"}
    return http_post(port, body, headers)[0]


def http_form(port: int, payload: dict[str, Any]) -> tuple[int, str]:
    """Deliver a command, or an interaction as its `payload`, over HTTP."""
    fields = payload if "command" in payload else {"payload": json.dumps(payload)}
    body = urlencode(fields)
    kind = {"Content-Type": "application/x-www-form-urlencoded"}
    return http_post(port, body, {**kind, **signed(body, time.time())})
