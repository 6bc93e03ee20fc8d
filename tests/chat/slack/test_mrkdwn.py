import pytest

from chat.slack.mrkdwn import escape, pieces, preview, shortened, unescape


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("<@UBOT> what is SQS?", "what is SQS?"),
        ("is &lt;b&gt; &amp;amp; ok", "is <b> &amp; ok"),
        ("see <https://e.x/a|the page> and <https://e.x>", "see the page and https://e.x"),
        ("<!here> in <#C1|general>", "in general"),
    ],
)
def test_what_a_person_typed_is_read_without_slacks_marks(typed: str, meant: str) -> None:
    assert unescape(typed) == meant


def test_escaped_text_can_not_act() -> None:
    assert escape("<!channel> & <@U1>") == "&lt;!channel&gt; &amp; &lt;@U1&gt;"


def test_a_preview_can_not_act_either() -> None:
    shown = preview("\\<!channel\\> [x](http://e.x) ![x](http://e.x) a\\*b <@U1>")
    assert "<" not in shown and "](" not in shown and "a*b" in shown


def test_pieces_end_with_statements_and_lose_nothing() -> None:
    text = "This is a statement with a citation [1]. " * 100
    parts = pieces(text, 500)
    assert "".join(parts) == text and all(len(part) <= 500 for part in parts)
    assert all(part.rstrip().endswith("[1].") for part in parts)


def test_a_text_without_blanks_is_cut_where_it_must_be() -> None:
    assert [len(part) for part in pieces("x" * 1100, 500)] == [500, 500, 100]


def test_a_shortened_text_ends_with_an_ellipsis() -> None:
    assert shortened("one two three", 9) == "one two…"
    assert shortened("short", 9) == "short"
