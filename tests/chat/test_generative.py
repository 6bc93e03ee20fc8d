"""Answers through the real OpenAI client against a server on loopback, and hostile output."""

import re
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


FACT = "The visibility timeout of an SQS queue is 30 seconds by default"
FORMS = {
    "plain": "{fact} [{k}].",
    "after the full stop": "{fact}. [{k}]",
    "on the next line": "{fact}.\n[{k}]",
    "repeated": "{fact} [{k}][{k}] [{k}].",
    "a list": "{fact} [{k}, {k}].",
    "a list with words": "{fact} [{k}; {k} {k}].",
    "commas between": "{fact} [{k}], [{k}].",
    "nested": "{fact} [[{k}]].",
    "nested three times": "{fact} [[[{k}], {k}]].",
    "not closed": "{fact} [{k}.",
    "not opened": "{fact} {k}].",
    "no brackets": "{fact} {k}.",
    "round brackets": "{fact} ({k}).",
    "lenticular brackets": "{fact} 【{k}】.",
    "full-width brackets": "{fact} ［{k}］.",
    "shell brackets": "{fact} 〔{k}〕.",
    "upper case": "{fact} [{K}].",
    "blanks inside": "{fact} [ {k} ].",
    "in code": "{fact} `[{k}]`.",
    "in bold": "{fact} **[{k}]**.",
    "with words": "{fact} [see {k}].",
    "with many words": "{fact} [see the passage with the name {k} for much more about this].",
    "numbers beside it": "[1] {fact} [99] [{k}] [0] [-1].",
    "ids never given": "{fact} [kffffff] [{k}] [k0000000000].",
    "a link": "{fact} [{k}](http://evil.example).",
    "footnotes": "{fact} [^{k}][^1].",
}


@pytest.mark.parametrize("size", [1, 3, 1000], ids=["by letter", "in threes", "at once"])
@pytest.mark.parametrize("form", FORMS.values(), ids=FORMS.keys())
def test_markers_in_any_form_come_out_as_one_number(
    answerer: Answerer, form: str, size: int
) -> None:
    service = answerer.service()
    ranked = service.retriever.retrieve(QUESTION).ranked
    right = next(r for r in ranked if "30 seconds by default" in r.passage.text)
    writer = Writer(service.index, ranked)
    key = key_of(right)
    text = form.format(fact=FACT, k=key, K=key.upper())
    pieces = list(writer.write(text[i : i + size] for i in range(0, len(text), size)))
    shown = "".join(pieces)
    assert shown == writer.draft.text
    assert re.findall(r"(?<!\\)\[(\d+)\]", shown) == ["1"], shown
    assert key not in shown.lower() and "kffffff" not in shown and "99" not in shown
    assert all(re.search(r"\[1\]$", piece) for piece in pieces), "no piece ends in half a marker"
    assert shown == f"{FACT}. [1]", "nothing of a marker is left behind"
    (citation,) = writer.draft.citations
    assert "30 seconds" in citation.quote and citation.source == right.passage.source


def test_an_address_that_the_passage_does_not_hold_is_not_shown(answerer: Answerer) -> None:
    service = answerer.service()
    writer = Writer(service.index, service.retriever.retrieve(QUESTION).ranked)
    for address in ("https://evil.example/x", "www.evil.example"):
        assert list(writer.write(iter([f"{FACT}, see {address} for more."]))) == []
    assert len(writer.draft.dropped) == 2


def test_parentheses_of_code_are_kept(answerer: Answerer) -> None:
    service = answerer.service()
    ranked = service.retriever.retrieve(QUESTION).ranked
    writer = Writer(service.index, ranked)
    shown = "".join(writer.write(iter([f"{FACT}, as receive() does [{key_of(ranked[0])}]."])))
    assert "as receive() does. [1]" in shown


def test_numbers_follow_the_first_use_and_stay_with_their_passage(answerer: Answerer) -> None:
    service = answerer.service()
    ranked = service.retriever.retrieve("SQS visibility timeout and message retention").ranked
    invisible = next(r for r in ranked if "30 seconds by default" in r.passage.text)
    kept = next(r for r in ranked if "4 days" in r.passage.text)
    writer = Writer(service.index, ranked)
    text = (
        f"SQS keeps a message for 4 days by default [{key_of(kept)}]. "
        f"{FACT} [{key_of(invisible)}]. "
        f"By default a message in SQS is kept 4 days [{key_of(kept)}]."
    )
    shown = "".join(writer.write(iter([text])))
    assert re.findall(r"(?<!\\)\[(\d+)\]", shown) == ["1", "2", "1"]
    first, second = writer.draft.citations
    assert "4 days" in first.quote and "30 seconds" in second.quote


@pytest.mark.parametrize(
    "text",
    ["[1]", "[k123456]", "```\n[k123456]\n```", "[[[[", "k123456 k123456", "【】［］", "[]()", "]"],
)
def test_markers_without_words_show_nothing(answerer: Answerer, text: str) -> None:
    service = answerer.service()
    writer = Writer(service.index, service.retriever.retrieve(QUESTION).ranked)
    assert list(writer.write(iter(text))) == []
    assert writer.draft.citations == []


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
