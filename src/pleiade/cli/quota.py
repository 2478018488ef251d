"""`pleiade quota show|pools|pool|capacity|limit|budget|alerts`."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Annotated

import typer

from pleiade.cli import completion
from pleiade.cli.common import CsvOption, HomeOption, JsonOption, Place, fail, opened, print_json, print_rows, when
from pleiade.cli.limit_words import (
    NONE,
    budget_line,
    capacity_lines,
    changed_capacity,
    nano_of,
    number,
    plain,
    public,
    rate_lines,
)
from pleiade.cli.tenants import OrgOption, organisation_of, project_of

if TYPE_CHECKING:
    from pleiade.domain.limits import Scope
    from pleiade.tenancy.change import Change

app = typer.Typer(help="Limits: capacity, rates, budgets.", no_args_is_help=True)

ScopeArgument = Annotated[str, typer.Argument(metavar="SCOPE", help="key, project or org.")]
SubjectArgument = Annotated[str, typer.Argument(metavar="NAME", help="Id or name of the key, project or organisation.")]


@app.command("show")
def show(home: HomeOption = None, as_json: JsonOption = False, as_csv: CsvOption = False) -> None:
    """List every limit: of deployments, keys, projects and organisations."""
    with opened(home, bundled=True) as place:
        from pleiade.quota.budgets import list_budgets
        from pleiade.quota.capacity import list_slices
        from pleiade.quota.rates import list_rates

        slices = list_slices(place.db, every=True)
        rates, budgets = list_rates(place.db), list_budgets(place.db)
    if as_json:
        print_json({"deployments": slices, "rates": rates, "budgets": [public(budget) for budget in budgets]})
        return
    found = [("deployment", e.deployment, e.model, line) for e in slices for line in capacity_lines(e.capacity)]
    found += [(e.scope.value, e.subject, e.model or "all", line) for e in rates for line in rate_lines(e.rate)]
    found += [(budget.scope.value, budget.subject, "all", budget_line(budget)) for budget in budgets]
    rows = [(*who, *line) for *who, line in found]
    print_rows(("scope", "name", "model", "of", "limit", "note"), rows, as_csv=as_csv)


@app.command("pools")
def pools(home: HomeOption = None, as_json: JsonOption = False, as_csv: CsvOption = False) -> None:
    """List the pools of models, and what is left of them (1 unit = 1,000 tokens a minute)."""
    with opened(home, bundled=True) as place:
        from pleiade.quota.capacity import list_pools

        found = list_pools(place.db)
    if as_json:
        print_json([{"model": e.model, "units": e.units, "allotted": e.allotted, "left": e.left} for e in found])
        return
    rows = [(pool.model, str(pool.units), str(pool.allotted), str(pool.left)) for pool in found]
    print_rows(("model", "units", "allotted", "left"), rows, as_csv=as_csv)


@app.command("pool")
def pool(
    model: Annotated[str, typer.Argument(help="Id of a model.", autocompletion=completion.models)],
    units: Annotated[str, typer.Argument(metavar="UNITS|none", help="Thousands of tokens a minute.")],
    home: HomeOption = None,
    as_json: JsonOption = False,
) -> None:
    """Say how much all deployments of a model may have together."""
    with opened(home, bundled=True) as place, _recorded(place) as act:
        from pleiade.quota.capacity import Pool, delete_pool, write_pool

        wanted = number("UNITS", units)
        if wanted is None:
            delete_pool(act.connection, model)
            act.record("pool.deleted", "default", model)
            made = Pool(model, 0, 0)
        else:
            made = write_pool(act.connection, model, wanted)
            act.record("pool.updated", "default", model, changes_requested={"units": wanted})
    if as_json:
        print_json({"model": made.model, "units": made.units or None, "left": made.left if made.units else None})
    else:
        print(f"{model}: {made.units} units, {made.left} left" if made.units else f"{model} has no pool any more")


@app.command("capacity")
def capacity(
    deployment: Annotated[str, typer.Argument(help="Name of a deployment.", autocompletion=completion.deployments)],
    units: Annotated[str, typer.Argument(metavar="UNITS|none", help="Thousands of tokens a minute; none = unlimited.")],
    kind: Annotated[str | None, typer.Option(help="standard or provisioned. [default: as it is]")] = None,
    requests_per_unit: Annotated[
        float | None, typer.Option(help="Requests a minute for each unit. [default: as it is, at first 6]")
    ] = None,
    slice: Annotated[int | None, typer.Option(help="Judge requests over 1 or 10 seconds. [default: as it is]")] = None,
    spillover: Annotated[
        str | None,
        typer.Option(help='Deployment that takes what it refuses; "" = none.', autocompletion=completion.deployments),
    ] = None,
    stance: Annotated[
        str | None, typer.Option(help="While the limiter's store is lost: closed or open. [default: as it is]")
    ] = None,
    home: HomeOption = None,
    as_json: JsonOption = False,
) -> None:
    """Give a deployment its slice of the pool; what is not named stays."""
    with opened(home, bundled=True) as place:
        from pleiade.quota.capacity import capacity_of, write_capacity

        wanted = changed_capacity(
            capacity_of(place.db, deployment),
            units=number("UNITS", units) or 0,
            kind=kind,
            requests_per_unit=requests_per_unit,
            slice_s=slice,
            spillover=spillover,
            stance=stance,
        )
        with _recorded(place) as act:
            write_capacity(act.connection, deployment, wanted)
            act.record("capacity.updated", "default", deployment, changes_requested=plain(wanted))
    if as_json:
        print_json({"deployment": deployment, **plain(wanted)})
    else:
        print(f"{deployment}: {'; '.join(map(str, capacity_lines(wanted)))}")


@app.command("limit")
def limit(
    scope: ScopeArgument,
    name: SubjectArgument,
    model: Annotated[
        str, typer.Option(help="For one model. [default: all together]", autocompletion=completion.models)
    ] = "",
    rpm: Annotated[str, typer.Option(metavar="N|none", help="Requests a minute.")] = "",
    tpm: Annotated[str, typer.Option(metavar="N|none", help="Tokens a minute.")] = "",
    rpd: Annotated[str, typer.Option(metavar="N|none", help="Requests a day.")] = "",
    images: Annotated[str, typer.Option(metavar="N|none", help="Pictures a minute.")] = "",
    batch_tokens: Annotated[str, typer.Option(metavar="N|none", help="Input tokens of batches a day.")] = "",
    org: OrgOption = "default",
    home: HomeOption = None,
    as_json: JsonOption = False,
) -> None:
    """Limit the rates of a key, project or organisation; what is not named stays, none takes a limit away."""
    given = {
        "max_requests_per_1_minute": rpm,
        "max_tokens_per_1_minute": tpm,
        "max_requests_per_1_day": rpd,
        "max_images_per_1_minute": images,
        "batch_1_day_max_input_tokens": batch_tokens,
    }
    changes = {field: number(field, text) for field, text in given.items() if text}
    if not changes:
        fail("say what to limit: --rpm, --tpm, --rpd, --images or --batch-tokens")
    with opened(home, bundled=True) as place:
        from pleiade.quota.rates import write_rate

        of, subject, organisation, project = _subject(place, scope, name, org)
        with _recorded(place) as act:
            rate = write_rate(act.connection, of, subject, changes, model=model)
            act.record(
                "rate_limit.updated",
                organisation,
                subject,
                project=project,
                changes_requested={"scope": of.value, "model": model, **changes},
            )
    if as_json:
        print_json({"scope": of, "subject": subject, "model": model, **plain(rate)})
    else:
        print(f"{of} {subject}: {'; '.join(map(str, rate_lines(rate))) or 'no limit'}")


@app.command("budget")
def budget(
    scope: ScopeArgument,
    name: SubjectArgument,
    amount: Annotated[str, typer.Argument(metavar="AMOUNT|none", help="Money a calendar month (UTC), say 250.00.")],
    currency: Annotated[str, typer.Option(help="ISO 4217. [default: the organisation's]")] = "",
    hard: Annotated[bool, typer.Option("--hard/--soft", help="Refuse what would exceed it, or only tell.")] = True,
    alert: Annotated[list[int] | None, typer.Option(metavar="PERCENT", help="Tell at this level. Repeat it.")] = None,
    webhook: Annotated[str, typer.Option(metavar="URL", help="Post alerts there, signed.")] = "",
    org: OrgOption = "default",
    home: HomeOption = None,
    as_json: JsonOption = False,
) -> None:
    """Set what a key, project or organisation may spend in a month."""
    with opened(home, bundled=True) as place:
        from pleiade.domain.limits import Budget
        from pleiade.quota.budgets import delete_budget, write_budget

        of, subject, organisation, project = _subject(place, scope, name, org)
        with _recorded(place) as act:
            if amount == NONE:
                delete_budget(act.connection, of, subject)
                act.record("budget.deleted", organisation, subject, project=project, data={"scope": of.value})
                made = None
            else:
                made = write_budget(
                    act.connection,
                    Budget(
                        scope=of,
                        subject=subject,
                        nano=nano_of(amount),
                        currency=currency or organisation_of(place.db, organisation).currency,
                        hard=hard,
                        alerts=tuple(alert or ()),
                        webhook=webhook,
                    ),
                )
                act.record("budget.updated", organisation, subject, project=project, changes_requested=public(made))
    if as_json:
        print_json({**public(made), "secret": made.secret} if made else {"scope": of, "subject": subject})
        return
    print(f"{of} {subject}: {budget_line(made)}" if made else f"{of} {subject} has no budget any more")
    if made and made.secret:
        print(f"alerts are signed with {made.secret}")


@app.command("alerts")
def alerts(home: HomeOption = None, as_json: JsonOption = False, as_csv: CsvOption = False) -> None:
    """List the budget levels that were crossed, and whether their alerts were delivered."""
    with opened(home) as place:
        from pleiade.quota.alerts import list_alerts

        found = list_alerts(place.db)
    if as_json:
        print_json(found)
        return
    rows = [
        (e.period, e.scope, e.subject, f"{e.level} %", e.state, when(e.created), str(e.attempts), e.error)
        for e in found
    ]
    print_rows(("month", "scope", "name", "level", "state", "crossed", "attempts", "error"), rows, as_csv=as_csv)


@contextmanager
def _recorded(place: Place) -> "Iterator[Change]":
    """A transaction whose acts are written into the audit log."""
    from pleiade.domain.tenants import OPERATOR
    from pleiade.tenancy.change import change

    with change(place.db, OPERATOR) as act:
        yield act


def _subject(place: Place, scope: str, name: str, org: str) -> "tuple[Scope, str, str, str]":
    """Scope, id, and the organisation and project that the audit log names."""
    from pleiade.domain.limits import Scope
    from pleiade.tenancy.keys import find_key

    match scope:
        case "key":
            key = find_key(place.db, name)
            return Scope.KEY, key.id, key.organisation, key.project
        case "project":
            project = project_of(place.db, organisation_of(place.db, org).id, name)
            return Scope.PROJECT, project.id, project.organisation, project.id
        case "org" | "organisation" | "organization":
            organisation = organisation_of(place.db, name)
            return Scope.ORGANISATION, organisation.id, organisation.id, ""
        case "deployment":
            fail(f"a deployment has a capacity: pleiade quota capacity {name} UNITS")
        case _:
            fail(f"{scope!r} is no scope: use key, project or org")
