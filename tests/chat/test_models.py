"""All providers through their real clients, against servers that speak the real protocols."""

import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from langchain_core.messages import HumanMessage, SystemMessage
from pydantic import BaseModel

from chat.history import History
from chat.models import ChatModel, Meter, ModelError, context_window, open_model
from chat.settings import Settings
from tests.fakes import bedrock_server, ollama_server, openai_server
from tests.fakes.bedrock_server import BedrockServer
from tests.fakes.ollama_server import OllamaServer
from tests.fakes.openai_server import OpenAIServer
from tests.fakes.wire import FakeServer, Fault

BEDROCK = f"bedrock_converse:{bedrock_server.NOVA}"
OPENAI = f"openai:{openai_server.MODEL}"
OLLAMA = f"ollama:{ollama_server.MODEL}"
ALL = [BEDROCK, OPENAI, OLLAMA]
MESSAGES = [
    SystemMessage("Answer from the passages."),
    HumanMessage("How long does a queue keep a message?"),
]
ANSWER = "A queue keeps a message for 4 days [1]."


class Verdict(BaseModel):
    """How good an answer is."""

    score: int
    reason: str


class Providers:
    """The three servers, and settings that point to them."""

    def __init__(self, data: Path) -> None:
        self.bedrock = BedrockServer()
        self.openai = OpenAIServer()
        self.ollama = OllamaServer()
        self._data = data

    def settings(self, **more: object) -> Settings:
        fields: dict[str, object] = {
            "data": self._data,
            "bedrock_region": "us-east-1",
            "bedrock_endpoint_url": self.bedrock.url,
            "openai_base_url": self.openai.base_url,
            "ollama_base_url": self.ollama.url,
            "model_timeout": 20.0,
            **more,
        }
        return Settings(**fields)  # type: ignore[arg-type]

    def behind(self, spec: str) -> FakeServer:
        return {BEDROCK: self.bedrock, OPENAI: self.openai, OLLAMA: self.ollama}[spec]

    def open(self, spec: str, ledger: History | None = None, **more: object) -> ChatModel:
        return open_model(spec, self.settings(**more), ledger)


@pytest.fixture
def providers(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Providers]:
    bedrock_server.use_credentials(monkeypatch)
    servers = Providers(tmp_path)
    with servers.bedrock, servers.openai, servers.ollama:
        yield servers


def wait_for_calls_to_end() -> None:
    """Until the threads of abandoned calls have noticed."""
    for thread in threading.enumerate():
        if thread.name == "model call":
            thread.join(10)
            assert not thread.is_alive()


def kind_of(model: ChatModel) -> str:
    with pytest.raises(ModelError) as caught:
        model.invoke(MESSAGES)
    message = str(caught.value)
    assert "\n" not in message
    assert message.endswith((".", ")", "2"))
    return caught.value.kind


@pytest.mark.parametrize("spec", ALL)
def test_an_answer_arrives_in_pieces_and_its_usage_after_them(
    providers: Providers, spec: str
) -> None:
    reply = providers.open(spec).stream(MESSAGES)
    pieces = list(reply)
    assert len(pieces) > 3
    assert "".join(pieces) == ANSWER == reply.text
    assert reply.usage.input_tokens == 12
    assert reply.usage.output_tokens == 9
    assert reply.stop == "end"
    assert reply.usage.first_text_seconds is not None
    assert 0 < reply.usage.first_text_seconds <= reply.usage.seconds


@pytest.mark.parametrize("spec", ALL)
def test_the_first_piece_is_handed_over_before_the_last_is_written(
    providers: Providers, spec: str
) -> None:
    providers.behind(spec).faults.append(Fault(chunk_delay=0.1))
    reply = providers.open(spec).stream(MESSAGES)
    next(reply)
    first = time.perf_counter()
    for _ in reply:
        pass
    assert time.perf_counter() - first > 0.3


@pytest.mark.parametrize("spec", ALL)
def test_a_form_is_filled_in_as_the_schema_says(providers: Providers, spec: str) -> None:
    providers.behind(spec).fields = lambda call: {"score": 7, "reason": "it names the limit"}
    meter = Meter()
    verdict = providers.open(spec).structured(Verdict, MESSAGES, meter=meter)
    assert verdict == Verdict(score=7, reason="it names the limit")
    assert meter.usage.input_tokens == 12


@pytest.mark.parametrize("spec", ALL)
def test_a_form_that_does_not_fit_is_one_sentence(providers: Providers, spec: str) -> None:
    providers.behind(spec).fields = lambda call: {"score": "seven or so"}
    with pytest.raises(ModelError, match="did not fill in the form") as caught:
        providers.open(spec).structured(Verdict, MESSAGES)
    assert caught.value.kind == "other"


@pytest.mark.parametrize("spec", ALL)
def test_the_limits_of_the_settings_are_sent(providers: Providers, spec: str) -> None:
    providers.open(spec, max_tokens=123, temperature=0.25).invoke(MESSAGES)
    body = providers.behind(spec).calls[0].body
    sent = body.get("inferenceConfig") or body.get("options") or body
    assert 123 in {sent.get("maxTokens"), sent.get("num_predict"), sent.get("max_tokens")}
    assert sent["temperature"] == 0.25


@pytest.mark.parametrize("spec", ALL)
def test_a_model_that_falls_silent_is_left_when_the_time_is_up(
    providers: Providers, spec: str
) -> None:
    providers.behind(spec).faults.append(Fault(chunk_delay=30))
    started = time.perf_counter()
    assert kind_of(providers.open(spec, model_timeout=0.4)) == "timeout"
    assert time.perf_counter() - started < 15


@pytest.mark.parametrize("spec", ALL)
def test_a_model_that_drips_is_left_when_the_time_is_up(providers: Providers, spec: str) -> None:
    """Each piece comes in time, the whole does not: only a limit over the call helps."""
    server = providers.behind(spec)
    server.reply = lambda call: ANSWER * 40
    server.faults.append(Fault(chunk_delay=0.1))
    reply = providers.open(spec, model_timeout=4).stream(MESSAGES)
    with pytest.raises(ModelError) as caught:
        list(reply)
    assert caught.value.kind == "timeout"
    assert ANSWER.startswith(reply.text[:10]) and reply.text


@pytest.mark.parametrize("spec", [BEDROCK, OPENAI])
def test_no_retry_is_sent_after_the_time_is_up(providers: Providers, spec: str) -> None:
    server = providers.behind(spec)
    server.faults.extend([Fault(status=429, code="ThrottlingException", delay=0.6)] * 9)
    assert kind_of(providers.open(spec, model_timeout=0.3)) == "timeout"
    wait_for_calls_to_end()
    assert len(server.calls) == 1


@pytest.mark.parametrize("spec", [BEDROCK, OPENAI])
def test_a_busy_moment_is_waited_out(providers: Providers, spec: str) -> None:
    server = providers.behind(spec)
    server.faults.append(Fault(status=429, code="ThrottlingException", message="Too many"))
    assert providers.open(spec).invoke(MESSAGES) == ANSWER
    assert len(server.calls) == 2


@pytest.mark.parametrize("spec", ALL)
def test_a_model_that_stays_busy_is_told_as_throttled(providers: Providers, spec: str) -> None:
    fault = Fault(status=429, code="ThrottlingException", message="Too many requests")
    providers.behind(spec).faults.extend([fault] * 9)
    assert kind_of(providers.open(spec)) == "throttled"


@pytest.mark.parametrize("spec", ALL)
@pytest.mark.parametrize(
    "fault", [Fault(after=4), Fault(truncate=True)], ids=["hangs up", "ends too early"]
)
def test_an_answer_that_breaks_off_is_a_failure_with_the_text_so_far(
    providers: Providers, spec: str, fault: Fault
) -> None:
    providers.behind(spec).faults.append(fault)
    reply = providers.open(spec).stream(MESSAGES)
    with pytest.raises(ModelError, match="broke off") as caught:
        list(reply)
    assert caught.value.kind == "connection"
    assert reply.text and ANSWER.startswith(reply.text)
    assert len(providers.behind(spec).calls) == 1


@pytest.mark.parametrize("spec", ALL)
def test_an_empty_answer_is_a_failure(providers: Providers, spec: str) -> None:
    providers.behind(spec).reply = lambda call: ""
    with pytest.raises(ModelError, match="empty answer"):
        providers.open(spec).invoke(MESSAGES)


@pytest.mark.parametrize("spec", ALL)
def test_a_server_that_is_not_there_is_told_with_what_to_check(
    providers: Providers, spec: str
) -> None:
    nowhere = "http://127.0.0.1:9"
    model = providers.open(
        spec,
        bedrock_endpoint_url=nowhere,
        openai_base_url=nowhere + "/v1",
        ollama_base_url=nowhere,
    )
    with pytest.raises(ModelError, match="can't be reached.*GUIDE_") as caught:
        model.invoke(MESSAGES)
    assert caught.value.kind == "connection"


@pytest.mark.parametrize("spec", ALL)
def test_a_listener_who_leaves_stops_the_model(providers: Providers, spec: str) -> None:
    server = providers.behind(spec)
    server.reply = lambda call: ANSWER * 200
    server.faults.append(Fault(chunk_delay=0.005))
    reply = providers.open(spec).stream(MESSAGES)
    next(reply)
    reply.close()
    wait_for_calls_to_end()
    deadline = time.monotonic() + 10
    while not server.abandoned and time.monotonic() < deadline:
        time.sleep(0.02)
    assert server.abandoned == 1


def test_threads_share_a_model_and_each_keeps_its_own_usage(providers: Providers) -> None:
    providers.openai.reply = lambda call: call.body["messages"][-1]["content"]
    model = providers.open(OPENAI)
    found: dict[int, tuple[str, int]] = {}

    def ask(count: int) -> None:
        reply = model.stream([HumanMessage("word " * count + "end")])
        found[count] = "".join(reply).split()[-1], reply.usage.output_tokens

    threads = [threading.Thread(target=ask, args=(count,)) for count in range(1, 13)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == {count: ("end", count + 1) for count in range(1, 13)}


def test_a_meter_adds_up_the_calls_of_one_answer(providers: Providers) -> None:
    model, meter = providers.open(BEDROCK), Meter()
    model.invoke(MESSAGES, purpose="condense", meter=meter)
    list(model.stream(MESSAGES, meter=meter))
    assert [call.output_tokens for call in meter.calls] == [9, 9]
    assert meter.usage.output_tokens == 18
    assert meter.usage.cost_usd == pytest.approx(2 * (12 * 0.06 + 9 * 0.24) / 1e6)


def test_every_call_is_counted_also_those_that_fail(providers: Providers, tmp_path: Path) -> None:
    history = History(tmp_path / "counted")
    model = providers.open(BEDROCK, history)
    model.invoke(MESSAGES)
    providers.bedrock.faults.append(Fault(after=4, event="modelStreamErrorException"))
    with pytest.raises(ModelError):
        model.invoke(MESSAGES)
    reply = model.stream(MESSAGES)
    next(reply)
    reply.close()
    (row,) = history.usage_by_day()
    assert (row["model"], row["calls"], row["errors"]) == (BEDROCK, 3, 2)
    whole = (12 * 0.06 + 9 * 0.24) / 1e6
    assert 2 * whole < history.spent_today() < 3 * whole, "what broke off is billed, and estimated"


def test_a_call_that_was_refused_costs_nothing(providers: Providers, tmp_path: Path) -> None:
    history = History(tmp_path / "refused")
    model = providers.open(f"bedrock_converse:{bedrock_server.DENIED}", history)
    with pytest.raises(ModelError):
        model.invoke(MESSAGES)
    assert history.spent_today() == 0
    (row,) = history.usage_by_day()
    assert (row["calls"], row["errors"]) == (1, 1)


def test_a_ledger_that_fails_does_not_cost_the_reader_the_answer(providers: Providers) -> None:
    class Broken(History):
        def __init__(self) -> None:
            pass

        def log_call(self, *args: object, **more: object) -> None:
            raise OSError("the disk is full")

    assert providers.open(OLLAMA, Broken()).invoke(MESSAGES) == ANSWER


def test_the_daily_budget_stops_paid_calls_and_only_those(providers: Providers) -> None:
    budget = {"daily_budget_usd": 0.000001}
    providers.open(BEDROCK, **budget).invoke(MESSAGES)
    with pytest.raises(ModelError, match="budget of") as caught:
        providers.open(BEDROCK, **budget).invoke(MESSAGES)
    assert caught.value.kind == "budget"
    assert len(providers.bedrock.calls) == 1
    assert providers.open(OPENAI, **budget).invoke(MESSAGES) == ANSWER


def test_a_paid_model_without_a_price_is_refused_when_there_is_a_budget(
    providers: Providers,
) -> None:
    model = providers.open("bedrock_converse:meta.llama9-1b-instruct-v1:0", daily_budget_usd=5.0)
    with pytest.raises(ModelError, match="no known price") as caught:
        model.invoke(MESSAGES)
    assert caught.value.kind == "budget"
    assert providers.bedrock.calls == []


def test_thoughts_that_a_server_passes_on_are_not_part_of_the_answer(providers: Providers) -> None:
    providers.openai.reply = lambda call: f"<think>\nfour or five?\n</think>\n\n{ANSWER}"
    assert providers.open(OPENAI).invoke(MESSAGES) == ANSWER


def test_ollama_is_told_to_answer_without_thinking_aloud(providers: Providers) -> None:
    providers.ollama.thinks = True
    assert providers.open(OLLAMA).invoke(MESSAGES) == ANSWER
    assert providers.ollama.calls[0].body["think"] is False


def test_ollama_is_asked_for_the_window_that_prompts_are_built_for(providers: Providers) -> None:
    """Its own default is smaller, and it drops the start of a longer prompt in silence."""
    providers.open(OLLAMA).invoke(MESSAGES)
    assert providers.ollama.calls[0].body["options"]["num_ctx"] == context_window(OLLAMA)


def test_a_key_is_sent_and_never_told(
    providers: Providers, caplog: pytest.LogCaptureFixture
) -> None:
    providers.openai.key = openai_server.KEY
    assert providers.open(OPENAI, openai_api_key=openai_server.KEY).invoke(MESSAGES) == ANSWER
    with caplog.at_level("DEBUG"), pytest.raises(ModelError, match="GUIDE_OPENAI_API_KEY") as told:
        providers.open(OPENAI, openai_api_key="sk-wrong-and-secret").invoke(MESSAGES)
    assert told.value.kind == "no_credentials"
    assert "sk-wrong-and-secret" not in str(told.value) + caplog.text


def test_the_key_for_openai_itself_goes_to_no_other_server(
    providers: Providers, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "sk-of-the-person")
    providers.open(OPENAI).invoke(MESSAGES)
    assert "sk-of-the-person" not in str(providers.openai.calls[0].headers)


@pytest.mark.parametrize(
    ("spec", "says"),
    [
        ("openai:nope", "no model nope.*GUIDE_OPENAI_BASE_URL"),
        ("ollama:nope", "ollama pull nope"),
        ("bedrock_converse:nope.model-v1", "no model nope.model-v1 in this region"),
    ],
)
def test_a_model_that_is_not_there_is_told_with_what_to_do(
    providers: Providers, spec: str, says: str
) -> None:
    with pytest.raises(ModelError, match=says) as caught:
        providers.open(spec).invoke(MESSAGES)
    assert caught.value.kind == "unknown_model"


@pytest.mark.parametrize(
    ("spec", "says"),
    [
        ("extractive", "without a model"),
        ("bedrock:amazon.nova-lite-v1:0", "Did you mean bedrock_converse:amazon.nova-lite-v1:0"),
        ("olama:llama3.2", "Did you mean ollama:llama3.2"),
        ("ollama", "ollama:llama3.2"),
        ("openai:", "names no model"),
        ("gpt-4", "Examples: extractive, "),
        ("", "Examples: extractive, "),
        ("gguf:/no/such/file.gguf", "no model file /no/such/file.gguf"),
    ],
)
def test_a_model_string_that_names_nothing_is_refused_with_a_hint(spec: str, says: str) -> None:
    with pytest.raises(ModelError, match=says) as caught:
        open_model(spec, Settings())
    assert caught.value.kind == "unknown_model"


def test_openai_itself_needs_a_key(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("OPENAI_API_KEY", raising=False)
    with pytest.raises(ModelError, match="GUIDE_OPENAI_BASE_URL") as caught:
        open_model("openai:gpt-4o", Settings())
    assert caught.value.kind == "no_credentials"


def test_windows_are_known_or_assumed_small() -> None:
    assert context_window("extractive") == 0
    assert context_window("bedrock_converse:eu.amazon.nova-lite-v1:0") == 300_000
    assert context_window("bedrock_converse:nobody.knows-v1") == 8192
    assert context_window("openai:local-8b") == 8192
