"""The noun: what one check found."""

from typing import Literal

import msgspec

Verdict = Literal["ok", "warning", "wrong"]


class Finding(msgspec.Struct, frozen=True):
    """What one check found, and how to mend it."""

    check: str
    verdict: Verdict
    found: str
    mend: str = ""


class Report(msgspec.Struct, frozen=True):
    """All findings; `ok` while nothing is wrong."""

    ok: bool
    checks: list[Finding]


def report(findings: list[Finding]) -> Report:
    """Findings, with whether any of them is wrong."""
    return Report(ok=not any(finding.verdict == "wrong" for finding in findings), checks=findings)
