"""What is known of a model: its price, its window, whether it caches prompts or thinks first."""

import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TypeVar

from chat.answer import Usage

T = TypeVar("T")
_FILE = Path(__file__).with_name("prices.toml")
_AREA = re.compile(r"(?:us|eu|apac|jp|au|in|ca|sa|amer|us-gov|global)\.")
_VERSION = r"(?:-\d{8})?(?:-v\d+(?::\d+)?|-\d+:\d+)?(?::\w+)?"


@dataclass(frozen=True)
class Known:
    """A model of the price table; prices in US dollars per million tokens."""

    input: float
    output: float
    window: int
    cache_read: float | None = None
    cache_write: float | None = None
    regional: float = 1.0
    long_from: int = 0
    long_factor: float = 1.0
    caches: bool = False
    thinks: bool = False


def as_of() -> str:
    """The day on which the price table was checked."""
    return _table()[0]


def known(model_id: str) -> Known | None:
    """The table's entry for a Bedrock model id, profile id or ARN; None where it has none.

    A model that is only similar does not count: another version may cost ten times as much.
    """
    return _entry(_table()[1], model_id)


def rerank_price(model_id: str) -> float | None:
    """US dollars for one call of a Bedrock reranker; None where the table has no price."""
    return _entry(_table()[2], model_id)


def _entry(table: Mapping[str, T], model_id: str) -> T | None:
    base = base_id(model_id)
    for name, entry in table.items():
        if base.startswith(name) and re.fullmatch(_VERSION, base[len(name) :]):
            return entry
    return None


def base_id(model_id: str) -> str:
    """`us.anthropic.claude-x-v1:0` or an ARN that ends in it -> `anthropic.claude-x-v1:0`."""
    return _AREA.sub("", model_id.rpartition("/")[2], count=1)


def cost(model_id: str, usage: Usage) -> float | None:
    """The estimated price of a call in US dollars, or None where the table has no price.

    `usage.input_tokens` counts all tokens of the prompt, those of the cache included.
    """
    entry = known(model_id)
    if entry is None:
        return None
    read, written = usage.cache_read_tokens, usage.cache_write_tokens
    fresh = max(0, usage.input_tokens - read - written)
    dollars = (
        fresh * entry.input
        + read * (entry.input if entry.cache_read is None else entry.cache_read)
        + written * (entry.input if entry.cache_write is None else entry.cache_write)
        + usage.output_tokens * entry.output
    ) / 1_000_000
    if not model_id.rpartition("/")[2].startswith("global."):
        dollars *= entry.regional
    if entry.long_from and usage.input_tokens > entry.long_from:
        dollars *= entry.long_factor
    return dollars


@cache
def _table() -> tuple[str, dict[str, Known], dict[str, float]]:
    content = tomllib.loads(_FILE.read_text(encoding="utf-8"))
    models = {name: Known(**row) for name, row in content["models"].items()}
    return content["as_of"], models, content["rerankers"]
