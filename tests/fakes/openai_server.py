"""An OpenAI-compatible chat server on loopback, as llama.cpp, vLLM and LM Studio offer it."""

import json
from dataclasses import dataclass
from typing import Any

from tests.fakes.wire import Call, FakeServer, Fault, Wire, pause, pieces_of, words

MODEL = "local-8b"
KEY = "sk-fake-key-of-the-loopback-server"


@dataclass
class OpenAIServer(FakeServer):
    """`/v1/models` and `/v1/chat/completions`."""

    key: str = ""
    """When set, requests need it as a bearer token."""
    models: tuple[str, ...] = (MODEL,)

    @property
    def base_url(self) -> str:
        return self.url + "/v1"

    def get(self, wire: Wire) -> None:
        if wire.path == "/v1/models":
            if not self._let_in(wire.headers.get("Authorization") or ""):
                return _refuse(wire, 401, "invalid_api_key", "Incorrect API key provided.")
            rows = [{"id": name, "object": "model"} for name in self.models]
            return wire.send_json(200, {"object": "list", "data": rows})
        wire.send_json(404, {"error": {"message": "not found"}})

    def post(self, wire: Wire, call: Call) -> None:
        self.calls.append(call)
        fault = self.next_fault()
        pause(fault.delay)
        if not self._let_in(call.headers.get("authorization", "")):
            return _refuse(wire, 401, "invalid_api_key", "Incorrect API key provided: sk-wrong.")
        if fault.status:
            return _refuse(wire, fault.status, fault.code, fault.message)
        if call.body.get("model") not in self.models:
            name = call.body.get("model")
            return _refuse(wire, 404, "model_not_found", f"The model `{name}` does not exist.")
        text = json.dumps(self.fields(call)) if "response_format" in call.body else self.reply(call)
        usage = _usage(call, text)
        if call.body.get("stream"):
            return self._stream(wire, call, fault, text, usage)
        message = {"role": "assistant", "content": text}
        choice = {"index": 0, "message": message, "finish_reason": "stop"}
        wire.send_json(200, _envelope("chat.completion", [choice], usage))

    def _let_in(self, authorization: str) -> bool:
        return not self.key or authorization == f"Bearer {self.key}"

    def _stream(
        self, wire: Wire, call: Call, fault: Fault, text: str, usage: dict[str, Any]
    ) -> None:
        wire.start_stream("text/event-stream")
        deltas: list[dict[str, Any]] = [{"role": "assistant", "content": ""}]
        deltas += [{"content": piece} for piece in pieces_of(text)]
        for sent, delta in enumerate(deltas):
            if fault.after is not None and sent > fault.after:
                if not fault.event:
                    return wire.drop()
                return _send(wire, {"error": {"code": 500, "message": fault.message}}, last=True)
            pause(fault.chunk_delay)
            choice = {"index": 0, "delta": delta, "finish_reason": None}
            _send(wire, _envelope("chat.completion.chunk", [choice]))
        if not fault.truncate:
            last = {"index": 0, "delta": {}, "finish_reason": "stop"}
            _send(wire, _envelope("chat.completion.chunk", [last]))
            if (call.body.get("stream_options") or {}).get("include_usage"):
                _send(wire, _envelope("chat.completion.chunk", [], usage))
            wire.send_piece(b"data: [DONE]\n\n")
        wire.end_stream()


def _envelope(
    kind: str, choices: list[dict[str, Any]], usage: dict[str, Any] | None = None
) -> dict[str, Any]:
    body = {"id": "c1", "object": kind, "created": 1, "model": MODEL, "choices": choices}
    return {**body, "usage": usage} if usage else body


def _usage(call: Call, text: str) -> dict[str, Any]:
    given = sum(words(str(message.get("content", ""))) for message in call.body["messages"])
    return {
        "prompt_tokens": given,
        "completion_tokens": words(text),
        "total_tokens": given + words(text),
    }


def _send(wire: Wire, event: dict[str, Any], last: bool = False) -> None:
    wire.send_piece(b"data: " + json.dumps(event).encode() + b"\n\n")
    if last:
        wire.end_stream()


def _refuse(wire: Wire, status: int, code: str, message: str) -> None:
    wire.send_json(status, {"error": {"message": message, "type": "error", "code": code}})
