"""Answers and grades as Slack messages that keep to every limit of Block Kit.

What comes from documents, models and people stands in rich text or in `plain_text`, where
Slack reads no mark-up.
"""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from chat.slack.mrkdwn import escape, plain, shortened
from chat.slack.rich_text import BLOCK_TEXT, Piece, Run, blocks_of, rich_blocks, words_of_line

Block = dict[str, Any]

MESSAGE_BLOCKS = 50
MESSAGE_TEXT = 9000
"""Characters in the blocks of one message. Slack documents no such limit, but refuses
messages of about 13,000 characters with `msg_blocks_too_long`."""
FALLBACK_TEXT = 3000
"""Characters of `text`, which notifications and screen readers use instead of the blocks."""
HEADER_TEXT = 150
BUTTON_TEXT = 75
VALUE = 2000
_QUOTE = 500
"""Characters of a quote below an answer; the passage's button shows the rest."""
_MARKS = {"covered": "✅", "partial": "🟡", "missing": "⬜", "wrong": "❌"}


@dataclass(frozen=True)
class Message:
    """One message: its blocks, and the text that stands for them."""

    text: str
    blocks: list[Block]


def section(text: str, accessory: Block | None = None) -> Block:
    """Words as they are, with a button beside them."""
    shown = {"type": "plain_text", "text": shortened(text, BLOCK_TEXT), "emoji": False}
    block: Block = {"type": "section", "text": shown}
    return {**block, "accessory": accessory} if accessory else block


def context(*texts: str) -> Block:
    """Small grey words."""
    shown = [shortened(text, BLOCK_TEXT) for text in texts if text.strip()][:10]
    elements = [{"type": "plain_text", "text": text, "emoji": False} for text in shown]
    return {"type": "context", "elements": elements}


def header(text: str) -> Block:
    """A headline."""
    return {"type": "header", "text": {"type": "plain_text", "text": shortened(text, HEADER_TEXT)}}


def button(text: str, action: str, value: str, style: str = "") -> Block:
    """A button; `action` is what the bot listens for, `value` what it gets."""
    assert len(value) <= VALUE, action
    label = {"type": "plain_text", "text": shortened(text, BUTTON_TEXT), "emoji": True}
    block: Block = {"type": "button", "text": label, "action_id": action, "value": value}
    return {**block, "style": style} if style else block


def actions(*elements: Block) -> Block:
    """A row of buttons or menus."""
    return {"type": "actions", "elements": list(elements)}


def answer_messages(answer: dict[str, Any]) -> list[Message]:
    """An answer (its JSON form with its `id`) as messages: text, sources, notes, buttons."""
    blocks = rich_blocks(answer["answer"])
    blocks += [_source(citation, f"a:{answer['id']}") for citation in answer["citations"]]
    facts = f"{answer['model']} · {answer['seconds']:.1f} s"
    blocks.append(context(*(f"Note: {note}" for note in answer.get("notes", ())), facts))
    blocks.append(
        actions(
            button("👍 Helpful", "rate_good", answer["id"]),
            button("👎 Not helpful", "rate_bad", answer["id"]),
        )
    )
    return packed(blocks, plain(answer["answer"]))


def question_blocks(question_id: str, text: str, facts: Sequence[str], why: str) -> list[Block]:
    """An interview question with the button that opens the answer's modal."""
    buttons = [
        button("Write your answer", "practice_answer", question_id, "primary"),
        button("Another question", "practice_next", question_id),
    ]
    return [
        header("Interview question"),
        section(text),
        context(" · ".join(fact for fact in facts if fact), why),
        actions(*buttons),
    ]


def grade_messages(
    grade: dict[str, Any], question_id: str, attempt: str, previous: float | None = None
) -> list[Message]:
    """A grade (its JSON form) as messages to the person who answered.

    Args:
        grade: what `Grade.to_json` gives.
        question_id: for the buttons.
        attempt: the id under which the attempt is stored.
        previous: the score before a follow-up was answered.
    """
    score = f"{grade['score']:g} out of 10"
    before = f", {previous:g} before the follow-up" if previous is not None else ""
    blocks = [header(score + before), context(grade.get("anchor") or "", grade["question"])]
    blocks += rich_blocks_of_text(grade["feedback"])
    blocks += blocks_of(_point(point) for point in grade["points"])
    if grade["mistakes"]:
        blocks.append(context("Mistakes in the answer"))
        blocks += blocks_of(Piece("bullet", (Run(text),)) for text in grade["mistakes"])
    blocks += [_source(citation, f"g:{attempt}") for citation in grade["citations"]]
    buttons = []
    if grade.get("follow_up"):
        blocks.append(context("Follow-up question"))
        blocks.append(section(grade["follow_up"]))
        buttons.append(
            button("Answer the follow-up", "practice_follow_up", f"{question_id}:{attempt}")
        )
    buttons.append(button("Model answer", "practice_model_answer", question_id))
    buttons.append(button("Next question", "practice_next", question_id))
    notes = [f"Note: {note}" for note in grade.get("notes", ())]
    blocks += [context(*notes)] if notes else []
    blocks.append(actions(*buttons))
    return packed(blocks, f"{score}. {grade['feedback']}")


def rich_blocks_of_text(text: str) -> list[Block]:
    """Words as they are, a paragraph a line."""
    return blocks_of(Piece("section", (Run(line),)) for line in text.split("\n"))


def _point(point: dict[str, Any]) -> Piece:
    runs = [Run(f"{_MARKS.get(point['verdict'], '•')} {point['point']}")]
    said = " ".join(str(point.get("evidence") or "").split())
    if said:
        runs.append(Run(f"\nYou said: “{shortened(said, 300)}”", italic=True))
    if point.get("note"):
        runs.append(Run(f"\n{point['note']}"))
    return Piece("section", tuple(runs))


def _source(citation: dict[str, Any], where: str) -> Block:
    """A citation: its number, heading, source and quote, and the button to its passage."""
    heading = " › ".join(citation["trail"]) or citation["source"]
    quote = shortened(readable(citation["quote"]), _QUOTE)
    n = citation["n"]
    text = f"[{n}] {shortened(heading, 300)} · {shortened(citation['source'], 200)}\n“{quote}”"
    return section(text, button("Show the passage", "passage", f"{where}:{n}"))


def readable(quote: str) -> str:
    """A quote on one line, without the Markdown of its table row, list item or emphasis."""
    words = []
    for line in quote.split("\n"):
        row = line.strip()
        if row.startswith("|"):
            row = " · ".join(cell.strip() for cell in row.strip("|").split("|"))
        words.append(words_of_line(re.sub(r"^(?:[-*+>]|\d+[.)])\s+", "", row)))
    return " ".join(" ".join(words).split()) or quote.strip()


def packed(blocks: Iterable[Block], text: str) -> list[Message]:
    """Blocks in as few messages as Slack's limits allow, each with its part of `text`."""
    groups: list[list[Block]] = [[]]
    size = 0
    for block in blocks:
        length = text_size(block)
        if groups[-1] and (len(groups[-1]) == MESSAGE_BLOCKS or size + length > MESSAGE_TEXT):
            groups.append([])
            size = 0
        groups[-1].append(block)
        size += length
    first = shortened(escape(text), FALLBACK_TEXT)
    return [
        Message(first if place == 0 else f"(continued, {place + 1} of {len(groups)})", group)
        for place, group in enumerate(groups)
    ]


def text_size(block: Any) -> int:
    """Characters of text in a block, whatever its kind."""
    if isinstance(block, dict):
        own = block.get("text")
        return sum(text_size(value) for key, value in block.items() if key != "text") + (
            len(own) if isinstance(own, str) else text_size(own)
        )
    if isinstance(block, list):
        return sum(text_size(item) for item in block)
    return 0


def sentence_message(sentence: str, *buttons: Block) -> Message:
    """One sentence of the bot itself."""
    return Message(escape(sentence), [section(sentence), *([actions(*buttons)] if buttons else [])])
