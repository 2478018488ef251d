"""docs/administration.md keeps up with the program, and with the SDK."""

import pkgutil
import re
from pathlib import Path

import openai.resources.admin.organization as organization

from pleiade.gateway.organization import fields
from pleiade.tenancy.signin import issuer, key_set, passwords, sessions, throttle, token

ROOT = Path(__file__).parents[3]
PAGE = (ROOT / "docs" / "administration.md").read_text()


def test_each_resource_of_the_sdk_is_in_the_suite_or_said_to_be_out() -> None:
    prefix = "openai.resources.admin.organization."
    resources = {
        module.name.removeprefix(prefix).replace(".", "/")
        for module in pkgutil.walk_packages(organization.__path__, prefix)
        if not module.ispkg
    }
    # Some resources are a module named like its folder: projects/users/users is projects/users.
    resources = {re.sub(r"(^|/)(\w+)/\2$", r"\1\2", name) for name in resources} - {"organization"}
    suite = (ROOT / "bench" / "sdk_suite.py").read_text()
    tested = {name.replace(".", "/") for name in re.findall(r'"admin\.organization\.([\w.]+)"', suite)}
    table = PAGE.split("| test files | why |")[1].split("\n\n")[0]
    out = set(re.findall(r"`([\w/…]+)`", table.replace("…/", "workload_identity_providers/")))
    assert out & tested == set()
    assert resources - tested - out == set(), "say in docs/administration.md why these are out, or serve them"


def test_the_numbers_of_the_page_are_those_of_the_program() -> None:
    assert f"(1 to {fields.MAX_LIMIT}; 0 is the default of {fields.DEFAULT_LIMIT})" in PAGE
    assert f"have {passwords.MIN_LENGTH} to {passwords.MAX_LENGTH} characters" in PAGE
    assert (throttle.PER_PAIR, throttle.PER_ACCOUNT, throttle.PER_ADDRESS) == (5, 50, 50)
    assert "Five wrong ones for an\naccount from one address" in PAGE
    assert f"within {throttle.WINDOW_S // 60} minutes, or {throttle.PER_ACCOUNT} for an account" in PAGE
    assert f"ends after {sessions.LIFETIME_S // 3600} hours" in PAGE
    assert issuer.DEFAULT_ALGORITHMS == ("RS256", "PS256", "ES256")
    assert "(RS256, PS256 and ES256 unless" in PAGE
    assert f"at most every {key_set.ASK_AGAIN_S:.0f}\nseconds" in PAGE
    assert (key_set.MAX_AGE_S, token.LEEWAY_S, token.PROVEN_S) == (3600, 60, 86400)
