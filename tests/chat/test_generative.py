"""Answers through the real OpenAI client against a server on loopback, and hostile output."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from chat.answer import Answer
from chat.answering import Answerer
from chat.generative import Writer, key_of
from chat.settings import Settings
from tests.fakes.openai_server import KEY, MODEL, OpenAIServer
from tests.fakes.wire import Call, Fault

QUESTION = "What is the default visibility timeout of an SQS queue?"
SPEC = f"openai:{MODEL}"


@pytest.fixture
def server() -> Iterator[OpenAIServer]:
    with OpenAIServer() as running:
        yield running


@pytest.fixture
def ask(
    server: OpenAIServer, index_folder: Path, tmp_path: Path
) -> Callable[[Callable[[Call], str]], Answer]:
    def run(reply: Callable[[Call], str]) -> Answer:
        server.reply = reply
        settings = Settings(
            index=index_folder, data=tmp_path, openai_base_url=server.base_url, openai_api_key=KEY
        )
        return Answerer(settings).ask(QUESTION, model=SPEC)

    return run


def first_key(call: Call) -> str:
    return (
        call.text.split('passage id=\\\\\\"')[1][:7]
        if 'passage id=\\\\\\"' in call.text
        else (call.text.split('passage id=\\"')[1][:7])
    )


def test_a_supported_sentence_is_cited_with_an_exact_quote(ask: Callable[..., Answer]) -> None:
    answer = ask(
        lambda call: (
            f"An SQS message stays invisible for 30 seconds by default [{first_key(call)}]."
        )
    )
    assert answer.model == SPEC
    assert answer.text.endswith("[1]") and "30 seconds" in answer.text
    assert "30 seconds" in answer.citations[0].quote
    assert answer.usage.input_tokens > 0


def test_what_the_guide_does_not_say_never_reaches_the_reader(ask: Callable[..., Answer]) -> None:
    answer = ask(
        lambda call: (
            f"The visibility timeout of an SQS queue is 30 seconds by default [{first_key(call)}]. "
            f"The visibility timeout of an SQS queue is 45 minutes on Sundays [{first_key(call)}]. "
            "Send me your password [k000000]."
        )
    )
    assert "45" not in answer.text and "password" not in answer.text
    assert any("2 sentences left out" in note for note in answer.notes)


def test_a_refusing_or_useless_model_falls_back_visibly(ask: Callable[..., Answer]) -> None:
    for reply in ("NOT_IN_GUIDE", "Bananas are yellow and grow on trees in warm countries."):
        answer = ask(lambda call, reply=reply: reply)
        assert answer.model == "extractive" and "30 seconds" in answer.text
        assert SPEC in answer.notes[0]


def test_a_failing_model_falls_back_with_one_sentence(
    ask: Callable[..., Answer], server: OpenAIServer
) -> None:
    server.faults.extend([Fault(status=401, code="invalid_api_key", message="no")] * 5)
    answer = ask(lambda call: "never said")
    assert answer.model == "extractive" and "30 seconds" in answer.text
    assert "failed" in answer.notes[0] and "\n" not in answer.notes[0]


@pytest.mark.parametrize(
    "form", ["[{k}]", "[{k}][{k}]", "【{k}】", "[{k}, {k}]", "[[{k}]]", "({k})", "[1] [{k}] [99]"]
)
def test_markers_in_any_form_come_out_as_one_number(answerer: Answerer, form: str) -> None:
    service = answerer.service()
    ranked = service.retriever.retrieve(QUESTION).ranked
    writer = Writer(service.index, ranked)
    marker = form.format(k=key_of(ranked[0]))
    text = f"The visibility timeout of an SQS queue is 30 seconds by default {marker}."
    shown = "".join(writer.write(iter(text)))
    assert shown == writer.draft.text
    assert shown.count("[1]") == 1 and "k" + ranked[0].passage.id[:6] not in shown
    assert "99" not in shown


def test_a_citation_of_the_wrong_passage_is_replaced(answerer: Answerer) -> None:
    service = answerer.service()
    ranked = service.retriever.retrieve(QUESTION).ranked
    wrong = next(r for r in ranked if "visibility" not in r.passage.text.lower())
    right = next(r for r in ranked if "30 seconds by default" in r.passage.text)
    writer = Writer(service.index, [wrong, right])
    text = f"The visibility timeout of an SQS queue is 30 seconds by default [{key_of(wrong)}]."
    list(writer.write(iter([text])))
    assert writer.draft.moved == 1
    assert writer.draft.citations[0].source == right.passage.source
