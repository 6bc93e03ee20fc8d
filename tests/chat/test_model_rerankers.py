"""GUIDE_RERANKER through the real boto3 against Bedrock on loopback: the order, and every failure."""

import logging
import re
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from chat.answer import Answer
from chat.answering import Answerer
from chat.generative import key_of
from chat.history import History
from chat.model_doctor import run as doctor
from chat.model_rerankers import Reranker, Reranking, open_reranker
from chat.settings import Settings
from eval import retrieval
from eval.golden import load
from eval.suite import run as evaluate
from ingest.embedding import MiniLM
from ingest.index import build
from ingest.passages import embedded_text
from ingest.settings import IngestSettings, SettingsError
from tests.fakes import bedrock_server as fake
from tests.fakes.bedrock_rerank import AMAZON_RERANK, COHERE_RERANK, texts_of
from tests.fakes.bedrock_server import BedrockServer
from tests.fakes.wire import Fault

QUESTION = "What is the default visibility timeout of an SQS queue?"
TWO_PARTS = "What is the visibility timeout of a queue? And how does an NLB differ from an ALB?"
SPEC = f"bedrock:{COHERE_RERANK}"
Opened = Callable[..., Answerer]


def about_retention(query: str, text: str) -> float:
    """A reranker with a will of its own, so that its order is told from any other."""
    return 0.9 if "60 seconds to 14 days" in text else 1 / (1 + len(text))


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[BedrockServer]:
    fake.use_credentials(monkeypatch)
    with BedrockServer(relevance=about_retention) as running:
        yield running


@pytest.fixture
def opened(server: BedrockServer, index_folder: Path, tmp_path: Path) -> Opened:
    def run(**more: object) -> Answerer:
        return Answerer(settings_for(server, **{"index": index_folder, "data": tmp_path, **more}))

    return run


def settings_for(server: BedrockServer, **more: object) -> Settings:
    fields: dict[str, object] = {
        "reranker": SPEC,
        "bedrock_region": "us-east-1",
        "bedrock_endpoint_url": server.url,
        **more,
    }
    return Settings(**fields)  # type: ignore[arg-type]


def ids(answer: Answer) -> list[str]:
    return [ranked.passage.id for ranked in answer.passages]


def test_the_passages_come_in_the_rerankers_order(
    opened: Opened, server: BedrockServer, answerer: Answerer
) -> None:
    plain, reranked = answerer.ask(QUESTION), opened().ask(QUESTION)
    assert "14 days" not in plain.passages[0].passage.text
    assert "14 days" in reranked.passages[0].passage.text
    relevances = [
        about_retention("", embedded_text(ranked.passage))
        for ranked in reranked.passages
        if ranked.passage.kind != "question"
    ]
    assert relevances == sorted(relevances, reverse=True)
    assert len(ids(reranked)) == len(set(ids(reranked))) == 10
    assert [r.score for r in reranked.passages] == [r.score for r in plain.passages]


def test_it_is_sent_the_question_and_what_was_retrieved_and_no_more(
    opened: Opened, server: BedrockServer
) -> None:
    answerer = opened()
    answerer.ask(QUESTION)
    (call,) = server.reranked
    passages = {embedded_text(p): p for p in answerer.service().index.passages}
    sent = texts_of(call.body)
    assert 10 <= len(sent) <= 30 and set(sent) <= set(passages)
    assert all(passages[text].kind != "question" for text in sent)
    assert call.body["queries"] == [{"type": "TEXT", "textQuery": {"text": QUESTION}}]
    model = call.body["rerankingConfiguration"]["bedrockRerankingConfiguration"]
    arn = f"arn:aws:bedrock:us-east-1::foundation-model/{COHERE_RERANK}"
    assert model["modelConfiguration"]["modelArn"] == arn
    assert model["numberOfResults"] == len(sent)


def test_a_passage_that_only_asks_keeps_its_place(
    opened: Opened, server: BedrockServer, tmp_path: Path
) -> None:
    """Rerankers love a text that echoes the question; it does not answer."""
    asks = "# Topics\n\n## Asked\n\n- How long is a message kept?\n- How is a message kept?\n"
    says = "".join(f"\n## Part {n}\n\nA message is kept for {n} days.\n" for n in range(2, 9))
    (tmp_path / "topics.md").write_text(asks + says)
    settings = IngestSettings(index=tmp_path / "index")
    build([tmp_path / "topics.md"], settings, MiniLM.shared)
    server.relevance = lambda query, text: float("Asked" in text or "7 days" in text)
    answers = [
        opened(index=settings.index, reranker=spec).ask("How long is a message kept?")
        for spec in (None, SPEC)
    ]
    places = [[r.passage.kind for r in answer.passages].index("question") for answer in answers]
    assert places[0] == places[1]
    assert "7 days" in answers[1].passages[0 if places[1] else 1].passage.text
    assert not any("Asked" in text for text in texts_of(server.reranked[0].body))


def test_only_the_order_changes_and_citations_are_still_exact(
    opened: Opened, server: BedrockServer, answerer: Answerer
) -> None:
    reranking = opened()
    for question in (QUESTION, TWO_PARTS, "Who won the football world cup in 1998?"):
        plain, reranked = answerer.ask(question), reranking.ask(question)
        assert reranked.confidence == plain.confidence
        assert reranked.abstained == plain.abstained
        documents = reranking.service().index.documents
        for citation in reranked.citations:
            text = documents[citation.source].text
            assert text[citation.start : citation.end] == citation.quote
    assert len(server.reranked) == 4, "each part of a question is reranked on its own"


def test_a_language_model_reads_the_passages_in_the_rerankers_order(
    opened: Opened, server: BedrockServer
) -> None:
    server.reply = lambda call: "NOT_IN_GUIDE"
    answer = opened(model=f"bedrock_converse:{fake.NOVA}").ask(QUESTION)
    user = server.calls[0].body["messages"][0]["content"][0]["text"]
    read = re.findall(r'<passage id="(k\w+)"', user)
    assert read == [key_of(r) for r in answer.passages[: len(read)]] and len(read) > 2
    assert "14 days" in user.partition("</passage>")[0]


def test_time_and_cost_are_told_and_counted(
    opened: Opened, server: BedrockServer, tmp_path: Path
) -> None:
    answer = opened().ask(TWO_PARTS)
    assert answer.timings["rerank"] > 0
    assert answer.timings["retrieve"] >= 0
    parts = ("retrieve", "rerank", "compose")
    assert sum(answer.timings[part] for part in parts) == pytest.approx(answer.timings["total"])
    assert answer.usage.cost_usd == pytest.approx(2 * 0.002)
    (row,) = History(tmp_path).usage_by_day()
    assert (row["model"], row["calls"], row["cost_usd"]) == (SPEC, 2, pytest.approx(0.004))


def test_without_the_setting_nothing_is_sent_and_nothing_is_told(
    opened: Opened, server: BedrockServer, answerer: Answerer
) -> None:
    answer = opened(reranker=None).ask(QUESTION)
    assert server.reranked == [] and "rerank" not in answer.timings
    assert answer.fingerprint == answerer.ask(QUESTION).fingerprint
    assert answer.fingerprint != opened().fingerprint()


FAILURES = {
    "throttled": (Fault(status=429, code="ThrottlingException", message="Slow down."), "busy"),
    "no access": (
        Fault(
            status=403,
            code="AccessDeniedException",
            message="User: arn:aws:iam::123456789012:user/x is not authorized to perform: "
            "bedrock:Rerank on resource: y",
        ),
        "allow bedrock:Rerank on it (reranking also needs bedrock:InvokeModel)",
    ),
    "no such model": (
        Fault(status=400, code="ValidationException", message="The provided model identifier is"),
        "has no model",
    ),
    "broken": (Fault(status=500, code="InternalServerException", message="Oops."), "Bedrock"),
    "bad gateway": (Fault(status=502, code="BadGatewayException", message="Oops."), "Bedrock"),
    "dropped": (Fault(after=0), "can't be reached"),
    "slow": (Fault(delay=4.0), "did not answer in 1 seconds"),
}


@pytest.mark.parametrize("name", FAILURES)
def test_a_failure_keeps_the_built_in_order_and_is_seen(
    name: str,
    opened: Opened,
    server: BedrockServer,
    answerer: Answerer,
    caplog: pytest.LogCaptureFixture,
) -> None:
    fault, words = FAILURES[name]
    server.faults.extend([fault] * 4)
    # Only a slow server is met with a short limit: another failure must come before it, and on
    # a busy machine one second is not enough for that.
    limit = {"model_timeout": 1.0} if name == "slow" else {}
    answer, plain = opened(**limit).ask(QUESTION), answerer.ask(QUESTION)
    assert answer.text == plain.text and ids(answer) == ids(plain)
    assert_told(answer, words, caplog)
    assert 1 <= len(server.reranked) <= 2


def assert_told(answer: Answer, words: str, caplog: pytest.LogCaptureFixture) -> None:
    """One note and one logged line, both the same, without a trace or a secret."""
    (note,) = answer.notes
    assert words in note and "the passages keep the built-in order" in note and "\n" not in note
    (record,) = [r for r in caplog.records if r.name == "chat.model_rerankers"]
    assert record.levelno == logging.WARNING and record.getMessage() == note
    assert record.exc_info is None
    for secret in (fake.ACCESS_KEY, fake.SECRET_KEY, "not-the-key", "123456789012"):
        assert secret not in caplog.text


def test_wrong_credentials_keep_the_built_in_order(
    opened: Opened,
    server: BedrockServer,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "not-the-key")
    assert_told(opened().ask(QUESTION), "AWS does not know these credentials", caplog)


@pytest.mark.parametrize(
    ("api_key", "words"), [("", "aws configure"), (fake.BEARER_KEY, "API key is not accepted")]
)
def test_without_credentials_nothing_is_sent(
    opened: Opened,
    server: BedrockServer,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    api_key: str,
    words: str,
) -> None:
    monkeypatch.delenv("AWS_ACCESS_KEY_ID")
    monkeypatch.delenv("AWS_SECRET_ACCESS_KEY")
    if api_key:
        monkeypatch.setenv("AWS_BEARER_TOKEN_BEDROCK", api_key)
    assert_told(opened().ask(QUESTION), words, caplog)
    assert server.reranked == []


def test_no_region_is_told(opened: Opened, caplog: pytest.LogCaptureFixture) -> None:
    assert_told(opened(bedrock_region=None).ask(QUESTION), "GUIDE_BEDROCK_REGION", caplog)


def test_scores_that_are_no_numbers_are_a_failure(
    opened: Opened, server: BedrockServer, caplog: pytest.LogCaptureFixture
) -> None:
    server.relevance = lambda query, text: float("nan")
    assert_told(opened().ask(QUESTION), "does not fit the passages", caplog)


def test_a_passing_failure_is_over_at_the_next_question(
    opened: Opened, server: BedrockServer
) -> None:
    answerer = opened()
    answerer.ask(QUESTION)  # loads what it needs: a failure that takes long is another case
    server.faults.extend([Fault(status=403, code="AccessDeniedException", message="No.")])
    assert answerer.ask(QUESTION).notes
    answer = answerer.ask(QUESTION)
    assert answer.notes == () and "14 days" in answer.passages[0].passage.text


def test_after_a_slow_failure_no_reader_waits_for_half_a_minute(server: BedrockServer) -> None:
    class Late:
        spec, price_id = SPEC, COHERE_RERANK
        asked = 0

        def scores(self, question: str, texts: object) -> list[float]:
            from chat.model_errors import ModelError

            Late.asked += 1
            now[0] += 10
            raise ModelError("timeout", "It did not answer.")

    now = [100.0]
    reranker = Reranker(Late(), clock=lambda: now[0])
    first, second = reranker.order("?", ["a", "b"]), reranker.order("?", ["a", "b"])
    assert (first.order, first.seconds) == ((0, 1), 10.0)
    assert second == Reranking((0, 1), note=first.note) and Late.asked == 1
    now[0] += 31
    reranker.order("?", ["a", "b"])
    assert Late.asked == 2


def test_long_texts_are_cut_to_what_the_service_takes(
    server: BedrockServer, tmp_path: Path
) -> None:
    reranker = open_reranker(settings_for(server, data=tmp_path))
    assert reranker is not None
    told = reranker.order("y" * 50_000, ["x" * 40_000, "60 seconds to 14 days"])
    assert (told.order, told.note) == ((1, 0), "")
    assert [len(text) for text in texts_of(server.reranked[0].body)] == [32_000, 21]


def test_a_vpc_endpoint_of_the_models_is_not_asked_to_rerank(
    opened: Opened, server: BedrockServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL_BEDROCK_AGENT_RUNTIME", server.url)
    other = "http://vpce-1.bedrock-runtime.us-east-1.vpce.amazonaws.com"
    assert opened(bedrock_endpoint_url=other).ask(QUESTION).notes == ()
    assert len(server.reranked) == 1


@pytest.mark.parametrize(
    ("spec", "budget", "calls"),
    [(SPEC, 0.003, 2), (f"bedrock:{AMAZON_RERANK}", 0.003, 3), ("bedrock:own.rerank-v9", 1.0, 0)],
)
def test_the_daily_budget_holds_for_reranking_too(
    opened: Opened, server: BedrockServer, spec: str, budget: float, calls: int
) -> None:
    answerer = opened(reranker=spec, daily_budget_usd=budget)
    for _ in range(calls):
        assert answerer.ask(QUESTION).notes == ()
    (note,) = answerer.ask(QUESTION).notes
    assert "budget" in note and len(server.reranked) == calls


@pytest.mark.parametrize("value", ["cohere.rerank-v3-5:0", "bedrock:", "cross-encoder: ", "on:x"])
def test_another_form_is_refused_at_the_start_and_the_forms_are_named(
    monkeypatch: pytest.MonkeyPatch, value: str
) -> None:
    monkeypatch.setenv("GUIDE_RERANKER", value)
    with pytest.raises(SettingsError) as caught:
        Settings.load()
    text = str(caught.value)
    assert text.startswith("GUIDE_RERANKER is not usable: write ")
    assert "bedrock:MODEL_ID" in text and "cross-encoder:PATH" in text and "\n" not in text


def test_an_empty_setting_is_none(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GUIDE_RERANKER", " ")
    assert Settings.load().reranker is None


def test_the_evaluation_measures_the_gain_of_the_reranker(
    server: BedrockServer,
    index_folder: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    golden = tmp_path / "golden.jsonl"
    golden.write_text(
        '{"id": "q1", "question": "How long is the message kept?", '
        '"evidence": [{"source": "queues.md", "heading": "Retention"}], "facts": ["4 days"]}\n'
        '{"id": "q2", "question": "What is the default visibility timeout of a queue?", '
        '"evidence": [{"source": "queues.md", "heading": "Visibility timeout"}], '
        '"facts": ["30 seconds"]}\n'
    )
    assert len(load(golden)) == 2
    plain = evaluate("retrieval", index_folder, golden)["retrieval"]
    assert "reranker" not in plain and retrieval.RERANKED not in plain["systems"]
    for name, value in (
        ("RERANKER", SPEC),
        ("BEDROCK_REGION", "us-east-1"),
        ("BEDROCK_ENDPOINT_URL", server.url),
        ("DATA", str(tmp_path)),
    ):
        monkeypatch.setenv(f"GUIDE_{name}", value)
    server.faults.append(Fault(status=403, code="AccessDeniedException", message="No."))
    figures = evaluate("retrieval", index_folder, golden)["retrieval"]
    told = figures.pop("reranker")
    systems = figures["systems"]
    rows = systems.pop(retrieval.RERANKED)
    assert figures == plain, "the figures of the other systems do not change"
    assert (told["model"], told["calls"], told["failed"]) == (SPEC, 2, 1)
    # The second question's first passage becomes the one about retention.
    product = systems[retrieval.PRODUCT]["all"]["recall@1"]
    assert rows["all"]["recall@1"] < product
    assert told["gain"]["recall@1"]["mean"] == rows["all"]["recall@1"] - product


def test_the_doctor_tries_the_reranker(
    server: BedrockServer, index_folder: Path, tmp_path: Path
) -> None:
    settings = settings_for(server, index=index_folder, data=tmp_path)
    check = doctor(settings)[-1]
    assert (check.provider, check.ok) == (SPEC, True) and "$0.002" in check.detail
    server.faults.append(Fault(status=403, code="AccessDeniedException", message="No."))
    check = doctor(settings)[-1]
    assert not check.ok and "no access" in check.detail
