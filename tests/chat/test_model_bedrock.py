"""What is Bedrock's own: signatures, profiles, guardrail, prompt cache, faults and their words."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from langchain_core.messages import AIMessage, HumanMessage, SystemMessage

from chat.model_errors import ModelError
from chat.models import ChatModel, open_model
from chat.settings import Settings
from tests.fakes import bedrock_server as fake
from tests.fakes.bedrock_server import BedrockServer
from tests.fakes.wire import Fault

SYSTEM = SystemMessage("Answer from the passages and cite them. " * 200)
QUESTION = HumanMessage("How long does a queue keep a message?")
MESSAGES = [SYSTEM, QUESTION]
ANSWER = "A queue keeps a message for 4 days [1]."


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[BedrockServer]:
    fake.use_credentials(monkeypatch)
    with BedrockServer() as running:
        yield running


def opened(server: BedrockServer, model: str = fake.NOVA, **more: object) -> ChatModel:
    fields: dict[str, object] = {
        "bedrock_region": "us-east-1",
        "bedrock_endpoint_url": server.url,
        "model_timeout": 20.0,
        **more,
    }
    return open_model(f"bedrock_converse:{model}", Settings(**fields))  # type: ignore[arg-type]


def told(model: ChatModel) -> ModelError:
    with pytest.raises(ModelError) as caught:
        model.invoke(MESSAGES)
    assert "\n" not in str(caught.value)
    return caught.value


def test_a_wrong_secret_key_does_not_pass_the_signature(
    server: BedrockServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The fake recomputes the signature, so the tests that pass do sign as AWS wants it."""
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "not-the-key")
    error = told(opened(server))
    assert error.kind == "no_credentials"
    assert "not-the-key" not in str(error)


def test_a_bedrock_api_key_stands_in_for_credentials(
    server: BedrockServer, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    pytest.importorskip("cryptography")  # boto3 sends a bearer token over HTTPS alone
    monkeypatch.setenv("AWS_CA_BUNDLE", str(server.encrypt(tmp_path)))
    monkeypatch.delenv("AWS_ACCESS_KEY_ID")
    monkeypatch.delenv("AWS_SECRET_ACCESS_KEY")
    monkeypatch.setenv("AWS_BEARER_TOKEN_BEDROCK", fake.BEARER_KEY)
    assert opened(server).invoke(MESSAGES) == ANSWER
    monkeypatch.setenv("AWS_BEARER_TOKEN_BEDROCK", "wrong")
    assert told(opened(server)).kind == "no_credentials"


def test_no_credentials_are_told_before_anything_is_sent(
    server: BedrockServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("AWS_ACCESS_KEY_ID")
    monkeypatch.delenv("AWS_SECRET_ACCESS_KEY")
    with pytest.raises(ModelError, match="aws configure") as caught:
        opened(server)
    assert caught.value.kind == "no_credentials"
    assert server.calls == []


def test_no_region_is_told_with_the_setting(server: BedrockServer) -> None:
    with pytest.raises(ModelError, match="GUIDE_BEDROCK_REGION") as caught:
        opened(server, bedrock_region=None)
    assert caught.value.kind == "no_region"


def test_the_region_may_come_from_either_variable_of_the_environment(
    server: BedrockServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("AWS_REGION", "AWS_DEFAULT_REGION"):
        monkeypatch.setenv(name, "eu-west-3")
        opened(server, bedrock_region=None).invoke(MESSAGES)
        monkeypatch.delenv(name)
        assert "/eu-west-3/bedrock/" in server.calls[-1].headers["authorization"]


def test_a_profile_is_read_from_the_files_of_the_aws_tools(
    server: BedrockServer, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.delenv("AWS_ACCESS_KEY_ID")
    monkeypatch.delenv("AWS_SECRET_ACCESS_KEY")
    config = tmp_path / "config"
    config.write_text(
        "[profile study]\nregion = ap-southeast-2\n"
        f"aws_access_key_id = {fake.ACCESS_KEY}\naws_secret_access_key = {fake.SECRET_KEY}\n"
    )
    monkeypatch.setenv("AWS_CONFIG_FILE", str(config))
    opened(server, bedrock_region=None, bedrock_profile="study").invoke(MESSAGES)
    assert "/ap-southeast-2/bedrock/" in server.calls[-1].headers["authorization"]
    with pytest.raises(ModelError, match="GUIDE_BEDROCK_PROFILE") as caught:
        opened(server, bedrock_profile="absent")
    assert caught.value.kind == "no_credentials"


def test_expired_credentials_are_told_apart(
    server: BedrockServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_SESSION_TOKEN", fake.EXPIRED_TOKEN)
    error = told(opened(server))
    assert error.kind == "expired_credentials"
    assert "aws sso login" in str(error)


def test_a_model_without_access_is_told_apart(server: BedrockServer) -> None:
    assert told(opened(server, fake.DENIED)).kind == "access_denied"


@pytest.mark.parametrize(
    ("region", "profile"), [("us-west-2", "us."), ("eu-north-1", "eu."), ("ap-south-2", "global.")]
)
def test_a_model_that_needs_a_profile_is_told_with_the_profile_of_the_region(
    server: BedrockServer, region: str, profile: str
) -> None:
    error = told(opened(server, fake.CLAUDE_BARE, bedrock_region=region))
    assert error.kind == "needs_inference_profile"
    assert f"bedrock_converse:{profile}{fake.CLAUDE_BARE} " in str(error)


@pytest.mark.parametrize(
    ("status", "code", "message", "kind", "says"),
    [
        (
            403,
            "AccessDeniedException",
            "User: arn:aws:iam::123456789012:user/x is not authorized to perform: "
            "bedrock:InvokeModelWithResponseStream on resource: arn:aws:bedrock:us-east-1::y",
            "access_denied",
            "allow bedrock:InvokeModelWithResponseStream",
        ),
        (
            404,
            "ResourceNotFoundException",
            "Model use case details have not been submitted for this account.",
            "access_denied",
            "use case form",
        ),
        (
            404,
            "ResourceNotFoundException",
            "This model version has reached the end of its life.",
            "unknown_model",
            "no model",
        ),
        (
            403,
            "InvalidSignatureException",
            "Signature expired: 20261101T000000Z is now earlier than 20261121T000000Z",
            "expired_credentials",
            "clock",
        ),
        (400, "ValidationException", "Input is too long for requested model.", "other", "too long"),
        (
            400,
            "ValidationException",
            "The guardrail identifier or version provided in the request does not exist.",
            "other",
            "GUIDE_BEDROCK_GUARDRAIL_ID",
        ),
        (408, "ModelTimeoutException", "The model took too long", "timeout", "took too long"),
        (
            400,
            "ValidationException",
            "Malformed for arn:aws:bedrock:us-east-1:123456789012:thing by AKIAABCDEFGHIJKLMNOP",
            "other",
            "Malformed for (arn) by (key)",
        ),
        (418, "TeapotException", "", "other", "teapotexception"),
    ],
)
def test_each_refusal_is_one_sentence_that_says_what_to_do(
    server: BedrockServer, status: int, code: str, message: str, kind: str, says: str
) -> None:
    server.faults.extend([Fault(status=status, code=code, message=message)] * 6)
    error = told(opened(server))
    assert error.kind == kind
    assert says in str(error)
    assert "123456789012" not in str(error)


@pytest.mark.parametrize(
    ("event", "kind"),
    [
        ("throttlingException", "throttled"),
        ("serviceUnavailableException", "throttled"),
        ("internalServerException", "other"),
        ("modelStreamErrorException", "other"),
    ],
)
def test_an_exception_in_the_middle_of_a_stream_keeps_its_kind(
    server: BedrockServer, event: str, kind: str
) -> None:
    server.faults.append(Fault(after=3, event=event))
    reply = opened(server).stream(MESSAGES)
    with pytest.raises(ModelError) as caught:
        list(reply)
    assert caught.value.kind == kind
    assert reply.text == ANSWER[:15]
    assert len(server.calls) == 1, "what the reader has seen is not asked for again"


@pytest.mark.parametrize(
    "fault", [Fault(after=0, event="throttlingException"), Fault(after=0)], ids=["event", "drop"]
)
def test_a_stream_that_breaks_before_its_first_word_is_tried_again(
    server: BedrockServer, fault: Fault
) -> None:
    server.faults.append(fault)
    assert opened(server).invoke(MESSAGES) == ANSWER
    assert len(server.calls) == 2


def test_a_stream_that_always_breaks_is_given_up(server: BedrockServer) -> None:
    server.faults.extend([Fault(after=0, event="throttlingException")] * 9)
    assert told(opened(server)).kind == "throttled"
    assert len(server.calls) == 3


def test_the_system_prompt_is_cached_and_the_saving_is_shown(server: BedrockServer) -> None:
    model = opened(server, fake.CLAUDE)
    first = model.stream(MESSAGES)
    list(first)
    second = model.stream([SYSTEM, HumanMessage("And a topic?")])
    list(second)
    assert (first.usage.cache_write_tokens, first.usage.cache_read_tokens) == (1400, 0)
    assert (second.usage.cache_write_tokens, second.usage.cache_read_tokens) == (0, 1400)
    assert first.usage.cost_usd is not None and second.usage.cost_usd is not None
    assert second.usage.cost_usd < first.usage.cost_usd / 5


def test_a_rubric_after_the_system_prompt_is_cached_on_its_own(server: BedrockServer) -> None:
    model = opened(server, fake.CLAUDE)
    for rubric in ("rubric one", "rubric two"):
        model.invoke([SYSTEM, SystemMessage(rubric), QUESTION])
    reply = model.stream([SYSTEM, SystemMessage("rubric two"), HumanMessage("another answer")])
    list(reply)
    assert reply.usage.cache_read_tokens == 1402
    system = server.calls[0].body["system"]
    assert [list(part) for part in system] == [["text"], ["cachePoint"]] * 2


def test_a_model_that_can_not_cache_gets_no_cache_point(server: BedrockServer) -> None:
    model = opened(server, fake.LLAMA)
    assert model.invoke(MESSAGES) == ANSWER
    assert not model.caches_prompts
    assert "cachePoint" not in server.calls[0].text


def test_at_most_three_cache_points_are_set(server: BedrockServer) -> None:
    opened(server).invoke([SystemMessage(f"part {n}") for n in range(6)] + [QUESTION])
    assert server.calls[0].text.count("cachePoint") == 3


def test_the_guardrail_is_named_and_its_verdict_is_passed_on(server: BedrockServer) -> None:
    model = opened(
        server, bedrock_guardrail_id="gr-1234", bedrock_guardrail_version="2", max_tokens=50
    )
    reply = model.stream([HumanMessage("Tell me about the forbidden-topic")])
    assert "".join(reply) == fake.BLOCKED_TEXT
    assert reply.stop == "guardrail"
    assert server.calls[0].body["guardrailConfig"] == {
        "guardrailIdentifier": "gr-1234",
        "guardrailVersion": "2",
    }


def test_an_answer_that_was_cut_off_says_so(server: BedrockServer) -> None:
    reply = opened(server, max_tokens=3).stream(MESSAGES)
    assert "".join(reply) == "A queue keeps"
    assert reply.stop == "length"


def test_a_model_that_always_thinks_gets_room_for_it_and_its_thoughts_stay_hidden(
    server: BedrockServer, recwarn: pytest.WarningsRecorder
) -> None:
    model = opened(server, fake.CLAUDE_5, max_tokens=50)
    assert model.invoke(MESSAGES) == ANSWER
    body = server.calls[0].body
    assert body["inferenceConfig"]["maxTokens"] > 1000
    assert "temperature" not in body["inferenceConfig"]
    assert body["additionalModelRequestFields"]["output_config"] == {"effort": "low"}
    assert not [warning for warning in recwarn if "langchain_aws" in str(warning.filename)]


def test_an_application_profile_is_priced_and_cached_as_the_model_behind_it(
    server: BedrockServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL_BEDROCK", server.url)
    model = opened(server, fake.PROFILE_ARN)
    reply = model.stream(MESSAGES)
    assert "".join(reply) == ANSWER
    assert model.caches_prompts
    assert reply.usage.cost_usd is not None


def test_a_conversation_keeps_its_turns(server: BedrockServer) -> None:
    opened(server).invoke([SYSTEM, QUESTION, AIMessage("Four days."), HumanMessage("And SNS?")])
    assert [message["role"] for message in server.calls[0].body["messages"]] == [
        "user",
        "assistant",
        "user",
    ]
