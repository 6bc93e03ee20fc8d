import pytest

from ingest.decoding import UndecodableError, decode, repair

CLEAN = "naïve café — “quoted” ½ µs €5 Größe ÀÉ 東京 🏗️ → ├── Ã is a letter"


def test_clean_text_is_left_alone() -> None:
    assert repair(CLEAN) == CLEAN
    assert decode(CLEAN.encode()) == CLEAN


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16"])
def test_a_byte_order_mark_tells_the_encoding(encoding: str) -> None:
    assert decode("größer".encode(encoding)) == "größer"


def test_western_single_byte_text_is_detected() -> None:
    text = "Die Größe der Warteschlange ändert sich. Außerdem läuft die Prüfung über Nacht."
    assert decode(text.encode("cp1252")) == text


@pytest.mark.parametrize("encoding", ["cp1252", "cp1254", "latin-1"])
def test_mojibake_is_repaired_once_and_twice(encoding: str) -> None:
    text = "It’s a café – 5 µs, über" if encoding != "latin-1" else "café 5 µs, über"
    once = text.encode().decode(encoding)
    assert decode(once.encode()) == text
    assert decode(once.encode().decode(encoding).encode()) == text


def test_a_byte_that_was_lost_on_the_way_is_guessed() -> None:
    broken = "## 1ï¸âƒ£ Amazon SNS â€” topics"
    assert decode(broken.encode()) == "## 1\ufe0f\u20e3 Amazon SNS — topics"


def test_line_ends_are_unified() -> None:
    assert decode(b"a\r\nb\rc") == "a\nb\nc"


def test_a_binary_file_is_refused_with_a_reason() -> None:
    with pytest.raises(UndecodableError, match="binary"):
        decode(b"\x7fELF\x02\x00\x00\x01\x00" * 50)
