"""docs/models.md: the shipped family side by side, from the records alone."""

from __future__ import annotations

from collections.abc import Sequence

from pleiade.lab.cards.card import STAGE_NAMES
from pleiade.lab.cards.picture_card import picture_row
from pleiade.lab.cards.picture_record import PictureRecord
from pleiade.lab.cards.record import Member, Results, SuiteResult
from pleiade.lab.cards.tables import Row, bits_table, cell, chance_words, number_words, protocol, table

LANGUAGES = {"en": "English", "fr": "French"}
ALL = "all domains"
FEWEST = 30  # items of a line
FOR = {
    "base": "continuing texts; what the others go on from",
    "chat": "answering, in English and in French",
    "code": "completing Python and filling gaps in it",
    "reward": "scoring answers",
}


def write_page(members: Sequence[Member], ngram: Results | None, pictures: Sequence[PictureRecord] = ()) -> str:
    """The page. What was not measured is left out, and said to be missing where a table would have it."""
    lines = [
        "# The shipped models",
        "",
        "Written by `python -m pleiade.lab.cards page` from the records in `docs/models/records`, which hold every "
        "number below; a test compares the two. Each model has its card, with its data, licences and all answers to a "
        "fixed panel.",
        "",
        *_family(members),
        *(["", "Pictures:", "", *_painters(pictures)] if pictures else []),
        "",
        *_beside_ngram(members, ngram),
        *_beside_previous(members),
        *_eight_bits(members),
        *_rewards(members),
        *_suites(members),
        "## Measure again",
        "",
        "```",
        "pleiade eval MODEL --suite heldout --data FOLDER --out DIR        # DIR/results.json is the record",
        "python -m pleiade.lab.evals.ngram --run RUN --data FOLDER --out NGRAM",
        "pleiade eval NGRAM --suite heldout --data FOLDER --out DIR",
        "pleiade eval --url URL --deployment NAME --suite heldout --data FOLDER --out DIR  # through the engine",
        "python -m pleiade.lab.cards page",
        "```",
        "",
    ]
    return "\n".join(lines)


def _family(members: Sequence[Member]) -> list[str]:
    rows = []
    for member in members:
        record = member.record
        stages = ", ".join(f"{STAGE_NAMES[stage.name]} {stage.tokens / 1e6:.1f} M" for stage in record.stages)
        card = f"[{record.name}](models/{record.name}.md)"
        weights = f"{record.weights_bytes / 1e6:.1f} MB" if record.ships else "not shipped"
        rows.append((card, FOR[record.kind], f"{record.parameters / 1e6:.2f} M", stages, weights))
    return table(("model", "made for", "parameters", "tokens by stage", "weights"), rows)


def _painters(pictures: Sequence[PictureRecord]) -> list[str]:
    heading = ("model", "made for", "parameters", "pictures by stage", "weights")
    return table(heading, [picture_row(record) for record in pictures])


def _beside_ngram(members: Sequence[Member], ngram: Results | None) -> list[str]:
    measured = [(m.record.name, m.results) for m in members if m.results and m.results.bits()]
    if not measured:
        return []
    told, columns = measured[0][1], list(measured)
    lines = ["## Held-out text, beside an n-gram", ""]
    if ngram:
        columns.append(("5-gram", ngram))
        lines += [f"The n-gram: {ngram.how.get('network', '')}.", ""]
    lines += ["Bits per byte, lower is better.", "", *bits_table(told, columns), ""]
    if ngram:
        rows = [(name, *(_less(results, ngram, language) for language in LANGUAGES)) for name, results in measured]
        lines += [*table(("fewer bits than the 5-gram", *LANGUAGES.values()), rows), ""]
    return lines


def _beside_previous(members: Sequence[Member]) -> list[str]:
    rows = [
        (member.record.name, *_change(member.previous, member.results))
        for member in members
        if member.previous and member.results
    ]
    if not rows:
        return []
    heading = ("bits per byte", *(f"{language}: before → now" for language in LANGUAGES.values()))
    return ["## Beside the model that shipped before", "", *table(heading, rows), ""]


def _eight_bits(members: Sequence[Member]) -> list[str]:
    rows = [
        (member.record.name, *_change(member.results, member.engine))
        for member in members
        if member.engine and member.results
    ]
    if not rows:
        return []
    heading = ("bits per byte", *(f"{language}: float32 → 8 bits" for language in LANGUAGES.values()))
    told = (
        "The engine keeps weights in 8 bits (`docs/engines.md`): the same text, asked over HTTP of a worker as it runs."
    )
    return ["## What 8 bits cost", "", told, "", *table(heading, rows), ""]


def _rewards(members: Sequence[Member]) -> list[str]:
    rows = []
    for member in members:
        accuracies = member.record.accuracies
        if accuracies:
            pairs = sum(a.pairs for a in accuracies)
            right = sum(a.share * a.pairs for a in accuracies) / pairs
            rows.append((member.record.name, f"{pairs:,}", f"{right:.1%}"))
    heading = ("reward model", "unseen pairs", "better answer scores higher")
    return ["## Preferring the better answer", "", *table(heading, rows), ""] if rows else []


def _suites(members: Sequence[Member]) -> list[str]:
    columns = [(m.record.name, m.results) for m in members if m.results]
    names = [name for _, results in columns for name in results.suites if name != "heldout"]
    lines: list[str] = []
    for name in dict.fromkeys(names):
        asked = [(model, results.suites[name]) for model, results in columns if name in results.suites]
        lines += [f"**{asked[0][1].title}** (`{name}`). {protocol(asked[0][1])}", "", *_suite(asked), ""]
    return ["## Suites", "", *lines] if lines else []


def _suite(asked: Sequence[tuple[str, SuiteResult]]) -> list[str]:
    """A line a number, a column a model; what few items say stays in the records."""
    rows: dict[tuple[str, str], Row] = {}
    told = [number for number in asked[0][1].numbers if number.count >= FEWEST]
    for number in told or asked[0][1].numbers:
        values = []
        for _, suite in asked:
            found = [n for n in suite.numbers if (n.name, n.language) == (number.name, number.language)]
            values.append(number_words(found[0]) if found else "")
        rows[number.name, number.language] = (
            cell(number.name),
            number.language,
            *values,
            chance_words(number),
            f"{number.count:,}",
        )
    return table(("", "language", *(name for name, _ in asked), "chance", "n"), rows.values())


def _less(results: Results, ngram: Results, language: str) -> str:
    ours, theirs = results.bits().get((ALL, language)), ngram.bits().get((ALL, language))
    return f"{1 - ours / theirs:+.1%}" if ours and theirs else ""


def _change(before: Results | None, after: Results | None) -> Row:
    counts = {each.suites["heldout"].items for each in (before, after) if each and "heldout" in each.suites}
    if len(counts) > 1:
        return ("measured on other texts",) * len(LANGUAGES)
    found = []
    for language in LANGUAGES:
        old, new = (each.bits().get((ALL, language)) if each else None for each in (before, after))
        found.append(f"{old:.3f} → {new:.3f} ({new / old - 1:+.2%})" if old and new else "")
    return tuple(found)
