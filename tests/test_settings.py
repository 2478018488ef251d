"""Settings: read from the environment, overridden by options, refused all at once."""

import pytest

from pleiade.settings import Settings, SettingsError, load_settings


def test_the_environment_is_read_and_typed() -> None:
    settings = load_settings(environ={"PLEIADE_PORT": "9000", "PLEIADE_CONTRACT": "true", "PLEIADE_DRAIN_S": "1.5"})
    assert (settings.port, settings.contract, settings.drain_s) == (9000, True, 1.5)


def test_an_option_wins_over_the_environment_and_none_is_no_option() -> None:
    settings = load_settings({"port": 9001, "host": None}, environ={"PLEIADE_PORT": "9000"})
    assert (settings.port, settings.host) == (9001, Settings().host)


def test_all_problems_are_told_at_once_each_with_its_origin() -> None:
    with pytest.raises(SettingsError) as error:
        load_settings({"workers": 0}, environ={"PLEIADE_PORT": "http", "PLEIADE_LOG_LEVEL": "loud"})
    message = str(error.value)
    assert "PLEIADE_PORT='http'" in message
    assert "workers 0" in message
    assert "log_level 'loud'" in message


def test_the_database_is_sqlite_in_the_home_unless_a_url_is_given() -> None:
    assert load_settings({"home": "/srv/p"}, environ={}).database == "sqlite:////srv/p/pleiade.db"
    url = "postgresql+psycopg://u@h/d"
    assert load_settings({"database_url": url}, environ={}).database == url
