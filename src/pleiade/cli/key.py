"""`pleiade key create|list|update|revoke|rotate|regenerate`."""

import time
from typing import TYPE_CHECKING, Annotated

import typer

from pleiade.cli import completion
from pleiade.cli.common import CsvOption, HomeOption, JsonOption, fail, opened, print_json, print_rows, when
from pleiade.cli.durations import seconds
from pleiade.cli.tenants import OrgOption, organisation_of, project_of

if TYPE_CHECKING:
    import sqlalchemy as sa

    from pleiade.domain import Key

app = typer.Typer(help="API keys: make, list, rotate, revoke.", no_args_is_help=True)

KeyArgument = Annotated[
    str, typer.Argument(metavar="KEY", help="Id or name of the key.", autocompletion=completion.keys)
]
ExpiresOption = Annotated[str, typer.Option(metavar="TIME", help="Say 90d, 12h or 4w. [default: never]")]
ScopeOption = Annotated[
    list[str] | None,
    typer.Option(metavar="SCOPE", help="Say model.request, or read-only. Repeat it. [default: all]"),
]
GraceOption = Annotated[str, typer.Option(metavar="TIME", help="How long the old secret opens too, say 24h.")]


@app.command("create")
def create(
    name: Annotated[str, typer.Argument(help="What it is for: a person, a program, a machine.")],
    admin: Annotated[bool, typer.Option("--admin", help="May also administer.")] = False,
    role: Annotated[str, typer.Option(help="owner, admin, developer, member or viewer. [default: member]")] = "",
    project: Annotated[str, typer.Option(help="Project that it belongs to.")] = "default",
    org: OrgOption = "default",
    owner: Annotated[str, typer.Option(metavar="USER", help="Email or id: it never may more than they may.")] = "",
    service_account: Annotated[
        bool, typer.Option("--service-account", help="Make a service account of that name to own it.")
    ] = False,
    scope: ScopeOption = None,
    expires_in: ExpiresOption = "",
    home: HomeOption = None,
    as_json: JsonOption = False,
) -> None:
    """Make a key and print its secret, this one time."""
    if service_account and (admin or owner or expires_in or scope):
        fail("--service-account makes its key by itself: change it with `pleiade key update`, or make it another one")
    with opened(home) as place:
        from pleiade.domain import OPERATOR, Role
        from pleiade.tenancy.checks import checked_role
        from pleiade.tenancy.keys import create_key
        from pleiade.tenancy.service_accounts import create_service_account
        from pleiade.tenancy.users import find_user

        held = checked_role(role) if role else Role.ADMIN if admin else Role.MEMBER
        organisation = organisation_of(place.db, org).id
        where = _project(place.db, organisation, project)
        if service_account:
            _, secret, made = create_service_account(
                place.db, organisation, where, name=name, role=held, actor=OPERATOR
            )
            assert made is not None  # asked for by default
            key = made
        else:
            secret, key = create_key(
                place.db,
                name=name,
                role=held,
                organisation=organisation,
                project=where,
                owner=find_user(place.db, owner).id if owner else "",
                kind="admin" if admin else None,
                scopes=scope or ("all",),
                expires=_expiry(expires_in),
                actor=OPERATOR,
            )
    _show_secret(secret, key, as_json)


@app.command("list")
def list_all(
    every: Annotated[bool, typer.Option("--all", help="Revoked and expired ones too.")] = False,
    org: Annotated[str, typer.Option("--org", metavar="ORG", help="Of one organisation. [default: of all]")] = "",
    project: Annotated[str, typer.Option("--project", metavar="PROJECT", help="Of one project of it.")] = "",
    home: HomeOption = None,
    as_json: JsonOption = False,
    as_csv: CsvOption = False,
) -> None:
    """List keys (never their secrets), and old secrets that a rotation left open."""
    with opened(home) as place:
        from pleiade.tenancy.admin_key import in_force
        from pleiade.tenancy.keys import last_uses, list_keys

        organisation = organisation_of(place.db, org or "default").id if org or project else ""
        where = project_of(place.db, organisation, project).id if project else ""
        keys = [
            key
            for key in list_keys(place.db)
            if (every or in_force(key)) and organisation in ("", key.organisation) and where in ("", key.project)
        ]
        used = last_uses(place.db, [key.replaced_by or key.id for key in keys])
    if as_json:
        print_json([_shown(key) | {"last_used": used.get(key.replaced_by or key.id, 0)} for key in keys])
        return
    print_rows(
        ("id", "name", "secret", "role", "organisation", "project", "scopes", "created", "used", "expires", "revoked"),
        [
            (
                key.id,
                key.name,
                f"…{key.hint}",
                key.role.value,
                key.organisation,
                key.project,
                " ".join(key.scopes),
                when(key.created),
                when(used.get(key.replaced_by or key.id, 0)),
                when(key.expires),
                when(key.revoked),
            )
            for key in keys
        ],
        as_csv=as_csv,
    )


@app.command("update")
def update(
    key: KeyArgument,
    name: Annotated[str | None, typer.Option(help="A new name.")] = None,
    scope: ScopeOption = None,
    expires_in: Annotated[str | None, typer.Option(metavar="TIME", help="Say 90d, or never.")] = None,
    home: HomeOption = None,
    as_json: JsonOption = False,
) -> None:
    """Change a key's name, scopes or end; a running server follows within a second."""
    with opened(home) as place:
        from pleiade.domain import OPERATOR
        from pleiade.tenancy.keys import find_key, update_key

        found = find_key(place.db, key)
        expires = None if expires_in is None else 0 if expires_in == "never" else _expiry(expires_in)
        changed = update_key(
            place.db, found.organisation, found.id, name=name, scopes=scope, expires=expires, actor=OPERATOR
        )
    if as_json:
        print_json(_shown(changed))
    else:
        print(f"changed {changed.id} ({changed.name})")


@app.command("revoke")
def revoke(key: KeyArgument, home: HomeOption = None, as_json: JsonOption = False) -> None:
    """Put a key out of force; a running server refuses it within a second."""
    with opened(home) as place:
        from pleiade.tenancy.keys import revoke_key

        revoked = revoke_key(place.db, key)
    if as_json:
        print_json(_shown(revoked))
    else:
        print(f"revoked {revoked.id} ({revoked.name})")


@app.command("rotate")
def rotate(key: KeyArgument, grace: GraceOption = "", home: HomeOption = None, as_json: JsonOption = False) -> None:
    """Give a key a new secret and print it this one time; the old one ends now, or after --grace."""
    with opened(home) as place:
        from pleiade.tenancy.admin_key import key_in_file, write_admin_key
        from pleiade.tenancy.keys import find_key
        from pleiade.tenancy.rotation import rotate_key

        old = find_key(place.db, key)
        stored = key_in_file(place.db, place.home.admin_key)
        secret, fresh = rotate_key(place.db, old.id, grace_s=seconds(grace, "--grace") if grace else 0)
        if stored is not None and stored.id == old.id:
            write_admin_key(place.home.admin_key, secret)
    _show_secret(secret, fresh, as_json)


@app.command("regenerate")
def regenerate(
    slot: Annotated[str, typer.Argument(metavar="key1|key2", help="Which of the project's two keys.")],
    project: Annotated[str, typer.Option(help="Project whose keys they are.")] = "default",
    org: OrgOption = "default",
    grace: GraceOption = "",
    home: HomeOption = None,
    as_json: JsonOption = False,
) -> None:
    """Make or renew one of the two keys that a project has on Azure; the other stays as it is."""
    with opened(home) as place:
        from pleiade.domain import OPERATOR
        from pleiade.tenancy.rotation import regenerate_key

        organisation = organisation_of(place.db, org).id
        where = project_of(place.db, organisation, project).id
        grace_s = seconds(grace, "--grace") if grace else 0
        secret, key = regenerate_key(place.db, organisation, where, slot, grace_s=grace_s, actor=OPERATOR)
    _show_secret(secret, key, as_json)


def _show_secret(secret: str, key: "Key", as_json: bool) -> None:
    if as_json:
        print_json({"secret": secret, "key": _shown(key)})
    else:
        print(secret)


def _shown(key: "Key") -> dict[str, object]:
    """All of a key but the hash of its secret, which is of no use to anybody."""
    import msgspec

    return {name: value for name, value in msgspec.structs.asdict(key).items() if name != "sha256"}


def _project(db: "sa.Engine", organisation: str, project: str) -> str:
    """The id of the project; in the house, one that is not there is made: a key may be the first thing of it."""
    from pleiade.domain import DEFAULT_ORGANISATION, OPERATOR
    from pleiade.tenancy.errors import NotFoundError
    from pleiade.tenancy.projects import create_project

    try:
        return project_of(db, organisation, project).id
    except NotFoundError:
        if organisation != DEFAULT_ORGANISATION:
            raise
        return create_project(db, organisation, name=project, id=project, actor=OPERATOR).id


def _expiry(duration: str) -> int:
    """Unix seconds of now plus `duration`; 0 = never."""
    return int(time.time()) + seconds(duration, "--expires-in") if duration else 0
