"""`pleiade usage`: what was used and what it costs, by time and by whatever calls are told apart by."""

from typing import TYPE_CHECKING, Annotated, get_args

import typer

from pleiade.cli.common import CsvOption, HomeOption, JsonOption, fail, opened, print_json, print_rows

if TYPE_CHECKING:
    from pleiade.ledger.usage import CostRow

DEFAULT_DAYS = 30
DAY = 86400


def usage(
    by: Annotated[
        str, typer.Option(metavar="NAMES", help="Say project,day or model,hour; `all` for one row over all time.")
    ] = "day",
    since: Annotated[str, typer.Option("--from", metavar="DATE", help="First day, UTC. [default: 30 days ago]")] = "",
    until: Annotated[str, typer.Option("--to", metavar="DATE", help="Last day, UTC. [default: today]")] = "",
    month: Annotated[str, typer.Option(metavar="MONTH", help="Say 2026-11, instead of --from and --to.")] = "",
    only: Annotated[
        list[str] | None, typer.Option("--only", metavar="NAME=VALUE", help="Say project=proj_1. Repeat it.")
    ] = None,
    home: HomeOption = None,
    as_json: JsonOption = False,
    as_csv: CsvOption = False,
) -> None:
    """Tell tokens and costs, as the ledger has them."""
    with opened(home) as place:
        from pleiade.ledger.usage import Bucket, costs

        buckets: tuple[Bucket, ...] = get_args(Bucket)
        words = [word.strip() for word in by.split(",") if word.strip()]
        times = [bucket for bucket in buckets if bucket in words]
        if len(times) > 1:
            fail(f"--by {by}: one of {', '.join(buckets)} is enough")
        names = [word for word in words if word not in buckets]
        start, end = span(since, until, month)
        rows = list(
            costs(place.db, start=start, end=end, bucket=times[0] if times else "all", by=names, where=_chosen(only))
        )
    if as_json:
        print_json([_as_json(row) for row in rows])
        return
    told = times != ["all"] and bool(times)
    headings = [*(["from (UTC)"] if told else []), *names, *COLUMNS]
    print_rows(headings, [_cells(row, names, told=told) for row in rows], as_csv=as_csv)


COLUMNS = ("calls", "prompt", "cached", "completion", "reasoning", "images", "audio", "currency", "cost")


def span(since: str, until: str, month: str) -> tuple[int, int]:
    """First second and the second after the last one, Unix time; days are UTC's."""
    import time

    from pleiade.ledger.periods import bounds_of

    if month:
        if since or until:
            fail("--month is instead of --from and --to")
        return bounds_of(month)
    today = int(time.time()) // DAY * DAY
    end = _day(until) + DAY if until else today + DAY
    start = _day(since) if since else end - DEFAULT_DAYS * DAY
    if start >= end:
        fail(f"--from {since} lies after --to {until or 'today'}")
    return start, end


def _day(text: str) -> int:
    from datetime import UTC, datetime

    try:
        return int(datetime.strptime(text, "%Y-%m-%d").replace(tzinfo=UTC).timestamp())
    except ValueError:
        fail(f"{text!r} is no day: write it as 2026-11-06")


def _chosen(only: list[str] | None) -> dict[str, list[str]]:
    """NAME=VALUE pairs as the ledger's filter: values of one name are alternatives."""
    chosen: dict[str, list[str]] = {}
    for pair in only or []:
        name, equals, value = pair.partition("=")
        if not equals:
            fail(f"--only {pair}: write NAME=VALUE, say project=proj_1")
        chosen.setdefault(name, []).append(value)
    return chosen


def _cells(row: "CostRow", names: list[str], *, told: bool) -> list[str]:
    from pleiade.domain.money import decimal

    u = row.usage
    counts = (u.prompt_tokens, u.cached_tokens, u.completion_tokens, u.reasoning_tokens, u.images, u.audio)
    return [
        *([_moment(row)] if told else []),
        *(row.by[name] or "-" for name in names),
        str(row.calls),
        *map(str, counts),
        row.currency or "-",
        decimal(row.nano, 2) if row.currency else "-",
    ]


def _moment(row: "CostRow") -> str:
    from datetime import UTC, datetime

    shape = "%Y-%m-%d" if row.end - row.start == DAY else "%Y-%m-%d %H:%M"
    return datetime.fromtimestamp(row.start, UTC).strftime(shape)


def _as_json(row: "CostRow") -> dict[str, object]:
    import msgspec

    from pleiade.domain.money import decimal

    return {
        "start": row.start,
        "end": row.end,
        **row.by,
        "calls": row.calls,
        **msgspec.structs.asdict(row.usage),
        "currency": row.currency,
        "cost": decimal(row.nano),
    }
