"""`pleiade audit list|verify|export`."""

import sys
from typing import TYPE_CHECKING, Annotated

import typer

from pleiade.cli.common import CsvOption, HomeOption, JsonOption, fail, opened, print_json, print_rows, when
from pleiade.cli.durations import seconds
from pleiade.cli.tenants import organisation_of

if TYPE_CHECKING:
    import sqlalchemy as sa

    from pleiade.tenancy.audit_reading import Wanted

app = typer.Typer(help="The log of every administrative act: read it, prove it, export it.", no_args_is_help=True)

OrgOption = Annotated[str, typer.Option("--org", metavar="ORG", help="Of one organisation only.")]
TypeOption = Annotated[
    list[str] | None, typer.Option("--type", metavar="TYPE", help="Say api_key.created. Repeat it for several.")
]
SinceOption = Annotated[str, typer.Option("--since", metavar="TIME", help="How far back, say 30d. [default: all]")]


@app.command("list")
def list_all(
    org: OrgOption = "",
    type: TypeOption = None,
    since: SinceOption = "",
    limit: Annotated[int, typer.Option(help="How many, newest first.")] = 50,
    home: HomeOption = None,
    as_json: JsonOption = False,
    as_csv: CsvOption = False,
) -> None:
    """List the newest events."""
    with opened(home) as place:
        from pleiade.tenancy.audit_reading import list_events

        found = list_events(place.db, _wanted(place.db, org, type, since), limit=limit).items
    if as_json:
        print_json(found)
        return
    print_rows(
        ("event", "time", "type", "what", "organisation", "who", "from"),
        [
            (
                str(one.sequence),
                when(one.time),
                one.type,
                str(one.details.get("id", "")),
                one.organisation,
                one.actor.email or one.actor.user or one.actor.key or one.actor.type,
                one.actor.ip_address or "-",
            )
            for one in found
        ],
        as_csv=as_csv,
    )


@app.command("verify")
def verify(
    head: Annotated[str, typer.Option(metavar="SHA256", help="The hash that an earlier check printed.")] = "",
    home: HomeOption = None,
    as_json: JsonOption = False,
) -> None:
    """Prove that no event was changed or taken out. Keep the hash that it prints somewhere else."""
    with opened(home) as place:
        from pleiade.tenancy import audit

        found = audit.verify(place.db, head=head.strip().lower())
    if as_json:
        print_json(found)
        raise SystemExit(1 if found.problems else 0)
    if found.problems:
        fail("the audit log is not as it was written: " + "; ".join(found.problems))
    print(f"{found.events} events, all as they were written; the last has the hash {found.head}")


@app.command("export")
def export(
    org: OrgOption = "",
    type: TypeOption = None,
    since: SinceOption = "",
    home: HomeOption = None,
    as_csv: CsvOption = False,
) -> None:
    """Write events to stdout, oldest first: a JSON object a line, or CSV."""
    with opened(home) as place:
        from pleiade.tenancy.audit_reading import export_csv, export_json

        wanted = _wanted(place.db, org, type, since)
        for line in (export_csv if as_csv else export_json)(place.db, wanted):
            sys.stdout.write(line)


def _wanted(db: "sa.Engine", org: str, types: list[str] | None, since: str) -> "Wanted":
    import time

    from pleiade.tenancy.audit_reading import Wanted

    return Wanted(
        organisation=organisation_of(db, org).id if org else "",
        types=tuple(types or ()),
        since=int(time.time()) - seconds(since, "--since") if since else 0,
    )
