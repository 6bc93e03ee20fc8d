"""A model string taken apart, and what opening it gives, the same for all providers."""

import difflib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from chat.answer import EXTRACTIVE
from chat.model_errors import ModelError

if TYPE_CHECKING:
    from langchain_core.language_models import BaseChatModel

Provider = Literal["bedrock_converse", "ollama", "openai", "gguf"]
PROVIDERS: tuple[Provider, ...] = ("bedrock_converse", "ollama", "openai", "gguf")
EXAMPLES: dict[Provider, str] = {
    "bedrock_converse": "bedrock_converse:amazon.nova-lite-v1:0",
    "ollama": "ollama:llama3.2",
    "openai": "openai:NAME",
    "gguf": "gguf:smollm2",
}
_ALSO_CALLED = {"bedrock": "bedrock_converse", "aws": "bedrock_converse", "llama.cpp": "gguf"}
_TITLES: dict[Provider, str] = {
    "bedrock_converse": "Bedrock",
    "ollama": "Ollama",
    "openai": "OpenAI-compatible",
    "gguf": "this computer",
}


@dataclass(frozen=True)
class Spec:
    """`provider:name`; the name may hold further colons."""

    provider: Provider
    name: str

    def __str__(self) -> str:
        return f"{self.provider}:{self.name}"


@dataclass(frozen=True)
class Opened:
    """A LangChain chat model with what is known of the place where it runs."""

    chat: "BaseChatModel"
    paid: bool = False
    """Whether a call costs money."""
    price_id: str = ""
    """The model's id in the price table; may differ from its name (profiles, ARNs)."""
    region: str = ""
    caches: bool = False
    """Whether the system prompt is marked for the provider's prompt cache."""


def parse(spec: str) -> Spec:
    """Take a model string apart.

    Raises:
        ModelError: it names no provider that is known, no model, or is `extractive`.
    """
    given, _, name = spec.strip().partition(":")
    if spec.strip() == EXTRACTIVE:
        raise ModelError("unknown_model", "extractive answers without a model; there is none.")
    for provider in PROVIDERS:
        if given == provider and name.strip():
            return Spec(provider, name.strip())
        if given == provider:
            raise ModelError(
                "unknown_model", f"{given}: names no model. Write it as {EXAMPLES[provider]}"
            )
    near = _ALSO_CALLED.get(given.lower())
    if near is None and given:
        near = next(iter(difflib.get_close_matches(given.lower(), PROVIDERS, 1, 0.6)), None)
    examples = "Examples: " + ", ".join([EXTRACTIVE, *EXAMPLES.values()])
    hint = f"Did you mean {near}:{name}?" if near and name else examples
    raise ModelError("unknown_model", f"Unknown model {spec.strip()[:80]!r}. {hint}")


def label_of(spec: str) -> str:
    """A model string as the pickers show it."""
    if spec == EXTRACTIVE:
        return "Extractive (no model)"
    provider, _, name = spec.partition(":")
    for known in PROVIDERS:
        if provider == known:
            short = name.rpartition("/")[2]
            return f"{short} ({_TITLES[known]})"
    return spec
