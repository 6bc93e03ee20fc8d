"""Slack's events -> what was asked, by whom and where; nothing when it is not for the bot."""

import re
import time
from dataclasses import dataclass
from typing import Any

from chat.slack.mrkdwn import unescape

_SUBTYPES = {None, "file_share", "thread_broadcast"}
"""Message events that are a person's new message; edits, joins and deletions are others."""
_COURTESY = re.compile(
    r"^\W*(thanks|thank you|thx|ok|okay|great|cool|nice|perfect|got it|good|yes|no|lol)\b"
    r"[^?]{0,30}$",
    re.I,
)
_PRACTICE = re.compile(r"^/?practi[cs]e\b[\s:]*(?P<topic>.*)$", re.I | re.S)


@dataclass(frozen=True)
class Place:
    """Where an answer goes and to whom."""

    team: str
    channel: str
    thread: str
    """`ts` of the thread's first message; empty in a direct message outside of threads."""
    user: str
    user_team: str
    direct: bool

    @property
    def owner(self) -> str:
        """The person, as the history names them."""
        return owner_of(self.team, self.user)

    @property
    def conversation(self) -> str:
        """The id of the conversation; a direct message without threads has one a day."""
        part = self.thread or time.strftime("%Y-%m-%d", time.gmtime())
        return f"slack:{self.team}:{self.channel}:{part}"


@dataclass(frozen=True)
class Asked:
    """A message that may be for the bot."""

    key: str
    """Of the message, whichever events tell of it; what is claimed before the work."""
    place: Place
    ts: str
    text: str
    addressed: bool
    """Sent to the bot; else a message in a thread, which only counts if the bot is in it."""

    @property
    def topic(self) -> str | None:
        """What to practise, "" for anything; None when this is not a wish to practise."""
        match = _PRACTICE.match(self.text) if len(self.text) < 100 else None
        return match["topic"].strip() if match else None


def owner_of(team: str, user: str) -> str:
    """A person of a workspace, as the history names them."""
    return f"slack:{team}:{user}"


def asked_of(body: dict[str, Any], bot_user: str) -> Asked | None:
    """The message that an event tells of; None when the bot must not answer it."""
    event = body.get("event") or {}
    if event.get("bot_id") or event.get("subtype") not in _SUBTYPES or event.get("hidden"):
        return None
    user, channel, ts = (str(event.get(name) or "") for name in ("user", "channel", "ts"))
    if not (user and channel and ts) or user == bot_user:
        return None
    raw = str(event.get("text") or "")
    direct = event.get("channel_type") == "im" or channel.startswith("D")
    mentioned = event.get("type") == "app_mention" or f"<@{bot_user}>" in raw
    thread = str(event.get("thread_ts") or "")
    follows = bool(thread) and thread != ts
    text = unescape(raw)
    to_others = re.search(r"<@\w+", raw) or _COURTESY.match(text)
    if not (direct or mentioned) and (not follows or to_others):
        return None
    team = str(body.get("team_id") or event.get("team") or "")
    place = Place(
        team,
        channel,
        thread or ("" if direct else ts),
        user,
        str(event.get("user_team") or event.get("team") or team),
        direct,
    )
    key = f"slack:{team}:{channel}:{ts}"
    return Asked(key, place, ts, text, direct or mentioned)
