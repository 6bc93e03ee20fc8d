import pytest

from chat.model_errors import ModelError, excerpt, from_exception
from ingest.errors import GuideError


def test_a_model_error_is_told_to_people_as_it_is() -> None:
    error = ModelError("budget", "Used up.")
    assert isinstance(error, GuideError)
    assert (error.kind, str(error)) == ("budget", "Used up.")


def test_a_model_error_under_another_is_kept() -> None:
    inner = ModelError("budget", "Used up.")
    outer = RuntimeError("wrapped")
    outer.__cause__ = inner
    assert from_exception(outer, "ollama:x", 5) is inner


def test_what_no_one_foresaw_is_still_one_sentence() -> None:
    error = from_exception(ZeroDivisionError("division\nby zero"), "ollama:x", 5)
    assert error.kind == "other"
    assert str(error) == ("ollama:x failed (division by zero). Try again, or choose another model.")


def test_an_error_without_words_is_named() -> None:
    assert "MemoryError" in str(from_exception(MemoryError(), "gguf:x", 5))


@pytest.mark.parametrize(
    ("status", "words", "kind"),
    [
        (401, "no", "no_credentials"),
        (403, "no", "access_denied"),
        (404, "no", "unknown_model"),
        (408, "late", "throttled"),
        (429, "Rate limit", "throttled"),
        (429, "insufficient_quota", "access_denied"),
        (503, "Loading model", "throttled"),
        (400, "maximum context length is 4096", "other"),
        (500, "boom", "other"),
    ],
)
def test_http_failures_mean_the_same_for_every_server(status: int, words: str, kind: str) -> None:
    class Refused(Exception):
        status_code = status

    assert from_exception(Refused(words), "openai:x", 5).kind == kind


@pytest.mark.parametrize(
    ("said", "shown"),
    [
        ("key sk-abc123-DEF was wrong", "key (key) was wrong"),
        ("user AKIAIOSFODNN7EXAMPLE", "user (key)"),
        ("arn:aws:iam::123456789012:user/me may not", "(arn) may not"),
        ("account 123456789012", "account (account)"),
        ("a\n  b\tc", "a b c"),
    ],
)
def test_a_provider_s_words_are_shown_without_keys_and_accounts(said: str, shown: str) -> None:
    assert excerpt(said) == shown


def test_a_provider_s_words_are_cut() -> None:
    assert len(excerpt("word " * 500)) <= 160
