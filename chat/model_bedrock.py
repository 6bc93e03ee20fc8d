"""Amazon Bedrock through langchain-aws: clients, inference profiles, guardrail, prompt cache."""

import os
from collections.abc import Sequence
from functools import cache
from typing import TYPE_CHECKING, Any

from chat import model_prices
from chat.model_deadline import refuse_when_over
from chat.model_errors import ModelError, from_exception
from chat.model_spec import Opened, Spec
from chat.settings import Settings

if TYPE_CHECKING:
    from langchain_core.messages import BaseMessage

_ATTEMPTS = 4
_THINKING_TOKENS = 2000
"""Room for a model that always reasons: its thoughts count as output."""
_CACHE_POINTS = 3
"""Bedrock allows four; one stays free for the caller."""


def open_bedrock(spec: Spec, settings: Settings) -> Opened:
    """The Converse model that `spec` names, with its clients.

    Raises:
        ModelError: no region, no credentials, or a profile that can't be resolved.
    """
    try:
        return _open(spec, settings)
    except ModelError:
        raise
    except Exception as error:
        raise from_exception(error, str(spec), settings.model_timeout) from None


def session(settings: Settings, quick: bool = False) -> Any:
    """A boto3 session by boto3's own chain of settings, profiles and roles.

    Args:
        settings: the profile and region, where they are set.
        quick: give up on the metadata service of a cloud machine after half a second.
    """
    import boto3
    import botocore.session

    core = botocore.session.Session(profile=settings.bedrock_profile or None)
    if quick:
        core.set_config_variable("metadata_service_timeout", 0.5)
    core.register_component("data_loader", _loader(core.get_config_variable("data_path")))
    # boto3 itself reads AWS_DEFAULT_REGION only; Lambda, ECS and people set AWS_REGION.
    region = settings.bedrock_region or os.environ.get("AWS_REGION") or None
    return boto3.Session(botocore_session=core, region_name=region)


def client_config(seconds: float, mode: str, attempts: int) -> Any:
    """Botocore's configuration of a client: the read timeout, how and how often it retries."""
    from botocore.config import Config

    return Config(
        connect_timeout=5,
        read_timeout=seconds,
        retries={"mode": mode, "total_max_attempts": attempts},
        max_pool_connections=32,
        tcp_keepalive=True,
    )


@cache
def _loader(data_path: str | None) -> Any:
    """Botocore's reader of its descriptions of AWS: megabytes of JSON, read once a process."""
    from botocore.loaders import create_loader

    return create_loader(data_path)


def uses_api_key() -> bool:
    """Whether a Bedrock API key stands in for AWS credentials."""
    return bool(os.environ.get("AWS_BEARER_TOKEN_BEDROCK"))


def check_credentials(session: Any) -> str:
    """Where the credentials come from, in boto3's words.

    Raises:
        ModelError: there are none.
    """
    from botocore.exceptions import NoCredentialsError

    if uses_api_key():
        return "api-key"
    credentials = session.get_credentials()
    if credentials is None:
        raise from_exception(NoCredentialsError(), "bedrock_converse:", 0.0)
    return str(credentials.method)


def with_cache_points(messages: "Sequence[BaseMessage]") -> "list[BaseMessage]":
    """The messages with a cache point after each lasting part.

    Lasting are system messages, and of a message in several text parts all but the last.
    A short prefix is not cached and costs nothing more; what varies belongs at the end, or
    the cache is written again each time and never read.
    """
    from langchain_core.messages import SystemMessage

    point = {"cachePoint": {"type": "default"}}
    out: list[BaseMessage] = []
    left = _CACHE_POINTS
    for message in messages:
        content: list[Any] = []
        parts = message.content if isinstance(message.content, list) else []
        if isinstance(message, SystemMessage) and isinstance(message.content, str) and left:
            content = [{"type": "text", "text": message.content}, point]
            left -= 1
        for place, part in enumerate(parts):
            content.append(part)
            if place + 1 < len(parts) and left:
                content.append(point)
                left -= 1
        out.append(message.model_copy(update={"content": content}) if content else message)
    return out


def _open(spec: Spec, settings: Settings) -> Opened:
    from botocore.config import Config

    aws = session(settings)
    config = client_config(settings.model_timeout, "adaptive", _ATTEMPTS)
    client = aws.client(
        "bedrock-runtime", endpoint_url=settings.bedrock_endpoint_url, config=config
    )
    check_credentials(aws)
    client.meta.events.register("before-send.bedrock-runtime", refuse_when_over)
    control = aws.client("bedrock", config=config.merge(Config(read_timeout=5)))
    base = _resolved(spec.name, control)
    chat = _chat_model(spec.name, base, client, control, settings)
    entry = model_prices.known(base)
    return Opened(
        chat=chat,
        paid=True,
        price_id=base,
        region=client.meta.region_name,
        caches=entry is not None and entry.caches,
    )


def _chat_model(name: str, base: str, client: Any, control: Any, settings: Settings) -> Any:
    from langchain_aws import ChatBedrockConverse

    entry = model_prices.known(base)
    thinks = entry is not None and entry.thinks
    fields: dict[str, Any] = {
        "model": name,
        "client": client,
        "bedrock_client": control,
        "max_tokens": settings.max_tokens + (_THINKING_TOKENS if thinks else 0),
    }
    if settings.bedrock_guardrail_id:
        fields["guardrails"] = {
            "guardrailIdentifier": settings.bedrock_guardrail_id,
            "guardrailVersion": settings.bedrock_guardrail_version or "DRAFT",
        }
    if name.startswith("arn:"):
        fields["provider"] = model_prices.base_id(base).partition(".")[0] or "unknown"
        if base != name:
            fields["base_model"] = base
    chat = ChatBedrockConverse(**fields)
    profile = chat.profile or {}
    levels = profile.get("reasoning_effort_levels") or ()
    # The passages hold the answer, so that long thoughts would only cost time and money.
    effort = next((level for level in ("none", "low") if level in levels), None)
    if thinks and effort:
        fields["reasoning_effort"] = effort
        chat = ChatBedrockConverse(**fields)
    if profile.get("temperature") is not False:
        chat.temperature = settings.temperature
    return chat


def _resolved(name: str, control: Any) -> str:
    """The model behind an application inference profile; other names stand for themselves."""
    if "application-inference-profile/" not in name:
        return name
    found = control.get_inference_profile(inferenceProfileIdentifier=name)
    models = found.get("models") or [{}]
    return str(models[0].get("modelArn", name)).rpartition("/")[2]
