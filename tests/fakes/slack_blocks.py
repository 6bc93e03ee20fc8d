"""What Slack refuses: the limits of messages, blocks and views, as its reference states them."""

from typing import Any

KINDS = {"section", "context", "header", "actions", "input", "rich_text", "divider"}
TEXTS = {"rich_text_section", "rich_text_list", "rich_text_preformatted", "rich_text_quote"}


def faults_of_message(body: dict[str, Any]) -> str:
    """Slack's error for a message; "" when it takes it."""
    text, blocks = str(body.get("text") or ""), body.get("blocks") or []
    if not text and not blocks:
        return "no_text"
    if len(text) > 40_000:
        return "msg_too_long"
    if len(blocks) > 50 or any(_wrong(block) for block in blocks):
        return "invalid_blocks"
    if sum(len(word) for word in words_of(blocks)) > 13_000:
        return "msg_blocks_too_long"
    return ""


def faults_of_view(view: dict[str, Any]) -> str:
    """Slack's error for a modal or a home page; "" when it takes it."""
    blocks = view.get("blocks") or []
    wrong = not 1 <= len(blocks) <= 100 or any(_wrong(block) for block in blocks)
    if view["type"] == "modal":
        wrong = wrong or not 1 <= len(view["title"]["text"]) <= 24
        wrong = wrong or (any(b["type"] == "input" for b in blocks) and "submit" not in view)
    wrong = wrong or len(view.get("private_metadata") or "") > 3000
    return "invalid_arguments" if wrong else ""


def _wrong(block: dict[str, Any]) -> bool:
    kind = block.get("type")
    if kind not in KINDS:
        return True
    if kind == "section":
        return not _text(block["text"], 3000) or _wrong_element(block.get("accessory"))
    if kind == "header":
        return block["text"]["type"] != "plain_text" or not _text(block["text"], 150)
    if kind == "context":
        elements = block["elements"]
        return not 1 <= len(elements) <= 10 or not all(_text(e, 3000) for e in elements)
    if kind == "actions":
        elements = block["elements"]
        return not 1 <= len(elements) <= 25 or any(_wrong_element(e) for e in elements)
    if kind == "input":
        return not _text(block["label"], 2000) or _wrong_element(block["element"])
    if kind == "rich_text":
        return not block["elements"] or any(_wrong_rich(e) for e in block["elements"])
    return False


def _wrong_element(element: dict[str, Any] | None) -> bool:
    if element is None:
        return False
    if len(element["action_id"]) > 255:
        return True
    if element["type"] == "button":
        return not _text(element["text"], 75) or len(element["value"]) > 2000
    if element["type"] == "plain_text_input":
        most = element.get("max_length", 3000)
        return not 0 < most <= 3000 or len(element.get("initial_value", "")) > most
    if element["type"] == "static_select":
        options = element["options"]
        wrong = any(not _text(o["text"], 75) or len(o["value"]) > 150 for o in options)
        first = element.get("initial_option")
        return wrong or not 1 <= len(options) <= 100 or (first is not None and first not in options)
    return True


def _wrong_rich(element: dict[str, Any]) -> bool:
    kind = element["type"]
    if kind == "text":
        return not element["text"] or len(element["text"]) > 3000
    if kind not in TEXTS or not element["elements"]:
        return True
    inner = "rich_text_section" if kind == "rich_text_list" else "text"
    return any(e["type"] != inner or _wrong_rich(e) for e in element["elements"])


def _text(text: dict[str, Any], most: int) -> bool:
    return text["type"] in {"plain_text", "mrkdwn"} and 1 <= len(text["text"]) <= most


def words_of(block: Any) -> list[str]:
    """All texts of blocks, in order."""
    if isinstance(block, list):
        return [word for item in block for word in words_of(item)]
    if not isinstance(block, dict):
        return []
    own = block.get("text")
    found = [own] if isinstance(own, str) else words_of(own)
    for name in ("accessory", "elements", "element", "label", "blocks"):
        found += words_of(block.get(name))
    return found
