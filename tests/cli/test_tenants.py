"""Commands about tenants: organisations, projects, people, their keys, and the log of it all."""

import csv
import io
import json
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from conftest import Shell


def test_a_customer_from_the_first_day_to_the_last(shell: "Shell") -> None:
    made = shell.json("org", "create", "Acme «🚀»", "--storefront", "azure", "--currency", "EUR")
    assert made["id"].startswith("org-")
    assert (made["storefront"], made["billing"]) == ("azure", "invoiced")
    assert shell.json("org", "show", "Acme «🚀»") == made
    org = ("--org", made["id"])
    (first,) = shell.json("project", "list", *org)
    web = shell.json("project", "create", "Web", *org)
    assert "Web" in shell.ok("project", "list", *org)
    assert "Shop" in shell.ok("project", "rename", "Web", "Shop", *org)
    assert shell.json("user", "add", "ada@example.com", "--role", "owner", *org)["role"] == "owner"
    key = shell.json("key", "create", "site", "--project", "Shop", "--owner", "ada@example.com", *org)["key"]
    assert (key["organisation"], key["project"], key["kind"]) == (made["id"], web["id"], "project")
    assert [one["id"] for one in shell.json("key", "list", "--project", "Shop", *org)] == [key["id"]]
    assert "say --yes" in shell.fails("project", "archive", "Shop", *org)
    shell.ok("project", "archive", "Shop", "--yes", *org)
    assert [one["id"] for one in shell.json("project", "list", *org)] == [first["id"]]
    assert shell.json("org", "update", made["id"], "--billing", "prepaid")["billing"] == "prepaid"
    shell.ok("org", "archive", made["id"])
    assert made["id"] not in shell.ok("org", "list")
    assert made["id"] in shell.ok("org", "list", "--all")
    shell.ok("org", "restore", made["id"])
    assert "--yes" in shell.fails("org", "delete", made["id"])
    shell.ok("org", "delete", made["id"], "--yes")
    assert "no organisation" in shell.fails("org", "show", made["id"])


def test_people_are_invited_moved_and_removed(shell: "Shell") -> None:
    link = shell.ok("user", "invite", "bob@example.com", "--project", "default=viewer").strip()
    page, _, token = link.partition("#")
    assert page == "http://127.0.0.1:8000/join"
    (invite,) = shell.json("user", "invites")
    assert (invite["email"], invite["projects"]) == ("bob@example.com", [{"project": "default", "role": "viewer"}])
    assert token not in shell.ok("user", "invites", "--json")
    shell.ok("user", "uninvite", invite["id"])
    assert shell.json("user", "invites") == []
    for email in ("ada@example.com", "bob@example.com"):
        shell.ok("user", "add", email, "--role", "owner")
    shell.ok("user", "add", "bob@example.com", "--project", "default", "--role", "viewer")
    assert shell.json("user", "role", "bob@example.com", "developer")["role"] == "developer"
    rows = list(csv.DictReader(io.StringIO(shell.ok("user", "list", "--csv"))))
    assert {row["email"]: row["role"] for row in rows} == {"ada@example.com": "owner", "bob@example.com": "developer"}
    assert "last owner" in shell.fails("user", "remove", "ada@example.com")
    shell.ok("user", "remove", "bob@example.com", "--project", "default")
    assert shell.json("user", "list", "--project", "default") == []
    assert "--yes" in shell.fails("user", "delete", "bob@example.com")
    shell.ok("user", "delete", "bob@example.com", "--yes")
    assert "no user" in shell.fails("user", "role", "bob@example.com", "member")
    assert "not a role" in shell.fails("user", "add", "c@example.com", "--role", "emperor")


def test_a_waiting_list_is_opened_in_batches(shell: "Shell") -> None:
    assert "nobody" in shell.ok("user", "registration")
    assert shell.json("user", "registration", "waiting-list")["mode"] == "waiting-list"
    assert "member of default" in shell.ok("user", "registration")
    assert shell.json("user", "waiting") == []
    assert shell.json("user", "approve", "--next", "10") == []
    assert "no registration" in shell.fails("user", "approve", "reg_1")
    assert "no registration" in shell.fails("user", "refuse", "reg_1")
    assert "either" in shell.fails("user", "approve")
    assert "ajar" in shell.fails("user", "registration", "ajar")
    assert "own" in shell.ok("user", "registration", "open", "--own", "--currency", "EUR")


def test_a_key_is_narrowed_rotated_and_regenerated(shell: "Shell") -> None:
    created = shell.json("key", "create", "ci", "--scope", "model.request", "--scope", "model.read")
    assert created["key"]["scopes"] == ["model.read", "model.request"]
    assert shell.json("key", "update", "ci", "--scope", "read-only", "--expires-in", "30d")["expires"] > 0
    assert shell.json("key", "update", "ci", "--expires-in", "never")["expires"] == 0
    rotated = shell.json("key", "rotate", "ci", "--grace", "24h")
    assert rotated["key"]["id"] == created["key"]["id"]
    old = [key for key in shell.json("key", "list") if key["replaced_by"]]
    assert [(key["replaced_by"], key["hint"]) for key in old] == [(created["key"]["id"], created["secret"][-4:])]
    first = shell.json("key", "regenerate", "key1")
    assert shell.json("key", "regenerate", "key1")["key"]["id"] == first["key"]["id"]
    assert "key1 or key2" in shell.fails("key", "regenerate", "key9")
    account = shell.json("key", "create", "nightly", "--service-account")["key"]["owner"]
    assert [one["id"] for one in shell.json("project", "service-accounts")] == [account]
    shell.ok("project", "remove-service-account", account)
    assert "nightly" not in shell.ok("key", "list")
    for words in (("key", "create", "x", "--scope", "everything"), ("key", "rotate", "ci", "--grace", "soon")):
        assert shell.fails(*words)


def test_models_and_deployments_are_in_the_log_too(shell: "Shell") -> None:
    shell.ok("model", "add", "https://models.example/v1", "--name", "far")
    for _ in range(2):
        shell.ok("deploy", "far-chat", "--model", "far")
    shell.fails("deploy", "other", "--model", "nowhere")
    shell.ok("undeploy", "far-chat")
    shell.ok("model", "remove", "far")
    events = shell.json("audit", "list")
    assert [(event["type"], event["details"]["id"]) for event in reversed(events)] == [
        ("model.added", "far"),
        ("deployment.created", "far-chat"),
        ("deployment.updated", "far-chat"),
        ("deployment.deleted", "far-chat"),
        ("model.removed", "far"),
    ]


def test_the_log_tells_who_did_what_and_proves_it(shell: "Shell") -> None:
    shell.ok("key", "create", "laptop")
    shell.ok("project", "create", "Web")
    assert "api_key.created" in shell.ok("audit", "list")
    assert [event["type"] for event in shell.json("audit", "list", "--type", "project.created")] == ["project.created"]
    proven = shell.json("audit", "verify")
    assert proven["problems"] == []
    shell.ok("key", "create", "other")
    assert "as they were written" in shell.ok("audit", "verify", "--head", proven["head"])
    assert "shortened" in shell.fails("audit", "verify", "--head", "f" * 64)
    lines = [json.loads(line) for line in shell.ok("audit", "export").splitlines()]
    assert [line["sequence"] for line in lines] == [1, 2, 3]
    assert len(list(csv.DictReader(io.StringIO(shell.ok("audit", "export", "--csv", "--since", "1d"))))) == 3
