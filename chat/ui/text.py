"""Untrusted text on the page: as a label in which nothing acts, as times and as sums."""

from datetime import datetime

_ACTIVE = "\\`*_{}[]()<>#|~$:!"


def label(text: str) -> str:
    """Text as a Streamlit label: nothing in it is Markdown, colour or an icon."""
    for character in _ACTIVE:
        text = text.replace(character, "\\" + character)
    return " ".join(text.split())


def short(text: str, limit: int = 90) -> str:
    """The beginning of a text, cut at a word."""
    text = " ".join(text.split())
    if len(text) <= limit:
        return text
    return text[: limit - 2].rsplit(" ", 1)[0] + " .."


def day(moment: float) -> str:
    """A time (seconds since 1970) as this machine's date."""
    return datetime.fromtimestamp(moment).strftime("%d %b %Y")


def minutes(seconds: float) -> str:
    """A duration as m:ss."""
    whole = int(max(0.0, seconds))
    return f"{whole // 60}:{whole % 60:02d}"


def dollars(cost: float | None) -> str:
    """An estimated cost; a dash when no price is known."""
    return "-" if cost is None else f"{cost:.4f} US dollars"
