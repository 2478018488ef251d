"""`pleiade doctor`: what is wrong with this installation, and how to mend it."""

from typing import Annotated

import typer

from pleiade.cli.common import HomeOption, JsonOption, print_json

MARKS = {"ok": "ok  ", "warning": "warn", "wrong": "BAD "}


def doctor(
    home: HomeOption = None,
    port: Annotated[int | None, typer.Option(help="Port that `up` would use. [default: 8000]")] = None,
    as_json: JsonOption = False,
) -> None:
    """Check the installation, the home and the running engines; exit code 1 if something is wrong."""
    from pleiade.cli.checks import examine

    findings = examine(home, port)
    wrong = sum(finding.verdict == "wrong" for finding in findings)
    if as_json:
        print_json({"ok": wrong == 0, "checks": findings})
    else:
        width = max(len(finding.check) for finding in findings)
        for finding in findings:
            print(f"{MARKS[finding.verdict]}  {finding.check:{width}}  {finding.found}")
            if finding.mend:
                print(f"      {'':{width}}  → {finding.mend}")
        print(f"\n{wrong} things are wrong" if wrong > 1 else f"\n{'one thing is' if wrong else 'nothing is'} wrong")
    raise typer.Exit(1 if wrong else 0)
