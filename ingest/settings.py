"""Where the index lives and how documents are read, from `GUIDE_*` variables and `.env`.

All of the product's variables share one prefix, and a misspelt one must not pass in
silence: `KNOWN_NAMES` lists the names of every part (a test keeps it in step with the
settings classes), so that each command can refuse a name that none of them reads.
"""

import difflib
import os
from pathlib import Path
from typing import Any, Self

from pydantic import ValidationError
from pydantic_settings import BaseSettings, SettingsConfigDict

from ingest.errors import GuideError

PREFIX = "GUIDE_"
ENV_FILE = ".env"

KNOWN_NAMES = frozenset(
    {
        "BEDROCK_ENDPOINT_URL",
        "BEDROCK_GUARDRAIL_ID",
        "BEDROCK_GUARDRAIL_VERSION",
        "BEDROCK_PROFILE",
        "BEDROCK_REGION",
        "CORPUS",
        "DAILY_BUDGET_USD",
        "DATA",
        "EMBEDDING",
        "INDEX",
        "MAX_FILE_MB",
        "MAX_TOKENS",
        "MODEL",
        "MODELS",
        "MODEL_TIMEOUT",
        "OLLAMA_BASE_URL",
        "OPENAI_API_KEY",
        "OPENAI_BASE_URL",
        "RERANKER",
        "SLACK_API_URL",
        "SLACK_APP_TOKEN",
        "SLACK_BOT_TOKEN",
        "SLACK_HOST",
        "SLACK_PERSON_LIMIT",
        "SLACK_SIGNING_SECRET",
        "SLACK_WORKERS",
        "SLACK_WORKSPACE_LIMIT",
        "TEMPERATURE",
    }
)


class SettingsError(GuideError):
    """A `GUIDE_*` name that nothing reads, or a value that does not fit."""


class GuideSettings(BaseSettings):
    """What every part of the product reads in the same way."""

    model_config = SettingsConfigDict(
        env_prefix=PREFIX,
        env_file=ENV_FILE,
        env_file_encoding="utf-8",
        extra="ignore",
        protected_namespaces=(),
    )

    @classmethod
    def load(cls, **overrides: Any) -> Self:
        """Read the settings, with `overrides` (None values left out) on top.

        Raises:
            SettingsError: an unknown `GUIDE_*` name, or a value of the wrong form.
        """
        _refuse_unknown_names()
        given = {key: value for key, value in overrides.items() if value is not None}
        try:
            return cls(**given)
        except ValidationError as error:
            first = error.errors()[0]
            name = PREFIX + "_".join(str(part) for part in first["loc"]).upper()
            raise SettingsError(f"{name} is not usable: {first['msg']}.") from None


class IngestSettings(GuideSettings):
    """Settings of `python -m ingest`."""

    index: Path = Path(".index")
    corpus: Path = Path("corpus")
    embedding: str = "all-MiniLM-L6-v2"
    max_file_mb: float = 25.0
    bedrock_region: str | None = None
    bedrock_profile: str | None = None
    bedrock_endpoint_url: str | None = None


def _refuse_unknown_names() -> None:
    for name in sorted(_names_in_use()):
        short = name[len(PREFIX) :]
        if short in KNOWN_NAMES:
            continue
        nearest = difflib.get_close_matches(short, KNOWN_NAMES, n=1, cutoff=0.0)[0]
        raise SettingsError(f"Unknown setting {name}. Did you mean {PREFIX}{nearest}?")


def _names_in_use() -> set[str]:
    names = {name.upper() for name in os.environ}
    path = Path(ENV_FILE)
    if path.is_file():
        from dotenv import dotenv_values

        names |= {name.upper() for name in dotenv_values(path, encoding="utf-8")}
    return {name for name in names if name.startswith(PREFIX)}
