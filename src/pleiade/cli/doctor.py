"""`pleiade doctor`: what is wrong with this installation, and how to mend it."""

from pathlib import Path
from typing import Annotated

import typer

from pleiade.cli.common import HomeOption, JsonOption, fail, print_json

MARKS = {"ok": "ok  ", "warning": "warn", "wrong": "BAD "}


def doctor(
    home: HomeOption = None,
    port: Annotated[int | None, typer.Option(help="Port that `up` would use. [default: 8000]")] = None,
    bundle: Annotated[
        Path | None, typer.Option(help="Also write what helpers want to see to this zip, without secrets.")
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Check the installation, the home and the running engines; exit code 1 if something is wrong."""
    from pleiade.doctor.examine import examine

    findings = examine(home, port)
    if bundle is not None:
        from pleiade.doctor.bundle import make_bundle

        try:
            bundle.write_bytes(make_bundle(findings, home))
        except OSError as error:
            fail(f"{bundle} cannot be written ({error.strerror}): choose another file")
    wrong = sum(finding.verdict == "wrong" for finding in findings)
    if as_json:
        print_json({"ok": wrong == 0, "checks": findings})
    else:
        width = max(len(finding.check) for finding in findings)
        for finding in findings:
            print(f"{MARKS[finding.verdict]}  {finding.check:{width}}  {finding.found}")
            if finding.mend:
                print(f"      {'':{width}}  → {finding.mend}")
        if bundle is not None:
            print(f"\n{bundle} holds what helpers want to see; look into it before you pass it on")
        print(f"\n{wrong} things are wrong" if wrong > 1 else f"\n{'one thing is' if wrong else 'nothing is'} wrong")
    raise typer.Exit(1 if wrong else 0)
