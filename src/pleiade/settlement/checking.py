"""What an agreement promises that cannot come true: a tranche that never ends, or that never begins."""

from datetime import date

from pleiade.settlement.agreement import Agreement, Tranche
from pleiade.settlement.errors import SettlementError
from pleiade.settlement.waterfall import Position, room_in, run_down, stage_on


def check_tranches(agreement: Agreement) -> None:
    """Refuse tranches that have no end where they need one, or whose end cannot come. Raises SettlementError."""
    *earlier, last = agreement.tranches
    if last.end is not None:
        raise SettlementError(
            f"the last tranche {last.name!r} ends, and what comes after would belong to nobody; "
            "take away its `until`, or add a tranche"
        )
    dated: Tranche | None = None
    for tranche in earlier:
        _check_end(agreement, tranche)
        if tranche.end is None or tranche.end.last_day is None:
            continue
        if dated and dated.end and dated.end.last_day and dated.end.last_day >= tranche.end.last_day:
            raise SettlementError(
                f"the dates of the tranches {dated.name!r} and {tranche.name!r} overlap: the second would be over "
                f"on {tranche.end.last_day}, before the first; put their dates in order"
            )
        dated = tranche
    _check_course(agreement)


def _check_end(agreement: Agreement, tranche: Tranche) -> None:
    end, what = tranche.end, f"the tranche {tranche.name!r}"
    if end is None:
        raise SettlementError(f"{what} never ends, but others follow; give it an `until`, or put it last")
    sharing = [party for party, share in zip(agreement.parties, tranche.shares, strict=True) if share]
    if end.caps and not any(party.cap for party in sharing):
        raise SettlementError(
            f"{what} ends with the caps of its parties, but none has a cap; give one a cap, or another end"
        )
    if end.goal and end.last_day is None and end.party not in [party.id for party in sharing]:
        raise SettlementError(
            f"{what} never ends: it waits for {end.party}, who has no share in it; add its share or a date"
        )


def _check_course(agreement: Agreement) -> None:
    """Let endless profit run down, with every investment made: each tranche must take some of it, and end.

    Tranches that have a date may be left empty, or be left by their date: nobody knows how much comes before it.
    """
    day = max((each.day for each in agreement.investments), default=date.min)
    position = Position(agreement)
    met = -1
    while True:
        stage = stage_on(position, day)
        for skipped in agreement.tranches[met + 1 : stage.tranche]:
            if skipped.end is not None and skipped.end.last_day is None:
                raise SettlementError(
                    f"the tranche {skipped.name!r} ends as soon as it begins: what it waits for has happened by then; "
                    "raise its goal, or take it away"
                )
        met = max(met, stage.tranche)
        end = agreement.tranches[stage.tranche].end
        if end is None:
            return
        room = room_in(position, stage, day)
        if end.last_day is not None:
            if end.last_day == date.max:
                return
            day = max(day, date.fromordinal(end.last_day.toordinal() + 1))
        elif room is None:
            raise SettlementError(
                f"the tranche {agreement.tranches[stage.tranche].name!r} never ends: {end.party} reaches its cap "
                "before what it is to receive; lower the one or raise the other"
            )
        else:
            for _ in run_down(position, room, day):
                pass
