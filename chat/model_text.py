"""What of a model's output is its answer: text without thoughts, usage and why it stopped."""

from collections.abc import Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    from langchain_core.messages import BaseMessage

Stop = Literal["end", "length", "guardrail", ""]
"""Why a model stopped: it was done, it ran out of tokens, a guardrail or filter stepped in."""

_STOPS: dict[str, Stop] = {
    "end_turn": "end",
    "stop": "end",
    "stop_sequence": "end",
    "tool_use": "end",
    "tool_calls": "end",
    "max_tokens": "length",
    "length": "length",
    "model_context_window_exceeded": "length",
    "guardrail_intervened": "guardrail",
    "content_filtered": "guardrail",
    "content_filter": "guardrail",
    "refusal": "guardrail",
}
_OPEN, _CLOSE = "<think>", "</think>"


def stop_of(metadata: Mapping[str, Any]) -> Stop:
    """The reason in a message's `response_metadata`, "" where it holds none."""
    for name in ("stopReason", "finish_reason", "done_reason"):
        reason = metadata.get(name)
        if reason:
            return _STOPS.get(str(reason), "end")
    return ""


def tokens_of(message: "BaseMessage") -> dict[str, int]:
    """The token counts of a message or chunk as fields of `Usage`; empty where it has none."""
    usage = getattr(message, "usage_metadata", None)
    if not usage:
        return {}
    details = usage.get("input_token_details") or {}
    written = ("cache_creation", "ephemeral_5m_input_tokens", "ephemeral_1h_input_tokens")
    return {
        "input_tokens": usage.get("input_tokens") or 0,
        "output_tokens": usage.get("output_tokens") or 0,
        "cache_read_tokens": details.get("cache_read") or 0,
        "cache_write_tokens": sum(details.get(name) or 0 for name in written),
    }


def without_thoughts(pieces: Iterable[str]) -> Iterator[str]:
    """A stream without a `<think>` block at its start.

    Local servers that know no reasoning format pass a model's thoughts on as its answer.
    """
    held, state = "", "start"
    for piece in pieces:
        if state == "answer":
            yield piece
            continue
        held += piece
        if state == "start":
            begun = held.lstrip()
            if begun.startswith(_OPEN):
                held, state = begun[len(_OPEN) :], "thinking"
            elif _OPEN.startswith(begun):
                continue
            else:
                state = "answer"
                yield held
                continue
        if state == "thinking":
            _, found, rest = held.partition(_CLOSE)
            if not found:
                held = held[-len(_CLOSE) :]
                continue
            held, state = rest, "thought"
        held = held.lstrip()
        if held:
            state = "answer"
            yield held
    if state == "start" and held.strip():
        yield held
