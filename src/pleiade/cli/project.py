"""`pleiade project create|list|rename|archive`, and the service accounts of a project."""

from typing import Annotated

import typer

from pleiade.cli.common import CsvOption, HomeOption, JsonOption, fail, opened, print_json, print_rows, when
from pleiade.cli.tenants import OrgOption, ProjectOption, everything, organisation_of, project_of

app = typer.Typer(
    help="Projects: parts of an organisation with their own keys, limits and usage.", no_args_is_help=True
)

ProjectArgument = Annotated[str, typer.Argument(metavar="PROJECT", help="Id or name of the project.")]


@app.command("create")
def create(
    name: Annotated[str, typer.Argument(help="What it is called.")],
    org: OrgOption = "default",
    id: Annotated[str, typer.Option(metavar="ID", help="An id of your choice. [default: proj_…]")] = "",
    home: HomeOption = None,
    as_json: JsonOption = False,
) -> None:
    """Make a project."""
    with opened(home) as place:
        from pleiade.domain import OPERATOR
        from pleiade.tenancy.projects import create_project

        made = create_project(place.db, organisation_of(place.db, org).id, name=name, id=id, actor=OPERATOR)
    if as_json:
        print_json(made)
    else:
        print(f"made {made.id} ({made.name})")


@app.command("list")
def list_all(
    org: OrgOption = "default",
    archived: Annotated[bool, typer.Option("--all", help="Archived ones too.")] = False,
    home: HomeOption = None,
    as_json: JsonOption = False,
    as_csv: CsvOption = False,
) -> None:
    """List the projects of an organisation."""
    with opened(home) as place:
        from pleiade.tenancy.projects import list_projects

        organisation = organisation_of(place.db, org).id
        found = everything(
            lambda after: list_projects(place.db, organisation, archived=archived, after=after, limit=1000),
            lambda one: one.id,
        )
    if as_json:
        print_json(found)
        return
    print_rows(
        ("id", "name", "organisation", "status", "created", "archived"),
        [(one.id, one.name, one.organisation, one.status, when(one.created), when(one.archived)) for one in found],
        as_csv=as_csv,
    )


@app.command("rename")
def rename(
    project: ProjectArgument,
    name: Annotated[str, typer.Argument(help="Its new name.")],
    org: OrgOption = "default",
    home: HomeOption = None,
    as_json: JsonOption = False,
) -> None:
    """Give a project another name; its id stays."""
    with opened(home) as place:
        from pleiade.domain import OPERATOR
        from pleiade.tenancy.projects import rename_project

        organisation = organisation_of(place.db, org).id
        found = project_of(place.db, organisation, project)
        renamed = rename_project(place.db, organisation, found.id, name=name, actor=OPERATOR)
    if as_json:
        print_json(renamed)
    else:
        print(f"{renamed.id} is now called {renamed.name}")


@app.command("archive")
def archive(
    project: ProjectArgument,
    org: OrgOption = "default",
    yes: Annotated[bool, typer.Option("--yes", help="Do it: a project cannot be taken back.")] = False,
    home: HomeOption = None,
    as_json: JsonOption = False,
) -> None:
    """Close a project for good: its keys open nothing within a second; its usage and bills stay."""
    with opened(home) as place:
        from pleiade.domain import OPERATOR
        from pleiade.tenancy.projects import archive_project

        organisation = organisation_of(place.db, org).id
        found = project_of(place.db, organisation, project)
        if not yes:
            fail(f"this closes {found.id} ({found.name}) and its keys for good: say --yes")
        archived = archive_project(place.db, organisation, found.id, actor=OPERATOR)
    if as_json:
        print_json(archived)
    else:
        print(f"archived {archived.id} ({archived.name})")


@app.command("service-accounts")
def service_accounts(
    project: ProjectOption = "default",
    org: OrgOption = "default",
    home: HomeOption = None,
    as_json: JsonOption = False,
    as_csv: CsvOption = False,
) -> None:
    """List a project's service accounts; `pleiade key create NAME --service-account` makes one."""
    with opened(home) as place:
        from pleiade.tenancy.service_accounts import list_service_accounts

        organisation = organisation_of(place.db, org).id
        where = project_of(place.db, organisation, project).id
        found = everything(
            lambda after: list_service_accounts(place.db, organisation, where, after=after, limit=1000),
            lambda one: one.id,
        )
    if as_json:
        print_json(found)
        return
    print_rows(
        ("id", "name", "project", "role", "created"),
        [(one.id, one.name, one.project, one.role, when(one.created)) for one in found],
        as_csv=as_csv,
    )


@app.command("remove-service-account")
def remove_service_account(
    account: Annotated[str, typer.Argument(metavar="ID", help="Its id: svc_acct_…")],
    project: ProjectOption = "default",
    org: OrgOption = "default",
    home: HomeOption = None,
    as_json: JsonOption = False,
) -> None:
    """Remove a service account and revoke its keys."""
    with opened(home) as place:
        from pleiade.domain import OPERATOR
        from pleiade.tenancy.service_accounts import delete_service_account

        organisation = organisation_of(place.db, org).id
        where = project_of(place.db, organisation, project).id
        delete_service_account(place.db, organisation, where, account, actor=OPERATOR)
    if as_json:
        print_json({"id": account, "deleted": True})
    else:
        print(f"removed {account} and its keys")
