"""`pleiade org create|list|show|update|archive|restore|delete`."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated

import typer

from pleiade.cli.common import CsvOption, HomeOption, JsonOption, fail, opened, print_json, print_rows, when
from pleiade.cli.tenants import everything, organisation_of

if TYPE_CHECKING:
    from pleiade.domain import Organisation

app = typer.Typer(help="Organisations: customers, and the house itself.", no_args_is_help=True)

OrgArgument = Annotated[str, typer.Argument(metavar="ORG", help="Id or name of the organisation.")]
StorefrontOption = Annotated[str, typer.Option(help="Whose customer it is: openai or azure.")]
BillingOption = Annotated[str, typer.Option(help="internal (own use, free), invoiced or prepaid.")]
CurrencyOption = Annotated[str, typer.Option(help="ISO 4217, say USD.")]
HEADINGS = ("id", "name", "storefront", "billing", "currency", "created", "archived")


@app.command("create")
def create(
    name: Annotated[str, typer.Argument(help="What it is called.")],
    storefront: StorefrontOption = "openai",
    billing: BillingOption = "invoiced",
    currency: CurrencyOption = "USD",
    id: Annotated[str, typer.Option(metavar="ID", help="An id of your choice. [default: org-…]")] = "",
    home: HomeOption = None,
    as_json: JsonOption = False,
) -> None:
    """Make an organisation with a first project."""
    with opened(home) as place:
        from pleiade.domain import OPERATOR
        from pleiade.tenancy.organisations import create_organisation

        made = create_organisation(
            place.db,
            name=name,
            storefront=storefront,
            billing=billing,
            currency=currency,
            id=id,
            actor=OPERATOR,
        )
    _tell(made, as_json, f"made {made.id} ({made.name})")


@app.command("list")
def list_all(
    archived: Annotated[bool, typer.Option("--all", help="Archived ones too.")] = False,
    home: HomeOption = None,
    as_json: JsonOption = False,
    as_csv: CsvOption = False,
) -> None:
    """List organisations."""
    with opened(home) as place:
        from pleiade.tenancy.organisations import list_organisations

        found = everything(
            lambda after: list_organisations(place.db, archived=archived, after=after, limit=1000), lambda one: one.id
        )
    if as_json:
        print_json(found)
    else:
        print_rows(HEADINGS, _rows(found), as_csv=as_csv)


@app.command("show")
def show(org: OrgArgument, home: HomeOption = None, as_json: JsonOption = False) -> None:
    """Show one organisation."""
    with opened(home) as place:
        found = organisation_of(place.db, org)
    if as_json:
        print_json(found)
    else:
        print_rows(HEADINGS, _rows([found]), as_csv=False)


@app.command("update")
def update(
    org: OrgArgument,
    name: Annotated[str | None, typer.Option(help="A new name.")] = None,
    storefront: Annotated[str | None, typer.Option(help="openai or azure.")] = None,
    billing: Annotated[str | None, typer.Option(help="internal, invoiced or prepaid.")] = None,
    currency: Annotated[str | None, typer.Option(help="ISO 4217, say USD.")] = None,
    home: HomeOption = None,
    as_json: JsonOption = False,
) -> None:
    """Change what is named; a running server follows within a second."""
    with opened(home) as place:
        from pleiade.domain import OPERATOR
        from pleiade.tenancy.organisations import update_organisation

        changed = update_organisation(
            place.db,
            organisation_of(place.db, org).id,
            actor=OPERATOR,
            name=name,
            storefront=storefront,
            billing=billing,
            currency=currency,
        )
    _tell(changed, as_json, f"changed {changed.id} ({changed.name})")


@app.command("archive")
def archive(org: OrgArgument, home: HomeOption = None, as_json: JsonOption = False) -> None:
    """Stop an organisation: its keys open nothing within a second. `restore` takes it back."""
    with opened(home) as place:
        from pleiade.domain import OPERATOR
        from pleiade.tenancy.organisations import archive_organisation

        archived = archive_organisation(place.db, organisation_of(place.db, org).id, actor=OPERATOR)
    _tell(archived, as_json, f"archived {archived.id} ({archived.name})")


@app.command("restore")
def restore(org: OrgArgument, home: HomeOption = None, as_json: JsonOption = False) -> None:
    """Take an organisation out of the archive; its keys open again."""
    with opened(home) as place:
        from pleiade.domain import OPERATOR
        from pleiade.tenancy.organisations import restore_organisation

        restored = restore_organisation(place.db, organisation_of(place.db, org).id, actor=OPERATOR)
    _tell(restored, as_json, f"restored {restored.id} ({restored.name})")


@app.command("delete")
def delete(
    org: OrgArgument,
    yes: Annotated[bool, typer.Option("--yes", help="Do it: this cannot be undone.")] = False,
    home: HomeOption = None,
    as_json: JsonOption = False,
) -> None:
    """Delete an organisation for good; its books stay. Refused while a bill is unpaid."""
    with opened(home) as place:
        from pleiade.domain import OPERATOR
        from pleiade.invoices import unpaid
        from pleiade.tenancy.organisations import delete_organisation

        found = organisation_of(place.db, org)
        if not yes:
            fail(f"this ends {found.id} ({found.name}) and its keys for good: say --yes, or archive it instead")
        delete_organisation(place.db, found.id, actor=OPERATOR, unpaid=unpaid)
    _tell(found, as_json, f"deleted {found.id} ({found.name})")


def _tell(organisation: "Organisation", as_json: bool, words: str) -> None:
    if as_json:
        print_json(organisation)
    else:
        print(words)


def _rows(organisations: "Sequence[Organisation]") -> list[tuple[str, ...]]:
    return [
        (
            one.id,
            one.name,
            one.storefront.value,
            one.billing.value,
            one.currency,
            when(one.created),
            when(one.archived),
        )
        for one in organisations
    ]
