"""A model string -> a chat model; the one door to every provider.

Nothing outside `chat/model*.py` knows a provider's name.
"""

from chat import model_prices
from chat.answer import EXTRACTIVE
from chat.model_availability import Availability, available
from chat.model_chat import ChatModel, Reply
from chat.model_errors import ModelError
from chat.model_spec import parse
from chat.model_usage import CallUsage, Ledger, Meter
from chat.settings import Settings

__all__ = [
    "Availability",
    "CallUsage",
    "ChatModel",
    "Meter",
    "ModelError",
    "Reply",
    "available",
    "context_window",
    "open_model",
]

_CAUTIOUS_WINDOW = 8192
"""Tokens assumed of a model that nothing is known of."""


def open_model(spec: str, settings: Settings, ledger: Ledger | None = None) -> ChatModel:
    """The model that a model string names; no prompt is sent yet. Open it once and keep it.

    Args:
        spec: `bedrock_converse:ID`, `ollama:NAME`, `openai:NAME` or `gguf:PATH`.
        settings: limits, places and credentials.
        ledger: where each call is counted (a `History`); with a daily budget and none given,
            the history database of `settings.data`.

    Raises:
        ModelError: the model can't be used; one sentence says why and what to do.
    """
    parsed = parse(spec)
    if parsed.provider == "bedrock_converse":
        from chat.model_bedrock import open_bedrock as opener
    elif parsed.provider == "ollama":
        from chat.model_servers import open_ollama as opener
    elif parsed.provider == "openai":
        from chat.model_servers import open_openai as opener
    else:
        from chat.model_gguf import open_gguf as opener
    opened = opener(parsed, settings)
    if ledger is None and opened.paid and settings.daily_budget_usd is not None:
        from chat.history import History

        ledger = History(settings.data)
    return ChatModel(str(parsed), opened, settings, ledger)


def context_window(spec: str) -> int:
    """Tokens that prompt and answer may have together; 0 for `extractive`.

    Raises:
        ModelError: the string names no model.
    """
    if spec == EXTRACTIVE:
        return 0
    parsed = parse(spec)
    if parsed.provider == "gguf":
        from chat.model_gguf_file import window_of

        return window_of(parsed.name)
    if parsed.provider == "ollama":
        from chat.model_servers import OLLAMA_WINDOW

        return OLLAMA_WINDOW
    entry = model_prices.known(parsed.name)
    return entry.window if entry else _CAUTIOUS_WINDOW
