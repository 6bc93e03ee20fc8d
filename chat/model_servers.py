"""Models behind a local or compatible server: Ollama, and any that speaks OpenAI's protocol."""

import ipaddress
import os
from typing import Any
from urllib.parse import urlsplit

from chat.model_deadline import refuse_when_over
from chat.model_errors import ModelError, from_exception
from chat.model_spec import Opened, Spec
from chat.settings import Settings

OPENAI_URL = "https://api.openai.com/v1"
OLLAMA_WINDOW = 8192
"""Tokens. Always asked for: Ollama's own default is smaller, and it cuts prompts in silence."""
_NEEDS = "{package} is not installed. Run: pip install -e '.[providers]'"
_PROBE_SECONDS = 0.6


def open_ollama(spec: Spec, settings: Settings) -> Opened:
    """The Ollama model that `spec` names; nothing is sent yet.

    Raises:
        ModelError: langchain-ollama is not installed.
    """
    try:
        from langchain_ollama import ChatOllama
    except ImportError:
        raise ModelError("other", _NEEDS.format(package="langchain-ollama")) from None
    hooks = {"request": [refuse_when_over]}
    chat = ChatOllama(
        model=spec.name,
        base_url=settings.ollama_base_url,
        temperature=settings.temperature,
        num_predict=settings.max_tokens,
        num_ctx=OLLAMA_WINDOW,
        # gpt-oss can't be told not to think, only to think little.
        reasoning="low" if spec.name.startswith("gpt-oss") else False,
        sync_client_kwargs={"timeout": settings.model_timeout, "event_hooks": hooks},
    )
    return Opened(chat=chat)


def open_openai(spec: Spec, settings: Settings) -> Opened:
    """The model that `spec` names on the server at `GUIDE_OPENAI_BASE_URL`; nothing is sent yet.

    Raises:
        ModelError: langchain-openai is not installed, or OpenAI itself is meant without a key.
    """
    try:
        import openai
        from langchain_openai import ChatOpenAI
    except ImportError:
        raise ModelError("other", _NEEDS.format(package="langchain-openai")) from None
    url = settings.openai_base_url or OPENAI_URL
    official = url.startswith("https://api.openai.com/")
    fields: dict[str, Any] = {"max_tokens": settings.max_tokens}
    if not official:
        # Compatible servers know the older name of the limit; the client renames it.
        fields = {"temperature": settings.temperature}
        fields["extra_body"] = {"max_tokens": settings.max_tokens}
    chat = ChatOpenAI(
        model=spec.name,
        base_url=url,
        api_key=_key(settings, official),
        timeout=settings.model_timeout,
        max_retries=2,
        stream_usage=True,
        http_client=openai.DefaultHttpxClient(
            timeout=settings.model_timeout, event_hooks={"request": [refuse_when_over]}
        ),
        **fields,
    )
    return Opened(chat=chat, paid=not is_own_server(url), price_id=f"openai:{spec.name}")


def is_own_server(url: str) -> bool:
    """Whether a server is on this computer or in the house, where a call costs nothing."""
    host = urlsplit(url).hostname or ""
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        return "." not in host or host.endswith((".local", ".internal", ".lan", ".home.arpa"))
    return address.is_loopback or address.is_private


def ollama_models(settings: Settings) -> list[str]:
    """The models that Ollama has, embedding models left out.

    Raises:
        ModelError: it can't be reached or does not answer at once.
    """
    answer = _get(settings.ollama_base_url.rstrip("/") + "/api/tags", "ollama:", settings)
    names = [str(row.get("name", "")) for row in answer.get("models") or []]
    return [name for name in names if name and "embed" not in name]


def openai_models(settings: Settings) -> list[str]:
    """The models that the OpenAI-compatible server lists.

    Raises:
        ModelError: it can't be reached, does not answer at once or wants a key.
    """
    url = settings.openai_base_url or OPENAI_URL
    answer = _get(url.rstrip("/") + "/models", "openai:", settings)
    return [str(row["id"]) for row in answer.get("data") or [] if row.get("id")]


def _key(settings: Settings, official: bool) -> Any:
    """The API key. The one in OPENAI_API_KEY is for OpenAI alone and goes to no other server."""
    from pydantic import SecretStr

    if settings.openai_api_key is not None:
        return settings.openai_api_key
    if not official:
        return SecretStr("none")
    if os.environ.get("OPENAI_API_KEY"):
        return SecretStr(os.environ["OPENAI_API_KEY"])
    raise ModelError(
        "no_credentials",
        "No OpenAI-compatible server is set. Set GUIDE_OPENAI_BASE_URL "
        "(for example http://127.0.0.1:8080/v1), or GUIDE_OPENAI_API_KEY for OpenAI itself.",
    )


def _get(url: str, spec: str, settings: Settings) -> dict[str, Any]:
    """A short look at a server, for the pickers: it must not keep a page waiting."""
    import httpx

    headers = {}
    if spec == "openai:":
        key = _key(settings, url.startswith(OPENAI_URL)).get_secret_value()
        headers["Authorization"] = f"Bearer {key}"
    try:
        response = httpx.get(url, headers=headers, timeout=_PROBE_SECONDS)
        response.raise_for_status()
        answer = response.json()
    except httpx.HTTPStatusError as error:
        if error.response.status_code in {401, 403}:
            raise ModelError(
                "no_credentials", "The server does not accept the API key (GUIDE_OPENAI_API_KEY)."
            ) from None
        raise ModelError(
            "other", f"The server answers with HTTP {error.response.status_code} at {url}."
        ) from None
    except httpx.TimeoutException:
        raise ModelError("timeout", f"The server at {url} does not answer.") from None
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        raise from_exception(error, spec, _PROBE_SECONDS) from None
    except ValueError:
        raise ModelError("other", f"What answers at {url} is no model server.") from None
    return answer if isinstance(answer, dict) else {}
