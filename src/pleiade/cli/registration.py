"""`pleiade user registration|waiting|approve|refuse`: people who register themselves."""

from typing import Annotated

import typer

from pleiade.cli.common import CsvOption, HomeOption, JsonOption, fail, opened, print_json, print_rows, when
from pleiade.cli.tenants import everything, organisation_of, project_of

RegistrationArgument = Annotated[str, typer.Argument(metavar="ID", help="Id of the registration: reg_…")]


def registration(
    mode: Annotated[str, typer.Argument(help="off, approval, waiting-list or open. [default: shows what it is]")] = "",
    org: Annotated[str, typer.Option("--org", metavar="ORG", help="Whose members they become.")] = "default",
    project: Annotated[str, typer.Option("--project", metavar="PROJECT", help="And of which project.")] = "default",
    role: Annotated[str, typer.Option(help="As what: developer, member or viewer.")] = "member",
    own: Annotated[bool, typer.Option("--own", help="Each gets an organisation of their own instead.")] = False,
    billing: Annotated[str, typer.Option(help="With --own: invoiced or prepaid.")] = "prepaid",
    storefront: Annotated[str, typer.Option(help="With --own: openai or azure.")] = "openai",
    currency: Annotated[str, typer.Option(help="With --own: ISO 4217, say USD.")] = "USD",
    home: HomeOption = None,
    as_json: JsonOption = False,
) -> None:
    """Say whether people may register themselves, and what they then belong to."""
    with opened(home) as place:
        import msgspec

        from pleiade.domain import OPERATOR, RegistrationRule
        from pleiade.tenancy.registration import MODES, get_rule, set_rule

        rule = get_rule(place.db)
        if mode:
            if mode not in MODES:
                fail(f"{mode!r} is no way to register: use one of {', '.join(MODES)}")
            fields = {"mode": mode, "billing": billing, "storefront": storefront, "currency": currency}
            fields |= {"organisation": "", "project": ""}
            if not own:
                organisation = organisation_of(place.db, org).id
                where = project_of(place.db, organisation, project).id if project else ""
                fields |= {"organisation": organisation, "project": where, "role": role}
            try:
                wanted = msgspec.convert(fields, RegistrationRule)
            except msgspec.ValidationError as error:
                fail(f"{error}: see `pleiade user registration --help`")
            rule = set_rule(place.db, wanted, actor=OPERATOR)
    if as_json:
        print_json(rule)
    elif rule.mode == "off":
        print("off: nobody can register by themselves")
    elif not rule.organisation:
        print(
            f"{rule.mode}: each gets an organisation of their own ({rule.storefront}, {rule.billing}, {rule.currency})"
        )
    else:
        project_words = f", project {rule.project}" if rule.project else ""
        print(f"{rule.mode}: each becomes {rule.role} of {rule.organisation}{project_words}")


def waiting(home: HomeOption = None, as_json: JsonOption = False, as_csv: CsvOption = False) -> None:
    """List those who asked to be let in, first come first."""
    with opened(home) as place:
        from pleiade.tenancy.registration import list_registrations

        found = everything(lambda after: list_registrations(place.db, after=after, limit=1000), lambda one: one.id)
    if as_json:
        print_json(found)
        return
    print_rows(
        ("id", "email", "name", "asked", "note"),
        [(one.id, one.email, one.name, when(one.created), " ".join(one.note.split())) for one in found],
        as_csv=as_csv,
    )


def approve(
    registration: Annotated[str, typer.Argument(metavar="ID", help="Id of one registration: reg_…")] = "",
    next: Annotated[int, typer.Option("--next", metavar="COUNT", help="Those who have waited longest.")] = 0,
    home: HomeOption = None,
    as_json: JsonOption = False,
) -> None:
    """Let somebody in, or open the waiting list for the next COUNT people."""
    if bool(registration) == bool(next):
        fail("say either whom to let in, or --next and how many")
    with opened(home) as place:
        from pleiade.domain import OPERATOR
        from pleiade.tenancy import registration as registrations

        if next:
            let_in = registrations.open_batch(place.db, next, actor=OPERATOR)
        else:
            let_in = [registrations.approve(place.db, registration, actor=OPERATOR)[1]]
    if as_json:
        print_json(let_in)
        return
    for one in let_in:
        print(f"let in {one.email} ({one.user})")


def refuse(registration: RegistrationArgument, home: HomeOption = None, as_json: JsonOption = False) -> None:
    """Do not let somebody in."""
    with opened(home) as place:
        from pleiade.domain import OPERATOR
        from pleiade.tenancy import registration as registrations

        refused = registrations.refuse(place.db, registration, actor=OPERATOR)
    if as_json:
        print_json(refused)
    else:
        print(f"refused {refused.email}")


def add_to(app: typer.Typer) -> None:
    """The commands about who registers, beside the others about people."""
    app.command("registration")(registration)
    app.command("waiting")(waiting)
    app.command("approve")(approve)
    app.command("refuse")(refuse)
