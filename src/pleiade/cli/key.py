"""`pleiade key create|list|revoke|rotate`."""

import re
import time
from typing import TYPE_CHECKING, Annotated

import typer

from pleiade.cli import completion
from pleiade.cli.common import HomeOption, JsonOption, fail, opened, print_json, print_table, when

if TYPE_CHECKING:
    from pleiade.domain import Key

app = typer.Typer(help="API keys: make, list, rotate, revoke.", no_args_is_help=True)

KeyArgument = Annotated[
    str, typer.Argument(metavar="KEY", help="Id or name of the key.", autocompletion=completion.keys)
]
SECONDS = {"s": 1, "m": 60, "h": 3600, "d": 86400, "w": 7 * 86400}


@app.command("create")
def create(
    name: Annotated[str, typer.Argument(help="What it is for: a person, a program, a machine.")],
    admin: Annotated[bool, typer.Option("--admin", help="May also administer.")] = False,
    project: Annotated[str, typer.Option(help="Project that it belongs to.")] = "default",
    expires_in: Annotated[str, typer.Option(metavar="TIME", help="Say 90d, 12h or 4w. [default: never]")] = "",
    home: HomeOption = None,
    as_json: JsonOption = False,
) -> None:
    """Make a key and print its secret, this one time."""
    with opened(home) as place:
        from pleiade.domain import OPERATOR, Role
        from pleiade.tenancy.errors import NotFoundError
        from pleiade.tenancy.keys import create_key
        from pleiade.tenancy.projects import create_project, find_project

        try:
            project = find_project(place.db, "default", project).id
        except NotFoundError:  # as ever: a key may be the first thing of a project
            project = create_project(place.db, "default", name=project, id=project, actor=OPERATOR).id
        secret, key = create_key(
            place.db,
            name=name,
            role=Role.ADMIN if admin else Role.MEMBER,
            project=project,
            expires=_expiry(expires_in),
        )
    if as_json:
        print_json({"secret": secret, "key": _shown(key)})
    else:
        print(secret)


@app.command("list")
def list_all(
    every: Annotated[bool, typer.Option("--all", help="Revoked and expired ones too.")] = False,
    home: HomeOption = None,
    as_json: JsonOption = False,
) -> None:
    """List keys (never their secrets)."""
    with opened(home) as place:
        from pleiade.tenancy.admin_key import in_force
        from pleiade.tenancy.keys import list_keys

        keys = [key for key in list_keys(place.db) if every or in_force(key)]
    if as_json:
        print_json([_shown(key) for key in keys])
        return
    print_table(
        ("id", "name", "secret", "role", "project", "created", "expires", "revoked"),
        [
            (
                key.id,
                key.name,
                f"…{key.hint}",
                key.role.value,
                key.project,
                when(key.created),
                when(key.expires),
                when(key.revoked),
            )
            for key in keys
        ],
    )


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
def rotate(key: KeyArgument, home: HomeOption = None, as_json: JsonOption = False) -> None:
    """Give a key a new secret, print it this one time, and revoke the old one."""
    with opened(home) as place:
        from pleiade.tenancy.admin_key import key_in_file, write_admin_key
        from pleiade.tenancy.keys import find_key
        from pleiade.tenancy.rotation import rotate_key

        old = find_key(place.db, key)
        stored = key_in_file(place.db, place.home.admin_key)
        secret, fresh = rotate_key(place.db, old.id)
        if stored is not None and stored.id == old.id:
            write_admin_key(place.home.admin_key, secret)
    if as_json:
        print_json({"secret": secret, "key": _shown(fresh)})
    else:
        print(secret)


def _shown(key: "Key") -> dict[str, object]:
    """All of a key but the hash of its secret, which is of no use to anybody."""
    import msgspec

    return {name: value for name, value in msgspec.structs.asdict(key).items() if name != "sha256"}


def _expiry(duration: str) -> int:
    """Unix seconds of now plus `duration`; 0 = never."""
    if not duration:
        return 0
    match = re.fullmatch(r"(\d+)([smhdw])", duration)
    if match is None:
        fail(f"--expires-in {duration!r}: write a number and one of s, m, h, d, w, say 90d")
    return int(time.time()) + int(match[1]) * SECONDS[match[2]]
