import pytest

from chat.settings import Settings
from ingest.settings import KNOWN_NAMES, IngestSettings, SettingsError


def test_every_known_name_is_a_setting_and_every_setting_is_known() -> None:
    assert {name.upper() for name in Settings.model_fields} == KNOWN_NAMES


def test_an_unknown_name_fails_with_the_nearest_known_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GUIDE_INDXE", "x")
    with pytest.raises(SettingsError, match="GUIDE_INDXE. Did you mean GUIDE_INDEX?"):
        IngestSettings.load()


def test_a_name_in_the_env_file_is_checked_too(
    monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory
) -> None:
    folder = tmp_path_factory.mktemp("cwd")
    (folder / ".env").write_text("GUIDE_MODLE=x\nGUIDE_INDEX=here\nOTHER=1\n")
    monkeypatch.chdir(folder)
    with pytest.raises(SettingsError, match="GUIDE_MODEL"):
        Settings.load()
    (folder / ".env").write_text("GUIDE_INDEX=here\nOTHER=1\n")
    assert str(Settings.load().index) == "here"


def test_a_value_of_the_wrong_form_names_its_variable(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GUIDE_MAX_TOKENS", "many")
    with pytest.raises(SettingsError, match="GUIDE_MAX_TOKENS is not usable"):
        Settings.load()


def test_secrets_are_not_shown() -> None:
    settings = Settings(slack_bot_token="xoxb-hidden", openai_api_key="sk-hidden")
    assert "hidden" not in repr(settings)
