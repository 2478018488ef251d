"""What the commands about tenants share: which organisation and project are meant, and reading every page."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Annotated, TypeVar

import typer

if TYPE_CHECKING:
    import sqlalchemy as sa

    from pleiade.domain import Organisation, Project
    from pleiade.tenancy.pages import Page

T = TypeVar("T")

OrgOption = Annotated[str, typer.Option("--org", metavar="ORG", help="Id or name of an organisation.")]
ProjectOption = Annotated[str, typer.Option("--project", metavar="PROJECT", help="Id or name of a project.")]


def organisation_of(db: "sa.Engine", wanted: str) -> "Organisation":
    """The organisation that somebody named. Raises TenancyError."""
    from pleiade.tenancy.organisations import find_organisation

    return find_organisation(db, wanted)


def project_of(db: "sa.Engine", organisation: str, wanted: str) -> "Project":
    """The project that somebody named in it; "" or "default" is its first. Raises TenancyError."""
    from pleiade.domain import DEFAULT_ORGANISATION, DEFAULT_PROJECT
    from pleiade.tenancy.projects import find_project, first_project

    if not wanted or (wanted == DEFAULT_PROJECT and organisation != DEFAULT_ORGANISATION):
        return first_project(db, organisation)
    return find_project(db, organisation, wanted)


def everything(list_page: "Callable[[str], Page[T]]", id_of: Callable[[T], str]) -> list[T]:
    """All items of a list that comes in pages."""
    items: list[T] = []
    page = list_page("")
    items += page.items
    while page.more:
        page = list_page(id_of(items[-1]))
        items += page.items
    return items
