"""What is not an answer: the help, the app's home page, the model picker, the prompts."""

from hashlib import sha256

from chat.model_availability import Availability, available
from chat.slack.blocks import Block, Message, actions, button, context, header, section
from chat.slack.kit import Kit
from chat.slack.mrkdwn import shortened

HELP = (
    "Ask me anything about the guide: mention me in a channel, write to me directly, or use "
    "/guide QUESTION, whose answer only you see. In a thread I remember what was said. "
    "/practice, or /practice sqs senior, asks you an interview question and grades your answer. "
    "/guide model chooses what answers you."
)
PROMPTS = (
    ("Scaling", "How would you handle a million requests per second?"),
    ("A comparison", "ALB or NLB: when would you pick each?"),
    ("A number", "What is the default visibility timeout in SQS?"),
    ("Practise", "practice"),
)
_OPTION = 75
_OPTIONS = 100


def help_message() -> Message:
    """What the bot can do."""
    return Message(HELP, [section(HELP), actions(_practise())])


def home_blocks(kit: Kit, owner: str) -> list[Block]:
    """The app's home page."""
    return [
        header("The interview guide"),
        section(HELP),
        actions(_practise(), button("Choose the model", "choose_model", "model")),
        context(f"Answers come from: {kit.model_of(owner)}"),
    ]


def _practise() -> Block:
    return button("Practise a question", "practice_start", "any", "primary")


def prompts() -> list[dict[str, str]]:
    """What the assistant pane suggests; at most four."""
    return [{"title": title, "message": message} for title, message in PROMPTS]


def model_message(kit: Kit, owner: str) -> Message:
    """The models that can answer now, as a menu; the others with the reason why not."""
    found = available(kit.settings, kit.history)
    usable = [model for model in found if model.usable][:_OPTIONS]
    current = kit.model_of(owner)
    options = {model.spec: _option(model) for model in usable}
    menu: Block = {
        "type": "static_select",
        "action_id": "pick_model",
        "placeholder": {"type": "plain_text", "text": "Answer with"},
        "options": list(options.values()),
    }
    if current in options:
        menu["initial_option"] = options[current]
    text = f"Your questions are answered by {current}."
    blocks = [section(text), actions(menu)]
    blocks += [context(f"{model.spec}: {model.reason}") for model in found if not model.usable][:20]
    return Message(text, blocks)


def pick(kit: Kit, owner: str, chosen: str) -> str:
    """Store a person's choice; the sentence that says so.

    Args:
        kit: the bot.
        owner: whose choice.
        chosen: the value of a menu's option, or a model string.
    """
    for model in available(kit.settings, kit.history):
        if chosen not in {_key(model.spec), model.spec}:
            continue
        if not model.usable:
            return f"{model.spec} can't be used now: {model.reason}"
        kit.history.prefer(owner, "model", model.spec)
        return f"From now on your questions are answered by {model.spec}."
    return "That model is not on offer. Write /guide model to see those that are."


def _option(model: Availability) -> Block:
    text = shortened(model.label, _OPTION)
    return {"text": {"type": "plain_text", "text": text}, "value": _key(model.spec)}


def _key(spec: str) -> str:
    """A model string as an option's value, which may have 75 characters at most."""
    return sha256(spec.encode()).hexdigest()[:24]
