import re

import pytest

from chat.passage_view import answer_html, section_html
from ingest.documents import Document

TEXT = """# Title

Before.

## Limits

A queue has **one limit**. It is 30 seconds.

- first item
- second **bold.**

| A | B |
| --- | --- |
| x | y |

```
line one
line two
```

## Next

After <script>alert(1)</script> [l](javascript:x) ![i](http://e/i.png).
"""
DOCUMENT = Document("t.md", TEXT, "")


def marked(quote: str) -> tuple[str, str]:
    start = TEXT.index(quote)
    html = section_html(DOCUMENT, start, start + len(quote))
    words = "".join(re.findall(r"<mark>(.*?)</mark>", html, re.S))
    return html, re.sub(r"<[^>]+>", "", words)


@pytest.mark.parametrize(
    ("quote", "words"),
    [
        ("A queue has **one limit**.", "A queue has one limit."),
        ("It is 30 seconds.", "It is 30 seconds."),
        ("- second **bold.**", "second bold."),
        ("| x | y |", "xy"),
        ("line two", "line two"),
    ],
)
def test_the_quoted_words_are_marked_inside_their_section(quote: str, words: str) -> None:
    html, found = marked(quote)
    assert found == words
    assert "Limits" in html and "Before" not in html and "After" not in html


def test_nothing_in_a_document_acts() -> None:
    html, found = marked("After")
    assert found == "After"
    assert "<script" not in html and "href" not in html and "<img" not in html


def test_markers_become_buttons_and_other_brackets_stay() -> None:
    html = answer_html("It is so. [1] See [7] and \\[2\\].", {1})
    assert html.count("<button") == 1 and 'data-n="1"' in html
    assert "[7]" in html and "[2]" in html
