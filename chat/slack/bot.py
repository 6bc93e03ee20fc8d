"""Which of Slack's events, commands, buttons and modals leads to which work.

Every listener acknowledges first and leaves the work to the crew, or, where Slack gives a
click three seconds to open a modal, does that little at once.
"""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from chat.slack import menu
from chat.slack.answers import answer_command, answer_message
from chat.slack.blocks import Message, sentence_message
from chat.slack.events import Asked, asked_of, owner_of
from chat.slack.kit import Kit
from chat.slack.mrkdwn import unescape
from chat.slack.passages import modal, passage_view
from chat.slack.practice import PracticeDesk, thread_question
from chat.slack.streaming import post, where

if TYPE_CHECKING:
    from slack_bolt import App

Body = dict[str, Any]


class Click:
    """A button, a menu or a command: who, and how to answer them alone."""

    def __init__(self, body: Body) -> None:
        action = (body.get("actions") or [{}])[0]
        team = body.get("team") or {}
        user = body.get("user") or {}
        self.user = str(body.get("user_id") or user.get("id"))
        self.team = str(body.get("team_id") or team.get("id") or user.get("team_id") or "")
        self.url = str(body.get("response_url") or "")
        self.trigger = str(body.get("trigger_id") or "")
        self.owner = owner_of(self.team, self.user)
        option = action.get("selected_option") or {}
        self.value = str(action.get("value") or option.get("value") or "")
        self.key = f"slack:trigger:{self.trigger}"


class Bot:
    """The listeners of one bot."""

    def __init__(self, kit: Kit) -> None:
        self._kit = kit
        self._desk = PracticeDesk(kit)

    def register(self, app: "App") -> None:
        """Listen to everything that the manifest subscribes to."""
        for name in ("message", "app_mention"):
            app.event(name)(self._on_message)
        app.event("assistant_thread_started")(self._on_assistant)
        app.event("assistant_thread_context_changed")(lambda: None)
        app.event("app_home_opened")(self._on_home)
        app.command("/guide")(self._on_guide)
        app.command("/practice")(self._on_practice)
        app.view("practice_submit")(self._on_answer)
        app.view("rate_comment")(self._on_comment)
        clicks: dict[str, Callable[[Click], None]] = {
            "passage": self._passage,
            "rate_good": lambda click: self._rate(click, 1),
            "rate_bad": lambda click: self._rate(click, -1),
            "practice_start": lambda click: self._next_question(click, ""),
            "practice_next": lambda click: self._next_question(click, click.value),
            "practice_answer": lambda click: self._write(click, False),
            "practice_follow_up": lambda click: self._write(click, True),
            "practice_model_answer": self._model_answer,
            "choose_model": self._choose_model,
            "pick_model": self._pick_model,
        }
        for name, work in clicks.items():
            app.action(name)(self._clicked(name, work))

    # Messages

    def _on_message(self, body: Body) -> None:
        asked = asked_of(body, self._kit.bot_user)
        if asked is None:
            return
        if asked.addressed and asked.topic is not None:
            self._work(lambda: self._practise_in_place(asked), asked)
        else:
            self._work(lambda: answer_message(self._kit, asked), asked)

    def _work(self, job: Callable[[], None], asked: Asked | None = None) -> None:
        if self._kit.crew.submit(job):
            return
        self._kit.log.error("too much is waiting; a question was turned away")
        if asked is not None and asked.addressed:
            busy = sentence_message("Too many questions at once. Please ask again in a minute.")
            post(self._kit.hasty, where(asked.place), busy)

    def _practise_in_place(self, asked: Asked) -> None:
        kit, owner = self._kit, asked.place.owner
        try:
            if kit.once(asked.key):
                message = thread_question(kit, self._desk, owner, asked.topic or "")
                post(kit.client, where(asked.place), message)
        except Exception as error:
            kit.sorry(error, asked.place.user, "", "choosing a question")

    def _on_assistant(self, body: Body) -> None:
        thread = (body.get("event") or {}).get("assistant_thread") or {}
        self._suggest(str(thread.get("channel_id")), str(thread.get("thread_ts")))

    def _suggest(self, channel: str, thread: str | None) -> None:
        try:
            self._kit.hasty.assistant_threads_setSuggestedPrompts(
                channel_id=channel, thread_ts=thread, prompts=menu.prompts()
            )
        except Exception as error:
            self._kit.log.debug("no prompts were suggested: %s", type(error).__name__)

    def _on_home(self, body: Body) -> None:
        event = body.get("event") or {}
        if event.get("tab") != "home":
            return self._suggest(str(event.get("channel")), None)
        user = str(event.get("user"))
        owner = owner_of(str(body.get("team_id") or ""), user)
        try:
            self._kit.publish_home(user, menu.home_blocks(self._kit, owner))
        except Exception as error:
            self._kit.log.error("the home page failed: %s", type(error).__name__)

    # Commands

    def _on_guide(self, ack: Callable[..., Any], body: Body) -> None:
        text, click = unescape(str(body.get("text") or "")), Click(body)
        first, _, rest = text.partition(" ")
        if first.lower() in {"", "help", "?"} and not rest:
            message = menu.help_message()
            ack(text=message.text, blocks=message.blocks)
        elif first.lower() == "model" and len(rest.split()) <= 1:
            ack(text="Looking at the models …")
            self._work(lambda: self._models(click, rest.strip()))
        else:
            ack(text="Reading the guide …")
            answer = (click.team, click.user, text, click.url, click.key)
            self._work(lambda: answer_command(self._kit, *answer))

    def _models(self, click: Click, chosen: str) -> None:
        try:
            message = (
                sentence_message(menu.pick(self._kit, click.owner, chosen))
                if chosen
                else menu.model_message(self._kit, click.owner)
            )
            self._kit.to_person(click.user, click.url, [message], replace=True)
        except Exception as error:
            self._kit.sorry(error, click.user, click.url, "choosing a model")

    def _on_practice(self, ack: Callable[..., Any], body: Body) -> None:
        ack(text="Choosing a question …")
        words, click = unescape(str(body.get("text") or "")), Click(body)

        def job() -> None:
            if self._kit.once(click.key):
                self._desk.ask(click.team, click.user, words, click.url)

        self._work(job)

    # Buttons

    def _clicked(self, name: str, work: Callable[[Click], None]) -> Callable[..., None]:
        def listener(ack: Callable[..., Any], body: Body) -> None:
            ack()
            click = Click(body)
            try:
                if self._kit.once(click.key):
                    work(click)
            except Exception as error:
                self._kit.sorry(error, click.user, click.url, f"the button {name}")

        return listener

    def _passage(self, click: Click) -> None:
        kind, identifier, n = click.value.split(":")

        def build() -> dict[str, Any]:
            history = self._kit.history
            if kind == "g":
                found = (history.attempt(identifier) or {}).get("grade") or {}
            else:
                found = history.answer(identifier) or {}
            for citation in found.get("citations", ()):
                if citation["n"] == int(n):
                    documents = self._kit.answerer.service().index.documents
                    return passage_view(documents.get(citation["source"]), citation)
            return modal("In the guide", sentence_message("I no longer have this answer.").blocks)

        self._kit.open_modal(click.trigger, "In the guide", build)

    def _rate(self, click: Click, rating: int) -> None:
        self._kit.history.rate(click.value, click.owner, rating)
        if rating > 0:
            thanks = sentence_message("Thank you, noted.")
            return self._kit.to_person(click.user, click.url, [thanks])
        label = {"type": "plain_text", "text": "What was wrong or missing?"}
        element = {
            "type": "plain_text_input",
            "action_id": "text",
            "multiline": True,
            "max_length": 1000,
        }
        field = {"type": "input", "block_id": "comment", "optional": True, "label": label}
        view = modal(
            "Thank you, noted",
            [{**field, "element": element}],
            callback_id="rate_comment",
            submit={"type": "plain_text", "text": "Send"},
            private_metadata=click.value,
        )
        self._kit.client.views_open(trigger_id=click.trigger, view=view)

    def _on_comment(self, ack: Callable[..., Any], body: Body) -> None:
        ack()
        view, click = body["view"], Click(body)
        comment = view["state"]["values"]["comment"]["text"].get("value") or ""
        try:
            self._kit.history.rate(view["private_metadata"], click.owner, -1, comment)
        except Exception as error:
            self._kit.sorry(error, click.user, "", "a rating")

    def _next_question(self, click: Click, after: str) -> None:
        self._work(lambda: self._desk.ask(click.team, click.user, "", click.url, after))

    def _write(self, click: Click, follow_up: bool) -> None:
        title = "Follow-up" if follow_up else "Interview question"
        self._kit.open_modal(
            click.trigger,
            title,
            lambda: self._desk.answer_modal(click.owner, click.value, follow_up),
        )

    def _model_answer(self, click: Click) -> None:
        self._kit.open_modal(
            click.trigger,
            "Model answer",
            lambda: self._desk.model_answer_modal(click.value.partition(":")[0]),
        )

    def _on_answer(self, ack: Callable[..., Any], body: Body) -> None:
        ack()
        view, click = body["view"], Click(body)
        self._work(lambda: self._desk.submit(click.team, click.user, view))

    def _choose_model(self, click: Click) -> None:
        self._work(lambda: self._models(click, ""))

    def _pick_model(self, click: Click) -> None:
        sentence = menu.pick(self._kit, click.owner, click.value)
        message: Message = sentence_message(sentence)
        self._kit.to_person(click.user, click.url, [message])
