"""`pleiade quota`, and the capacity of `pleiade deploy`: as a person sets and reads limits."""

import csv
from typing import Any

import pytest
from typer.testing import CliRunner

from pleiade.cli import app
from pleiade.registry.bundled import CHAT_MODEL, EMBEDDING_MODEL

Shell = Any  # tests/cli/conftest.py


def deploy(shell: Shell, name: str, *words: str) -> None:
    shell.ok("deploy", name, "--model", CHAT_MODEL, *words)


def test_a_pool_is_sliced_and_the_refusal_names_what_is_left(shell: Shell) -> None:
    deploy(shell, "first")
    assert "are unlimited: first" in shell.fails("quota", "pool", CHAT_MODEL, "100")
    shell.ok("quota", "capacity", "first", "60")
    deploy(shell, "second", "--capacity", "30")
    assert shell.json("quota", "pool", CHAT_MODEL, "100") == {"model": CHAT_MODEL, "units": 100, "left": 10}
    said = shell.fails("deploy", "third", "--model", CHAT_MODEL, "--capacity", "11")
    assert "10 of the 100 in the pool" in said
    assert "third" not in shell.ok("deployments")
    assert "needs a slice of it" in shell.fails("deploy", "third", "--model", CHAT_MODEL)
    deploy(shell, "third", "--capacity", "10")
    assert shell.json("quota", "pools") == [{"model": CHAT_MODEL, "units": 100, "allotted": 100, "left": 0}]
    assert list(csv.reader(shell.ok("quota", "pools", "--csv").splitlines())) == [
        ["model", "units", "allotted", "left"],
        [CHAT_MODEL, "100", "100", "0"],
    ]
    assert "no pool any more" in shell.ok("quota", "pool", CHAT_MODEL, "none")
    assert shell.json("quota", "pools") == []


def test_deploying_again_without_a_capacity_keeps_it(shell: Shell) -> None:
    deploy(shell, "first")
    deploy(shell, "mine", "--capacity", "5", "--kind", "provisioned", "--spillover", "first")
    deploy(shell, "mine", "--alias", "gpt-4o")
    (mine,) = [entry for entry in shell.json("quota", "show")["deployments"] if entry["deployment"] == "mine"]
    assert mine["capacity"]["units"] == 5
    assert mine["capacity"]["spillover"] == "first"
    rows = list(csv.DictReader(shell.ok("quota", "show", "--csv").splitlines()))
    assert ("5000", "provisioned, spills over to first") in {(row["limit"], row["note"]) for row in rows}


def test_a_capacity_changes_only_in_what_is_named(shell: Shell) -> None:
    deploy(shell, "first")
    shell.ok("quota", "capacity", "first", "5", "--requests-per-unit", "0.5", "--slice", "10", "--stance", "open")
    said = shell.ok("quota", "capacity", "first", "8")
    assert said == (
        "first: tokens/min 8,000 standard, open while the store is lost; requests/min 4 in slices of 10 s\n"
    )
    assert "unlimited" in shell.ok("quota", "capacity", "first", "none")


def test_rates_are_set_read_and_taken_away(shell: Shell) -> None:
    shell.ok("key", "create", "ann's")
    shell.ok("quota", "limit", "key", "ann's", "--rpm", "60", "--tpm", "90_000")
    shell.ok("quota", "limit", "project", "default", "--rpd", "1000", "--model", CHAT_MODEL)
    shell.ok("quota", "limit", "org", "default", "--images", "5")
    rates = shell.json("quota", "show")["rates"]
    assert [(entry["scope"], entry["model"]) for entry in rates] == [
        ("key", ""),
        ("organisation", ""),
        ("project", CHAT_MODEL),
    ]
    rows = list(csv.DictReader(shell.ok("quota", "show", "--csv").splitlines()))
    assert {(row["scope"], row["of"], row["limit"]) for row in rows if row["scope"] != "deployment"} == {
        ("key", "requests/min", "60"),
        ("key", "tokens/min", "90000"),
        ("project", "requests/day", "1000"),
        ("organisation", "images/min", "5"),
    }
    assert "no limit" in shell.ok("quota", "limit", "key", "ann's", "--rpm", "none", "--tpm", "none")
    assert len(shell.json("quota", "show")["rates"]) == 2


def test_a_budget_is_set_and_its_webhooks_secret_told_this_one_time(shell: Shell) -> None:
    words = ("--alert", "80", "--alert", "50", "--webhook", "https://example.org/hook", "--soft")
    said = shell.ok("quota", "budget", "project", "default", "250.50", *words)
    assert "250.50 USD soft, alerts at 50 %, 80 %" in said
    assert "signed with whsec_" in said
    shown = shell.ok("quota", "show", "--json") + shell.ok("quota", "show")
    assert "whsec_" not in shown
    assert shell.json("quota", "show")["budgets"][0]["amount"] == "250.50"
    assert shell.json("quota", "alerts") == []
    shell.ok("quota", "budget", "project", "default", "none")
    assert shell.json("quota", "show")["budgets"] == []


def test_every_change_of_a_limit_is_in_the_audit_log(shell: Shell) -> None:
    deploy(shell, "first", "--capacity", "4")
    shell.ok("quota", "capacity", "first", "5")
    shell.ok("quota", "pool", CHAT_MODEL, "5")
    shell.ok("quota", "limit", "project", "default", "--rpm", "5")
    shell.ok("quota", "budget", "project", "default", "5", "--alert", "50", "--webhook", "https://example.org/hook")
    log = shell.ok("audit", "list", "--json")
    for type in ("capacity.updated", "pool.updated", "rate_limit.updated", "budget.updated"):
        assert type in log
    assert "whsec_" not in log


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (("capacity", "first", "many"), "whole number, or none"),
        (("capacity", "first", "5", "--kind", "magic"), "standard or provisioned"),
        (("capacity", "first", "5", "--stance", "ajar"), "closed or open"),
        (("capacity", "nobody's", "5"), "no deployment is called"),
        (("pool", EMBEDDING_MODEL, "none"), "has no pool"),
        (("limit", "project", "default"), "say what to limit"),
        (("limit", "project", "default", "--rpm", "-1"), "choose between"),
        (("limit", "project", "default", "--rpm", "0"), "would refuse every call"),
        (("limit", "project", "nowhere", "--rpm", "5"), "nowhere"),
        (("limit", "deployment", "first", "--rpm", "5"), "pleiade quota capacity"),
        (("limit", "galaxy", "x", "--rpm", "5"), "key, project or org"),
        (("limit", "project", "default", "--rpm", "5", "--model", "no such"), "no model is called"),
        (("budget", "project", "default", "1e-12"), "decimal such as"),
        (("budget", "project", "default", "five"), "decimal such as"),
        (("budget", "project", "default", "5", "--currency", "XXX"), "ISO 4217"),
        (("budget", "project", "default", "none"), "has no budget"),
    ],
)
def test_what_cannot_be_meant_is_refused_with_one_sentence(shell: Shell, words: tuple[str, ...], says: str) -> None:
    assert says in shell.fails("quota", *words)


def test_negative_amounts_are_refused(shell: Shell) -> None:
    deploy(shell, "first")
    for words in (("capacity", "first"), ("budget", "project", "default"), ("pool", CHAT_MODEL)):
        result = CliRunner().invoke(app, ["quota", *words, "--home", str(shell.home), "--", "-5"])
        assert result.exit_code == 1
        assert "choose" in result.stderr
