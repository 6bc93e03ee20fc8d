"""An Ollama server on loopback: its tags, its version and `/api/chat` as JSON lines."""

import json
from dataclasses import dataclass
from typing import Any

from tests.fakes.wire import Call, FakeServer, Fault, Wire, pause, pieces_of, words

MODEL = "llama3.2:3b"


@dataclass
class OllamaServer(FakeServer):
    """A server that has pulled some models."""

    models: tuple[str, ...] = (MODEL,)
    thinks: bool = False
    """Whether the models reason aloud unless they are told not to."""

    def get(self, wire: Wire) -> None:
        if wire.path == "/api/tags":
            rows = [{"name": name, "model": name, "size": 2_000_000_000} for name in self.models]
            return wire.send_json(200, {"models": rows})
        if wire.path == "/api/version":
            return wire.send_json(200, {"version": "0.13.0"})
        wire.send_json(404, {"error": "not found"})

    def post(self, wire: Wire, call: Call) -> None:
        self.calls.append(call)
        fault = self.next_fault()
        pause(fault.delay)
        name = call.body.get("model", "")
        if fault.status:
            return wire.send_json(fault.status, {"error": fault.message})
        if name not in self.models and f"{name}:latest" not in self.models:
            return wire.send_json(404, {"error": f"model '{name}' not found"})
        if call.body.get("think") and not self.thinks:
            return wire.send_json(400, {"error": f'"{name}" does not support thinking'})
        text = json.dumps(self.fields(call)) if call.body.get("format") else self.reply(call)
        given = sum(words(message["content"]) for message in call.body["messages"])
        last = {
            "done": True,
            "done_reason": "stop",
            "prompt_eval_count": given,
            "eval_count": words(text),
        }
        if call.body.get("stream", True):
            return self._stream(wire, call, fault, text, last)
        wire.send_json(200, {**_line(name, text), **last})

    def _stream(
        self, wire: Wire, call: Call, fault: Fault, text: str, last: dict[str, Any]
    ) -> None:
        wire.start_stream("application/x-ndjson")
        name = call.body["model"]
        if self.thinks and call.body.get("think") is not False:
            _send(wire, {**_line(name, ""), "message": {"role": "assistant", "thinking": "Hm."}})
        for sent, piece in enumerate(pieces_of(text)):
            if fault.after is not None and sent >= fault.after:
                if not fault.event:
                    return wire.drop()
                _send(wire, {"error": fault.message})
                return wire.end_stream()
            pause(fault.chunk_delay)
            _send(wire, _line(name, piece))
        if not fault.truncate:
            _send(wire, {**_line(name, ""), **last})
        wire.end_stream()


def _line(name: str, text: str) -> dict[str, Any]:
    message = {"role": "assistant", "content": text}
    return {"model": name, "created_at": "2026-11-01T00:00:00Z", "message": message, "done": False}


def _send(wire: Wire, line: dict[str, Any]) -> None:
    wire.send_piece(json.dumps(line).encode() + b"\n")
