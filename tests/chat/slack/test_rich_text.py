from typing import Any

import pytest

from chat.slack.rich_text import BLOCK_TEXT, rich_blocks
from tests.fakes.slack_blocks import words_of

HOSTILE = "<!channel> <@U1> <http://e.x|click> *b* _i_ ~s~ `c` &lt; [x](http://e.x) :boom: > q"


def elements(markdown: str) -> list[dict[str, Any]]:
    return [element for block in rich_blocks(markdown) for element in block["elements"]]


def test_hostile_text_stays_literal_text() -> None:
    from chat.answering import escaped

    found = elements(escaped(HOSTILE))
    assert [part["type"] for part in found] == ["rich_text_section"]
    assert found[0]["elements"] == [{"type": "text", "text": HOSTILE}]


def test_links_images_and_html_of_a_model_are_not_made_active() -> None:
    markdown = (
        "[x](http://e.x) ![p](http://e.x/p.png) <http://e.x> <b>bold</b>\n\n<script>1</script>"
    )
    kinds = {part["type"] for section in elements(markdown) for part in section["elements"]}
    assert kinds == {"text"}
    assert "[x](http://e.x)" in "".join(words_of(rich_blocks(markdown)))


def test_a_table_becomes_lines_that_are_readable_alone() -> None:
    table = "| Aspect | ALB | NLB |\n| --- | --- | --- |\n| Layer | 7 | 4 [1] |\n| Cost | | low |"
    (found,) = elements(table)
    assert found["type"] == "rich_text_list" and found["style"] == "bullet"
    rows = ["".join(words_of(row)) for row in found["elements"]]
    assert rows == ["Layer — ALB: 7; NLB: 4 [1]", "Cost; NLB: low"]
    assert found["elements"][0]["elements"][0]["style"] == {"bold": True}


def test_lists_keep_their_form_numbers_and_nesting() -> None:
    found = elements("1. one\n2. two\n   - inner\n3. three\n\n```\n# code\n```\n\n> said\n\n## H")
    assert [(e["type"], e.get("style"), e.get("indent"), e.get("offset")) for e in found] == [
        ("rich_text_list", "ordered", 0, None),
        ("rich_text_list", "bullet", 1, None),
        ("rich_text_list", "ordered", 0, 2),
        ("rich_text_preformatted", None, None, None),
        ("rich_text_quote", None, None, None),
        ("rich_text_section", None, None, None),
    ]


@pytest.mark.parametrize(
    "markdown",
    [
        "One sentence of an answer goes here. " * 330,
        "word" * 3000,
        "\n".join(f"- item {n} of a list that is rather long" for n in range(300)),
        "```\n" + "line of code\n" * 900 + "```",
        "**" + "bold words. " * 1000 + "end**",
    ],
)
def test_long_text_is_split_at_statement_ends_and_nothing_vanishes(markdown: str) -> None:
    blocks = rich_blocks(markdown)
    assert len(blocks) > 3
    for block in blocks:
        assert 0 < sum(len(word) for word in words_of(block)) <= BLOCK_TEXT
    shown = "".join("".join(words_of(block)) for block in blocks)
    source = markdown.replace("```", "").replace("**", "").replace("\n- ", "").removeprefix("- ")
    assert "".join(shown.split()) == "".join(source.split())
    if markdown.startswith("One"):
        assert all("".join(words_of(b)).rstrip().endswith("here.") for b in blocks)


def test_a_split_item_gets_no_second_bullet() -> None:
    first, second = rich_blocks("- " + "A statement of the item stands here. " * 100)[:2]
    assert first["elements"][0]["type"] == "rich_text_list"
    assert second["elements"][0]["type"] == "rich_text_section"
