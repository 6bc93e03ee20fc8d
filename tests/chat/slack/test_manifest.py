import re
from pathlib import Path

import yaml

from chat.slack.app import SlackBot
from tests.conftest import ROOT

FOLDER = ROOT / "chat" / "slack"
MANIFEST = yaml.safe_load((FOLDER / "slack-manifest.yaml").read_text())
SCOPES = {
    "app_mention": "app_mentions:read",
    "assistant_thread_started": "assistant:write",
    "assistant_thread_context_changed": "assistant:write",
    "message.channels": "channels:history",
    "message.groups": "groups:history",
    "message.im": "im:history",
    "message.mpim": "mpim:history",
}


def source() -> str:
    return "\n".join(Path(path).read_text() for path in sorted(FOLDER.glob("*.py")))


def test_the_manifest_asks_for_the_scopes_that_its_events_need() -> None:
    events = MANIFEST["settings"]["event_subscriptions"]["bot_events"]
    scopes = set(MANIFEST["oauth_config"]["scopes"]["bot"])
    assert {SCOPES[name] for name in events if name in SCOPES} <= scopes
    assert {"chat:write", "commands"} <= scopes
    assert MANIFEST["settings"]["socket_mode_enabled"] is True


def test_everything_that_the_manifest_subscribes_to_is_listened_to(bot: SlackBot) -> None:
    text = source()
    for name in MANIFEST["settings"]["event_subscriptions"]["bot_events"]:
        assert f'"{name.partition(".")[0]}"' in text, name
    commands = {row["command"] for row in MANIFEST["features"]["slash_commands"]}
    assert commands == set(re.findall(r'app\.command\("(/\w+)"\)', text))


def test_every_button_has_a_listener() -> None:
    text = source()
    shown = set(re.findall(r'\bbutton\(\s*"[^"]+",\s*"(\w+)"', text)) | {"pick_model"}
    listened = set(re.findall(r'^\s+"(\w+)": (?:lambda click|self\._)', text, re.M))
    assert len(shown) > 5 and shown == listened


def test_the_texts_of_the_manifest_fit_slacks_limits() -> None:
    assert len(MANIFEST["display_information"]["name"]) <= 35
    assert len(MANIFEST["display_information"]["description"]) <= 140
    assert len(MANIFEST["features"]["bot_user"]["display_name"]) <= 80
    assert len(MANIFEST["features"]["assistant_view"]["assistant_description"]) <= 300
