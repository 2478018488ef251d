"""`pleiade issuer add|list|remove`."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from pleiade.cli.common import CsvOption, HomeOption, JsonOption, fail, opened, print_json, print_rows
from pleiade.cli.tenants import OrgOption, organisation_of, project_of

if TYPE_CHECKING:
    from pleiade.tenancy.signin.issuer import Issuer, Rule

app = typer.Typer(help="OpenID issuers (Entra ID, Keycloak, …) whose word is taken.", no_args_is_help=True)


@app.command("add")
def add(
    name: Annotated[str, typer.Argument(help='What people call it: "Entra ID".')],
    issuer: Annotated[str, typer.Argument(metavar="URL", help="Exactly as its tokens say in `iss`.")],
    org: OrgOption = "default",
    project: Annotated[str, typer.Option(help="Id or name of where they work. [default: their first]")] = "",
    audience: Annotated[
        list[str] | None, typer.Option(help="Of Bearer tokens, e.g. https://cognitiveservices.azure.com. Repeat it.")
    ] = None,
    algorithm: Annotated[
        list[str] | None, typer.Option(help="Of signatures. Repeat it. [default: RS256, PS256, ES256]")
    ] = None,
    client: Annotated[str, typer.Option(metavar="ID", help="Client id, for people who sign in with a browser.")] = "",
    client_secret_file: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Its secret; without one, a public client.")
    ] = None,
    metadata_url: Annotated[str, typer.Option(metavar="URL", help="Where it describes itself, if elsewhere.")] = "",
    rule: Annotated[
        list[str] | None,
        typer.Option(
            metavar="CLAIM=VALUE:ROLE[:PROJECT]", help="Let in whom it fits, say groups=ml:member. Repeat it."
        ),
    ] = None,
    trust_email: Annotated[bool, typer.Option("--trust-email", help="Its e-mail addresses are verified.")] = False,
    home: HomeOption = None,
    as_json: JsonOption = False,
) -> None:
    """Take the word of an issuer: its tokens open the API, and its people can sign in."""
    with opened(home) as place:
        secret = client_secret_file.read_text().strip() if client_secret_file is not None else ""
        from pleiade.tenancy.signin.issuer import DEFAULT_ALGORITHMS, Issuer
        from pleiade.tenancy.signin.issuers import add_issuer

        organisation = organisation_of(place.db, org).id
        made = add_issuer(
            place.db,
            Issuer(
                id="",
                name=name,
                issuer=issuer,
                organisation=organisation,
                project=project_of(place.db, organisation, project).id if project else "",
                audiences=tuple(audience or ()),
                algorithms=tuple(algorithm or DEFAULT_ALGORITHMS),
                client=client,
                client_secret=secret,
                metadata_url=metadata_url,
                rules=tuple(_rule(text) for text in rule or ()),
                trust_email=trust_email,
            ),
        )
        if as_json:
            print_json(_shown(made))
            return
        print(made.id)
        if client:
            print(f"register this redirect URI there: {place.settings.public_base}/auth/callback")


@app.command("list")
def list_all(home: HomeOption = None, as_json: JsonOption = False, as_csv: CsvOption = False) -> None:
    """List the issuers (never their clients' secrets)."""
    with opened(home) as place:
        from pleiade.tenancy.signin.issuers import list_issuers

        issuers = list_issuers(place.db)
    if as_json:
        print_json([_shown(issuer) for issuer in issuers])
        return
    print_rows(
        ("id", "name", "issuer", "organisation", "project", "audiences", "client", "rules"),
        [
            (
                issuer.id,
                issuer.name,
                issuer.issuer,
                issuer.organisation,
                issuer.project or "-",
                " ".join(issuer.audiences) or "-",
                issuer.client or "-",
                " ".join(f"{rule.claim}={rule.value}:{rule.role.value}" for rule in issuer.rules) or "-",
            )
            for issuer in issuers
        ],
        as_csv=as_csv,
    )


@app.command("remove")
def remove(
    issuer: Annotated[str, typer.Argument(metavar="ID")], home: HomeOption = None, as_json: JsonOption = False
) -> None:
    """Take an issuer's word no more: its tokens and the sessions that began there end within a second."""
    with opened(home) as place:
        from pleiade.tenancy.signin.issuers import remove_issuer

        remove_issuer(place.db, issuer)
    if as_json:
        print_json({"id": issuer, "removed": True})
    else:
        print(f"removed {issuer}")


def _rule(text: str) -> "Rule":
    """`groups=ml:member:proj_1` as a rule; ends the command where it cannot be read."""
    from pleiade.domain import Role
    from pleiade.tenancy.signin.issuer import Rule

    claim, equals, rest = text.partition("=")
    value, colon, place = rest.rpartition(":")
    role, project = place, ""
    if colon and place not in list(Role):
        value, colon, role = value.rpartition(":")
        project = place
    if not (claim and equals and value and colon) or role not in list(Role):
        fail(f"--rule {text!r}: write CLAIM=VALUE:ROLE or CLAIM=VALUE:ROLE:PROJECT, ROLE one of {', '.join(Role)}")
    return Rule(claim=claim, value=value, role=Role(role), project=project)


def _shown(issuer: "Issuer") -> dict[str, object]:
    import msgspec

    shown: dict[str, object] = msgspec.to_builtins(issuer)
    return {**shown, "client_secret": "set" if issuer.client_secret else ""}
