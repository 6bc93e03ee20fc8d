"""Which model answers, where history is kept, and how the outside is reached."""

from pathlib import Path
from typing import Annotated

from pydantic import Field, SecretStr, field_validator
from pydantic_core import PydanticCustomError
from pydantic_settings import NoDecode

from ingest.settings import IngestSettings

RERANKERS = ("bedrock", "cross-encoder")


class Settings(IngestSettings):
    """Settings of the chat, the grader, the web page and the Slack bot."""

    model: str = "extractive"
    models: Annotated[list[str], NoDecode] = Field(default_factory=list)
    reranker: str | None = None
    data: Path = Path(".data")
    temperature: float = 0.0
    max_tokens: int = Field(default=700, gt=0)
    model_timeout: float = Field(default=60.0, gt=0)
    daily_budget_usd: float | None = Field(default=None, ge=0)

    bedrock_guardrail_id: str | None = None
    bedrock_guardrail_version: str | None = None
    openai_base_url: str | None = None
    openai_api_key: SecretStr | None = None
    ollama_base_url: str = "http://127.0.0.1:11434"

    slack_bot_token: SecretStr | None = None
    slack_app_token: SecretStr | None = None
    slack_signing_secret: SecretStr | None = None
    slack_api_url: str = "https://slack.com/api/"
    slack_host: str = "127.0.0.1"
    slack_person_limit: int = Field(default=10, gt=0)
    slack_workspace_limit: int = Field(default=300, gt=0)
    slack_workers: int = Field(default=8, gt=0)

    @field_validator("models", mode="before")
    @classmethod
    def _split_on_commas(cls, value: object) -> object:
        if isinstance(value, str):
            return [part.strip() for part in value.split(",") if part.strip()]
        return value

    @field_validator("reranker")
    @classmethod
    def _of_a_known_form(cls, value: str | None) -> str | None:
        """`bedrock:MODEL_ID`, `cross-encoder:PATH`, or None; an empty value is None."""
        if value is None or not value.strip():
            return None
        kind, _, name = value.strip().partition(":")
        if kind not in RERANKERS or not name.strip():
            raise PydanticCustomError(
                "reranker", "write bedrock:MODEL_ID or cross-encoder:PATH, or leave it unset"
            )
        return f"{kind}:{name.strip()}"
