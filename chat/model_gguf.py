"""A llama.cpp model file run in this process: found, checked, loaded once, streamed.

`xllamacpp` is llama.cpp's own server with its C++ calls open to Python. It also listens on
a loopback port that can't be turned off, so that port gets a random key: no other program
and no web page can use it.
"""

import importlib.util
import os
import secrets
import threading
from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path
from typing import Any

from langchain_core.exceptions import ContextOverflowError
from langchain_core.language_models import BaseChatModel
from langchain_core.messages import AIMessage, AIMessageChunk, BaseMessage
from langchain_core.messages.ai import UsageMetadata
from langchain_core.outputs import ChatGeneration, ChatGenerationChunk, ChatResult
from langchain_core.runnables import Runnable, RunnableLambda

from chat.model_deadline import Deadline, OutOfTime, current
from chat.model_errors import ModelError
from chat.model_gguf_file import model_file, read_header, window_of
from chat.model_spec import Opened, Spec
from chat.settings import Settings

_BATCH = 256
"""Prompt tokens between two looks at the clock."""
_LOADING = threading.Lock()


class GgufChat(BaseChatModel):
    """A chat model over one file. Loading waits for the first call; threads take turns."""

    path: Path
    temperature: float = 0.0
    max_tokens: int = 700

    @property
    def _llm_type(self) -> str:
        return "gguf"

    def _generate(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: Any = None,
        **kwargs: Any,
    ) -> ChatResult:
        whole: AIMessageChunk | None = None
        for chunk in self._stream(messages, stop, run_manager, **kwargs):
            assert isinstance(chunk.message, AIMessageChunk)
            whole = chunk.message if whole is None else whole + chunk.message
        if whole is None:
            raise ModelError("other", f"gguf:{self.path.name} gave no answer. Try another model.")
        message = AIMessage(
            whole.content,
            usage_metadata=whole.usage_metadata,
            response_metadata=whole.response_metadata,
        )
        return ChatResult(generations=[ChatGeneration(message=message)])

    def _stream(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: Any = None,
        **kwargs: Any,
    ) -> Iterator[ChatGenerationChunk]:
        from langchain_core.messages import convert_to_openai_messages

        request: dict[str, Any] = {
            "messages": convert_to_openai_messages(messages, text_format="string"),
            "temperature": self.temperature,
            "max_tokens": self.max_tokens,
            "stream": True,
            "stream_options": {"include_usage": True},
            # Progress through the prompt is reported, so that a long one can be given up.
            "return_progress": True,
            "chat_template_kwargs": {"enable_thinking": False},
            **({"stop": stop} if stop else {}),
            **kwargs,
        }
        for event in _events(self.path, request):
            chunk = _chunk(event)
            if chunk is not None:
                if run_manager:
                    run_manager.on_llm_new_token(chunk.text, chunk=chunk)
                yield chunk

    def with_structured_output(
        self, schema: Any, *, include_raw: bool = False, **kwargs: Any
    ) -> Runnable[Any, Any]:
        """A model whose output is held to the schema by a grammar while it is generated."""
        form = {"name": schema.__name__, "schema": schema.model_json_schema()}
        bound = self.bind(response_format={"type": "json_schema", "json_schema": form})

        def parse(message: BaseMessage) -> Any:
            parsed, error = None, None
            try:
                parsed = schema.model_validate_json(message.text)
            except ValueError as wrong:
                if not include_raw:
                    raise
                error = wrong
            if not include_raw:
                return parsed
            return {"raw": message, "parsed": parsed, "parsing_error": error}

        return bound | RunnableLambda(parse)


def open_gguf(spec: Spec, settings: Settings) -> Opened:
    """The model file that `spec` names, checked but not loaded.

    Raises:
        ModelError: the file is missing or is no model, or xllamacpp is not installed.
    """
    path = model_file(spec.name)
    read_header(path)
    if importlib.util.find_spec("xllamacpp") is None:
        raise ModelError("other", "gguf models need xllamacpp. Run: pip install -e '.[local]'")
    chat = GgufChat(path=path, temperature=settings.temperature, max_tokens=settings.max_tokens)
    return Opened(chat=chat)


def _events(path: Path, request: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """The server's events, handed over from the thread in which llama.cpp calls back."""
    import queue

    deadline = current() or Deadline(float("inf"))
    handed: queue.SimpleQueue[Any] = queue.SimpleQueue()
    gone = threading.Event()

    def take(event: Any) -> bool:
        """True asks llama.cpp to stop."""
        handed.put(event)
        return gone.is_set() or deadline.left <= 0

    def run() -> None:
        try:
            result = _server(path).handle_chat_completions(request, take)
            if isinstance(result, dict):
                handed.put(result)
            handed.put(None)
        except BaseException as error:
            handed.put(error)

    # Not a daemon: llama.cpp must have left its call before the interpreter is torn down.
    threading.Thread(target=run, name="llama.cpp", daemon=False).start()
    try:
        while (event := handed.get()) is not None:
            if isinstance(event, BaseException):
                raise event
            yield event
        if deadline.left <= 0:
            raise OutOfTime
    finally:
        gone.set()


def _chunk(event: dict[str, Any]) -> ChatGenerationChunk | None:
    if "error" in event:
        said = str(event["error"].get("message"))
        if event["error"].get("type") == "exceed_context_size_error":
            raise ContextOverflowError(said)
        raise RuntimeError(said)
    usage = event.get("usage")
    if usage:
        cached = (usage.get("prompt_tokens_details") or {}).get("cached_tokens") or 0
        counted = UsageMetadata(
            input_tokens=usage["prompt_tokens"],
            output_tokens=usage["completion_tokens"],
            total_tokens=usage["total_tokens"],
            input_token_details={"cache_read": cached},
        )
        return ChatGenerationChunk(message=AIMessageChunk(content="", usage_metadata=counted))
    for choice in event.get("choices") or []:
        text = (choice.get("delta") or {}).get("content") or ""
        reason = choice.get("finish_reason")
        if text or reason:
            metadata = {"finish_reason": reason} if reason else {}
            message = AIMessageChunk(content=text, response_metadata=metadata)
            return ChatGenerationChunk(message=message)
    return None


def _server(path: Path) -> Any:
    """The loaded model. One is kept: two would fill the memory of a laptop."""
    state = path.stat()
    with _LOADING:
        return _loaded(path.resolve(), state.st_mtime_ns, state.st_size)


@lru_cache(maxsize=1)
def _loaded(path: Path, _changed: int, _size: int) -> Any:
    import xllamacpp

    params = xllamacpp.CommonParams()
    params.model.path = str(path)
    params.n_ctx = window_of(str(path))
    params.n_parallel = 1
    params.n_batch = params.n_ubatch = _BATCH
    for cpu in (params.cpuparams, params.cpuparams_batch):
        cpu.n_threads = _threads()
        cpu.poll = 0
    params.cache_ram_mib = 0
    params.warmup = False
    params.verbosity = -1
    params.api_keys = [secrets.token_urlsafe(32)]
    params.ui = params.endpoint_slots = False
    try:
        return xllamacpp.Server(params)
    except RuntimeError:
        raise ModelError(
            "other",
            f"llama.cpp can't load {path.name}. "
            "Check that the file is whole and that there is memory enough for it.",
        ) from None


def _threads() -> int:
    """Half the cores: llama.cpp's threads wait for each other at every layer, so that one that
    shares its core with another program slows down all of them, up to forty times."""
    allowed = getattr(os, "sched_getaffinity", None)
    cores = len(allowed(0)) if allowed else (os.cpu_count() or 1)
    wanted = os.environ.get("OMP_NUM_THREADS", "")
    if wanted.isdigit() and int(wanted):
        return min(cores, int(wanted))
    return max(1, cores // 2)
