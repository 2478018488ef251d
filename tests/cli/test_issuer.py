"""`pleiade issuer` and `pleiade user password`."""

from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from typer.testing import CliRunner

from pleiade.cli import app
from pleiade.store import open_database
from pleiade.tenancy.signin import passwords
from pleiade.tenancy.signin.passwords import check_password
from pleiade.tenancy.users import find_user

if TYPE_CHECKING:
    from conftest import Shell

ENTRA = "https://login.microsoftonline.com/tenant/v2.0"
AUDIENCE = "https://cognitiveservices.azure.com"


def test_an_issuer_is_added_listed_and_removed_and_its_clients_secret_is_never_told(
    shell: "Shell", tmp_path: Path
) -> None:
    (tmp_path / "secret").write_text("the client's secret\n")
    client = ("--client", "pleiade", "--client-secret-file", str(tmp_path / "secret"))
    rules = ("--rule", "groups=ml:member", "--rule", "roles=urn:admin:owner:default")
    made = shell.json("issuer", "add", "Entra ID", ENTRA, "--audience", AUDIENCE, *client, *rules)
    assert (made["issuer"], made["audiences"], made["client_secret"]) == (ENTRA, [AUDIENCE], "set")
    assert made["rules"] == [
        {"claim": "groups", "value": "ml", "role": "member", "project": ""},
        {"claim": "roles", "value": "urn:admin", "role": "owner", "project": "default"},
    ]
    for listed in (
        shell.ok("issuer", "list"),
        shell.ok("issuer", "list", "--csv"),
        shell.ok("issuer", "list", "--json"),
    ):
        assert ENTRA in listed
        assert "the client's secret" not in listed
    assert "is there already" in shell.fails("issuer", "add", "Again", ENTRA, "--audience", AUDIENCE)
    shell.ok("issuer", "remove", made["id"])
    assert shell.json("issuer", "list") == []
    assert "no issuer has the id" in shell.fails("issuer", "remove", made["id"])


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("http://issuer.example", "--audience", "a"), "must be an https:// URL"),
        (("https://issuer.example",), "give the audience"),
        (("https://issuer.example", "--audience", "a", "--algorithm", "none"), "algorithm 'none' is not taken"),
        (("https://issuer.example", "--audience", "a", "--algorithm", "HS256"), "algorithm 'HS256' is not taken"),
        (("https://issuer.example", "--audience", "a", "--rule", "groups"), "write CLAIM=VALUE:ROLE"),
        (("https://issuer.example", "--audience", "a", "--rule", "groups=x:king"), "write CLAIM=VALUE:ROLE"),
        (("https://issuer.example", "--audience", "a", "--org", "nobody"), "no organisation"),
        (("https://issuer.example", "--audience", "a", "--project", "nothing"), "no project"),
        (("https://issuer.example", "--client", "c", "--client-secret-file", "/absent"), "/absent"),
    ],
)
def test_an_issuer_that_would_be_unsafe_or_could_not_work_is_refused(
    shell: "Shell", words: tuple[str, ...], said: str
) -> None:
    assert said in shell.fails("issuer", "add", "Test", *words)
    assert shell.json("issuer", "list") == []


def test_somebody_gets_a_password(shell: "Shell", monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(passwords, "LOG_WORK", 8)
    shell.ok("user", "add", "ada@example.com")
    words = ["user", "password", "ada@example.com", "--home", str(shell.home)]
    assert "characters" in CliRunner().invoke(app, [*words, "--stdin"], input="short\n").stderr
    assert CliRunner().invoke(app, [*words, "--stdin"], input="a good long one\n").exit_code == 0
    db = open_database(f"sqlite:///{shell.home / 'pleiade.db'}")
    assert check_password(db, find_user(db, "ada@example.com").id, "a good long one")
    asked = CliRunner().invoke(app, words, input="another long one\nanother long one\n")
    assert asked.exit_code == 0
    assert "another long one" not in asked.output
    assert check_password(db, find_user(db, "ada@example.com").id, "another long one")
    db.dispose()
    assert "nobody" in shell.fails("user", "password", "nobody@example.com", "--stdin")
