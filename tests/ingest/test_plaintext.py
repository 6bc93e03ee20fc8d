from ingest.markdown import blocks_of
from ingest.plaintext import has_structure, to_markdown

SCRAPED = """AWS Services Deep Dive
Priority Matrix
Service |
Level |
Share |
DynamoDB |
High |
90% |
Lambda |
Low |
80% |
1. Amazon Bedrock - The Basics
Model Selection
Python |
---|
| # a comment
limits = {
"timeout": "15 minutes",
}
|
Pattern 1: Fan Out
A topic sends one message to many queues, and each queue has its own consumer.
"""


def test_scraped_text_has_no_structure_although_code_comments_look_like_headings() -> None:
    assert not has_structure(SCRAPED)
    assert has_structure("# Title\n\n## Part\n\ntext")


def test_loose_lines_become_headings_tables_and_fences() -> None:
    blocks = blocks_of(to_markdown(SCRAPED))
    kinds = [block.kind for block in blocks]
    assert kinds == ["table", "code", "prose"]
    assert blocks[0].trail[-1] == "Priority Matrix"
    assert len(blocks[0].parts) == 2
    assert blocks[1].trail[-2:] == ("1. Amazon Bedrock - The Basics", "Model Selection")
    assert blocks[1].info == "python"
    assert blocks[2].trail[-1] == "Pattern 1: Fan Out"


def test_wrapped_prose_is_not_taken_for_headings() -> None:
    text = "The queue keeps messages\nuntil a consumer deletes them,\nand then they are gone.\n"
    assert to_markdown(text) == text
