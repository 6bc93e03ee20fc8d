"""A question in Slack -> its answer there: in a thread, a direct message, or to one person."""

from chat.answer import EXTRACTIVE, Answer, Turn
from chat.slack.blocks import answer_messages, sentence_message
from chat.slack.events import Asked, Place, owner_of
from chat.slack.kit import Kit
from chat.slack.limits import Refusal
from chat.slack.mrkdwn import escape, shortened, unescape
from chat.slack.streaming import LiveReply, where

_TURNS = 12
"""Messages of a conversation that a follow-up may point back to."""


def answer_message(kit: Kit, asked: Asked) -> None:
    """Answer a message if it is for the bot, exactly once."""
    place = asked.place
    reply = LiveReply(kit.client, kit.hasty, place, kit.support, kit.log)
    try:
        if not asked.addressed and not kit.history.turns(place.conversation):
            return
        if not kit.once(asked.key):
            return
        refusal = kit.limits.admit(place.team, place.owner)
        if refusal:
            return _refuse(kit, place, refusal)
    except Exception as error:
        return _fail(kit, reply, error)
    try:
        _answer(kit, asked, reply)
    except Exception as error:
        _fail(kit, reply, error)
    finally:
        kit.limits.done(place.owner)


def _answer(kit: Kit, asked: Asked, reply: LiveReply) -> None:
    place = asked.place
    if not asked.text:
        return reply.fail("Ask me anything about the guide, or write: practice")
    model = kit.model_of(place.owner)
    reply.waiting(slow=model != EXTRACTIVE)
    known = kit.history.turns(place.conversation)
    known = known or _thread_before(kit, asked)
    kit.history.start_conversation(place.owner, place.conversation)
    kit.history.add_message(place.conversation, Turn("user", asked.text))
    answer = None
    for piece in kit.answerer.stream(asked.text, known[-_TURNS:], model):
        if isinstance(piece, Answer):
            answer = piece
        else:
            reply.add(piece)
    assert answer is not None
    kit.history.add_message(place.conversation, Turn("assistant", answer.text), answer)
    reply.finish(answer_messages({"id": answer.id, **answer.to_json()}))
    if not known and place.direct and place.thread:
        _title(kit, place, asked.text)


def _thread_before(kit: Kit, asked: Asked) -> list[Turn]:
    """What people said in a thread before they called the bot into it."""
    place = asked.place
    if not place.thread or place.thread == asked.ts:
        return []
    try:
        found = kit.hasty.conversations_replies(
            channel=place.channel, ts=place.thread, latest=asked.ts, limit=_TURNS
        )
    except Exception:
        return []  # without the permission to read, the question stands alone
    turns = []
    for message in found.get("messages") or []:
        text = unescape(str(message.get("text") or ""))
        if text and message.get("ts") != asked.ts and not message.get("bot_id"):
            turns.append(Turn("user", text))
    return turns


def _title(kit: Kit, place: Place, question: str) -> None:
    try:
        kit.hasty.assistant_threads_setTitle(
            channel_id=place.channel, thread_ts=place.thread, title=shortened(question, 100)
        )
    except Exception:
        pass  # only Slack's assistant pane has titles


def _refuse(kit: Kit, place: Place, refusal: Refusal) -> None:
    if refusal.told:
        return
    text = escape(refusal.sentence)
    if place.direct:
        kit.client.chat_postMessage(**where(place), text=text)
    else:
        kit.client.chat_postEphemeral(
            channel=place.channel, user=place.user, thread_ts=place.thread, text=text
        )


def _fail(kit: Kit, reply: LiveReply, error: Exception) -> None:
    sentence = kit.told(error, "an answer")
    try:
        reply.fail(sentence)
    except Exception as second:
        kit.log.error("nor could it be told: %s", type(second).__name__)


def answer_command(kit: Kit, team: str, user: str, question: str, url: str, key: str) -> None:
    """Answer `/guide QUESTION` to the person alone."""
    owner = owner_of(team, user)
    try:
        if not kit.once(key):
            return
        refusal = kit.limits.admit(team, owner)
        if refusal:
            return kit.to_person(user, url, [sentence_message(refusal.sentence)], replace=True)
    except Exception as error:
        return kit.sorry(error, user, url, "a command")
    try:
        answer = kit.answerer.ask(question, (), kit.model_of(owner))
        kit.history.log_answer(answer)
        messages = answer_messages({"id": answer.id, **answer.to_json()})
        kit.to_person(user, url, messages, replace=True)
    except Exception as error:
        kit.sorry(error, user, url, "a command")
    finally:
        kit.limits.done(owner)
