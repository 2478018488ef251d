"""`pleiade user add|list|role|remove|delete|password`, and invitations."""

import sys
from typing import Annotated

import typer

from pleiade.cli.common import CsvOption, HomeOption, JsonOption, fail, opened, print_json, print_rows, when
from pleiade.cli.durations import seconds
from pleiade.cli.tenants import OrgOption, everything, organisation_of, project_of

app = typer.Typer(help="People: their roles, invitations, and who asks to be let in.", no_args_is_help=True)

UserArgument = Annotated[str, typer.Argument(metavar="USER", help="Email address or id.")]
RoleOption = Annotated[str, typer.Option(help="owner, admin, developer, member or viewer.")]
InProject = Annotated[str, typer.Option("--project", metavar="PROJECT", help="In this project of it instead.")]


@app.command("add")
def add(
    email: Annotated[str, typer.Argument(metavar="EMAIL", help="Email address, or the id of somebody known.")],
    role: RoleOption = "member",
    org: OrgOption = "default",
    project: InProject = "",
    name: Annotated[str, typer.Option(help="What they are called.")] = "",
    home: HomeOption = None,
    as_json: JsonOption = False,
) -> None:
    """Make somebody a member of an organisation, or of one of its projects, without an invitation."""
    with opened(home) as place:
        from pleiade.domain import OPERATOR
        from pleiade.tenancy.errors import NotFoundError
        from pleiade.tenancy.members import add_member
        from pleiade.tenancy.users import create_user, find_user

        organisation = organisation_of(place.db, org).id
        where = project_of(place.db, organisation, project).id if project else ""
        try:
            user = find_user(place.db, email)
        except NotFoundError:
            if "@" not in email:
                raise
            user = create_user(place.db, email=email, name=name, actor=OPERATOR)
        member = add_member(place.db, organisation, user.id, role=role, project=where, actor=OPERATOR)
    if as_json:
        print_json(member)
    else:
        print(f"{member.email} ({member.user}) is {member.role} of {member.project or member.organisation}")


@app.command("list")
def list_all(
    org: OrgOption = "default",
    project: InProject = "",
    home: HomeOption = None,
    as_json: JsonOption = False,
    as_csv: CsvOption = False,
) -> None:
    """List the members of an organisation, or of one of its projects."""
    with opened(home) as place:
        from pleiade.tenancy.members import list_members

        organisation = organisation_of(place.db, org).id
        where = project_of(place.db, organisation, project).id if project else ""
        found = everything(
            lambda after: list_members(place.db, organisation, project=where, after=after, limit=1000),
            lambda one: one.user,
        )
    if as_json:
        print_json(found)
        return
    print_rows(
        ("id", "email", "name", "role", "in", "since"),
        [
            (one.user, one.email, one.name, one.role, one.project or one.organisation, when(one.created))
            for one in found
        ],
        as_csv=as_csv,
    )


@app.command("role")
def role(
    user: UserArgument,
    role: Annotated[str, typer.Argument(help="owner, admin, developer, member or viewer.")],
    org: OrgOption = "default",
    project: InProject = "",
    home: HomeOption = None,
    as_json: JsonOption = False,
) -> None:
    """Give a member another role; their keys follow within a second."""
    with opened(home) as place:
        from pleiade.domain import OPERATOR
        from pleiade.tenancy.members import set_role
        from pleiade.tenancy.users import find_user

        organisation = organisation_of(place.db, org).id
        where = project_of(place.db, organisation, project).id if project else ""
        member = set_role(
            place.db, organisation, find_user(place.db, user).id, role=role, project=where, actor=OPERATOR
        )
    if as_json:
        print_json(member)
    else:
        print(f"{member.email} is {member.role} of {member.project or member.organisation}")


@app.command("remove")
def remove(
    user: UserArgument,
    org: OrgOption = "default",
    project: InProject = "",
    home: HomeOption = None,
    as_json: JsonOption = False,
) -> None:
    """Take somebody out of an organisation (or a project) and revoke their keys there."""
    with opened(home) as place:
        from pleiade.domain import OPERATOR
        from pleiade.tenancy.members import remove_member
        from pleiade.tenancy.users import find_user

        organisation = organisation_of(place.db, org).id
        where = project_of(place.db, organisation, project).id if project else ""
        found = find_user(place.db, user)
        remove_member(place.db, organisation, found.id, project=where, actor=OPERATOR)
    if as_json:
        print_json(found)
    else:
        print(f"{found.email} left {where or organisation}")


@app.command("delete")
def delete(
    user: UserArgument,
    yes: Annotated[bool, typer.Option("--yes", help="Do it: this cannot be undone.")] = False,
    home: HomeOption = None,
    as_json: JsonOption = False,
) -> None:
    """Remove a person everywhere: keys are revoked, their address is forgotten, their usage stays."""
    with opened(home) as place:
        from pleiade.domain import OPERATOR
        from pleiade.tenancy.users import delete_user, find_user

        found = find_user(place.db, user)
        if not yes:
            fail(f"this removes {found.email} from all organisations for good: say --yes, or use `remove`")
        delete_user(place.db, found.id, actor=OPERATOR)
    if as_json:
        print_json(found)
    else:
        print(f"deleted {found.id} ({found.email})")


@app.command("invite")
def invite(
    email: Annotated[str, typer.Argument(metavar="EMAIL", help="Whom.")],
    role: RoleOption = "member",
    org: OrgOption = "default",
    project: Annotated[
        list[str] | None,
        typer.Option(metavar="PROJECT[=ROLE]", help="A project that they then belong to, too. Repeat it."),
    ] = None,
    expires_in: Annotated[str, typer.Option(metavar="TIME", help="How long the link opens, say 3d.")] = "7d",
    home: HomeOption = None,
    as_json: JsonOption = False,
) -> None:
    """Invite somebody: prints the link that opens the way in, this one time. Nothing is mailed."""
    with opened(home) as place:
        from pleiade.domain import OPERATOR, Place
        from pleiade.tenancy.invites import send_invite

        organisation = organisation_of(place.db, org).id
        places = []
        for word in project or ():
            name, _, in_project = word.partition("=")
            places.append(Place(project_of(place.db, organisation, name).id, in_project or role))
        token, sent = send_invite(
            place.db,
            organisation,
            email=email,
            role=role,
            projects=places,
            lifetime_s=seconds(expires_in, "--expires-in"),
            actor=OPERATOR,
        )
        link = f"{place.settings.public_base}/join#{token}"  # what is behind the # reaches no log and no proxy
    if as_json:
        print_json({"token": token, "url": link, "invite": sent})
    else:
        print(link)


@app.command("invites")
def invites(
    org: OrgOption = "default", home: HomeOption = None, as_json: JsonOption = False, as_csv: CsvOption = False
) -> None:
    """List invitations, accepted and expired ones too (never their tokens)."""
    with opened(home) as place:
        import time

        from pleiade.tenancy.invites import list_invites

        organisation = organisation_of(place.db, org).id
        now = time.time()
        found = everything(
            lambda after: list_invites(place.db, organisation, after=after, limit=1000), lambda one: one.id
        )
    if as_json:
        print_json(found)
        return
    print_rows(
        ("id", "email", "role", "status", "sent", "expires"),
        [(one.id, one.email, one.role, one.status(now), when(one.created), when(one.expires)) for one in found],
        as_csv=as_csv,
    )


@app.command("uninvite")
def uninvite(
    invite: Annotated[str, typer.Argument(metavar="ID", help="Id of the invitation.")],
    org: OrgOption = "default",
    home: HomeOption = None,
    as_json: JsonOption = False,
) -> None:
    """Take an invitation back; its link opens nothing any more."""
    with opened(home) as place:
        from pleiade.domain import OPERATOR
        from pleiade.tenancy.invites import delete_invite

        delete_invite(place.db, organisation_of(place.db, org).id, invite, actor=OPERATOR)
    if as_json:
        print_json({"id": invite, "deleted": True})
    else:
        print(f"took {invite} back")


@app.command("password")
def password(
    user: UserArgument,
    stdin: Annotated[bool, typer.Option("--stdin", help="Read it from standard input, for programs.")] = False,
    home: HomeOption = None,
    as_json: JsonOption = False,
) -> None:
    """Set the password that somebody signs in with; it is asked for, and ends all their sessions."""
    with opened(home) as place:
        from pleiade.domain import OPERATOR
        from pleiade.tenancy.signin.passwords import set_password
        from pleiade.tenancy.users import find_user

        found = find_user(place.db, user)
        if stdin:
            wanted = sys.stdin.readline().rstrip("\r\n")
        else:
            wanted = typer.prompt("Password", hide_input=True, confirmation_prompt="Once more")
        set_password(place.db, found.id, wanted, actor=OPERATOR)
    if as_json:
        print_json({"id": found.id, "password": "set"})
    else:
        print(f"{found.email} can sign in with it at /auth/login")
