"""`pleiade image verify`: where pictures come from, as they say, and whether that holds."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from pleiade.cli.common import HomeOption, JsonOption, fail, print_json, told, when
from pleiade.cli.image_files import read_picture

if TYPE_CHECKING:
    from pleiade.provenance import Report


def verify(
    file: Annotated[list[Path], typer.Argument(metavar="FILE...", help="PNG, JPEG, WebP or SVG.")],
    home: HomeOption = None,
    as_json: JsonOption = False,
) -> None:
    """Say where pictures come from and whether they were changed since. Exit code 0: all signed and unchanged."""
    with told():
        from pleiade.provenance import ProvenanceError, identity
        from pleiade.provenance import verify as read_provenance
        from pleiade.provenance.identity import FOLDER
        from pleiade.settings import load_settings

        place = load_settings({"home": home}).home_path
        try:
            trusted = [identity(place).root] if (place / FOLDER).is_dir() else []  # asking makes no certificate
        except ProvenanceError as error:
            fail(str(error))
        reports = {path: read_provenance(read_picture(path), trusted) for path in file}
    if as_json:
        print_json([{"path": str(path), **_shown(report)} for path, report in reports.items()])
    else:
        print(
            "\n\n".join("\n".join([f"{path}: {_verdict(report)}", *_lines(report)]) for path, report in reports.items())
        )
    raise typer.Exit(0 if all(report.good for report in reports.values()) else 1)


def _verdict(report: "Report") -> str:
    if not report.format:
        return "not a picture that can tell where it comes from"
    if not report.signed:
        return "not signed: it says nothing reliable about where it comes from"
    if not report.unchanged:
        return "CHANGED or damaged after it was signed"
    if not report.holds:
        return "its signature does not hold"
    who = "this Pleiade" if report.ours else "somebody whose certificate this home does not know"
    return f"signed by {who}, and unchanged since"


def _lines(report: "Report") -> list[str]:
    """What it says, each with its name; told by the manifest where there is one, else by mere text."""
    said: dict[str, str] = {"certificate": report.signer, "generator": report.generator}
    if claim := report.claim:
        said |= {
            "model": claim.model,
            "prompt": claim.prompt,
            "seed": "" if claim.seed is None else str(claim.seed),
            "created": when(claim.created) if claim.created else "",
            "organisation": claim.organisation_name,
            "picture": "partly somebody's own, partly made" if claim.edited else "made",
        }
    elif report.texts:
        said |= {f"text {key}": text for key, text in report.texts.items()}
    said["problems"] = ", ".join(report.problems)
    # What a stranger wrote must not steer the terminal.
    return [f"  {name:13} {_plain(value)}" for name, value in said.items() if value]


def _plain(text: str) -> str:
    return "".join(letter if letter.isprintable() else " " for letter in text)


def _shown(report: "Report") -> dict[str, Any]:
    import msgspec

    return {"good": report.good, **msgspec.to_builtins(report)}
