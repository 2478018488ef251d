"""`pleiade price`, as a person types it."""

import csv
import io
from pathlib import Path
from typing import Any

from pleiade.registry.bundled import EMBEDDING_MODEL

Shell = Any  # tests/cli/conftest.py

FOR_OPENAI = ("--storefront", "openai", "--currency", "USD")


def test_the_life_of_a_price(shell: Shell) -> None:
    said = shell.ok("price", "set", EMBEDDING_MODEL, *FOR_OPENAI, "--input", "0.02", "--per", "1M")
    assert "input 0.02 USD per 1M" in said
    newer = shell.json("price", "set", EMBEDDING_MODEL, *FOR_OPENAI, "--input", "0.01", "--per", "1M")
    assert newer["version"] == 2
    assert [price["id"] for price in shell.json("price", "list")] == [newer["id"]]
    assert [price["id"] for price in shell.json("price", "show", EMBEDDING_MODEL)] == [newer["id"]]
    assert [price["version"] for price in shell.json("price", "history")] == [1, 2]
    assert shell.json("price", "list", "--storefront", "azure") == []
    (row,) = csv.DictReader(io.StringIO(shell.ok("price", "list", "--csv")))
    assert (row["kind"], row["amount"], row["per"]) == ("input", "0.01", "1000000")


def test_images_are_priced_by_size_and_quality(shell: Shell) -> None:
    words = ("--kind", "image", "--image", "0.02", "--image", "1024x1024/hd=0.08")
    price = shell.json("price", "set", "picture", *FOR_OPENAI, *words)
    assert [(rate["amount"], rate["size"], rate["quality"]) for rate in price["rates"]] == [
        ("0.02", "", ""),
        ("0.08", "1024x1024", "hd"),
    ]


def test_what_cannot_be_meant_is_said_on_one_line(shell: Shell) -> None:
    assert "--per 1M" in shell.fails("price", "set", EMBEDDING_MODEL, *FOR_OPENAI, "--input", "0.02")
    assert "negative" in shell.fails("price", "set", EMBEDDING_MODEL, *FOR_OPENAI, "--input=-1", "--per", "1M")
    assert "no such model" in shell.fails("price", "set", "typo", *FOR_OPENAI, "--input", "1", "--per", "1M")
    shell.ok("deploy", "vectors", "--model", EMBEDDING_MODEL, "--alias", "ada")
    said = shell.fails("price", "set", "ada", *FOR_OPENAI, "--input", "1", "--per", "1M")
    assert f"that is a deployment; a price is set for its model, {EMBEDDING_MODEL}" in said
    assert "no price in force" in shell.fails("price", "show", EMBEDDING_MODEL)


def test_a_model_without_a_price_is_not_deployed_where_organisations_pay(shell: Shell) -> None:
    from pleiade.domain.tenants import OPERATOR, Storefront
    from pleiade.store import open_database
    from pleiade.tenancy.organisations import create_organisation

    deploy = ("deploy", "vectors", "--model", EMBEDDING_MODEL)
    shell.ok(*deploy)
    db = open_database(f"sqlite:///{shell.home / 'pleiade.db'}")
    create_organisation(db, name="Customer", storefront=Storefront.AZURE, actor=OPERATOR)
    db.dispose()
    said = shell.fails(*deploy)
    command = f"pleiade price set {EMBEDDING_MODEL} --storefront azure --currency USD --input AMOUNT --per 1M"
    assert command in said
    shell.ok(*command.replace("AMOUNT", "0.02").split()[1:])
    shell.ok(*deploy)


def test_a_price_list_is_applied_whole_and_only_once(shell: Shell, tmp_path: Path) -> None:
    path = tmp_path / "prices.toml"
    entry = f'[[price]]\nmodel = "{EMBEDDING_MODEL}"\ninput = "0.02"\n'
    path.write_text(f'storefront = "azure"\ncurrency = "EUR"\nper = "1M"\n{entry}')
    assert shell.json("price", "apply", str(path))["new"] == 1
    assert shell.json("price", "apply", str(path))["new"] == 0
    assert "prices.toml" in shell.fails("price", "apply", str(tmp_path / "no" / "prices.toml"))
