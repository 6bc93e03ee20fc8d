from ingest.markdown import blocks_of, plain

TEXT = """---
title: T
---

# One

Intro.

```bash
# no heading
echo
```

## Two *words*

- a
  - a1
- b

> quoted words

| A | B |
| --- | --- |
| 1 | x \\| y |
"""


def test_a_hash_inside_a_fence_is_no_heading() -> None:
    assert {block.trail for block in blocks_of(TEXT)} == {("One",), ("One", "Two words")}


def test_spans_are_exact_and_front_matter_is_left_out() -> None:
    found = [TEXT[block.start : block.end] for block in blocks_of(TEXT)]
    assert found[0] == "Intro."
    assert found[1] == "```bash\n# no heading\necho\n```"
    assert found[2] == "- a\n  - a1\n- b"
    assert found[4].startswith("| A | B |")


def test_list_items_and_rows_are_parts_of_their_own() -> None:
    lists = [block for block in blocks_of(TEXT) if block.kind == "list"]
    assert [TEXT[p.start : p.end].strip() for p in lists[0].parts] == ["- a", "- a1", "- b"]
    assert [p.depth for p in lists[0].parts] == [0, 1, 0]
    table = next(block for block in blocks_of(TEXT) if block.kind == "table")
    assert [TEXT[p.start : p.end] for p in table.parts] == ["| 1 | x \\| y |"]


def test_plain_drops_markup_and_keeps_words() -> None:
    assert plain("**a** `b` [c](http://d) <b>e</b>") == "a b c e"
