"""The card of a picture model as Markdown: what it is, how it was made, every measure, and the contact sheet."""

from __future__ import annotations

from shlex import quote

from pleiade.lab.cards.picture_record import PictureMember, PictureRecord
from pleiade.lab.cards.record import Stage
from pleiade.lab.cards.tables import Row, cell, table
from pleiade.lab.dalle.evals.results import PictureSuite, columns_of, row_of

STAGE_NAMES = {
    "encoder": "encoder of pictures and words",
    "base": "pictures",
    "few": "few steps",
    "enlarger": "enlarger",
}


def write_picture_card(member: PictureMember) -> str:
    """The whole card with Hugging Face's front matter; contact sheet and curve are PNG files beside it."""
    record = member.record
    lines = [
        "---",
        "license: cc-by-4.0",
        "language: [en, fr]",
        "pipeline_tag: text-to-image",
        "---",
        "",
        f"# {record.name}",
        "",
        f"A picture model of {record.parameters / 1e6:.2f} million parameters, trained from scratch by the Pleiade "
        f"project on openly licensed drawings and on scenes composed of them. It draws {record.shape['size']} × "
        f"{record.shape['size']} pixels with transparency, which an enlarger and a tracer make larger.",
        "",
        *_limits(),
        "",
        _sheet(record.name),
        "",
        "The first prompts of a fixed list (`pleiade.lab.dalle.evals.prompts`), each with its first picture; nothing "
        "was chosen or left out.",
        "",
        *_making(record),
        *_measures(member),
        *_drawings(record),
        "## Train it again",
        "",
        "```",
        "python -m pleiade.lab.dalle.data --source FOLDER --out PICTURES",
        " ".join([f"pleiade train {record.preset} --data PICTURES --run RUN", *map(quote, record.changes)]),
        "```",
        "",
        "`docs/train-images.md` tells the rest.",
        "",
    ]
    return "\n".join(lines)


def without_pictures(card: str, name: str) -> str:
    """The card as the package carries it: its pictures are in the documentation only."""
    for line in (_sheet(name), _curve(name)):
        card = card.replace(f"{line}\n\n", "")
    return card


def picture_row(record: PictureRecord) -> Row:
    """Its line in the table of shipped models."""
    stages = ", ".join(f"{STAGE_NAMES[stage.name]} {stage.tokens / 1e6:.2f} M" for stage in record.stages)
    size = sum(file.num_bytes for file in record.files) / 1e6
    card = f"[{record.name}](models/{record.name}.md)"
    return card, "pictures from words", f"{record.parameters / 1e6:.2f} M", stages, f"{size:.1f} MB"


def suite_table(suite: PictureSuite) -> list[str]:
    """A suite's protocol and its lines, a column for the model and each thing that stands beside it."""
    columns = columns_of(suite)
    rows = [tuple(cell(text) for text in row_of(line, columns)) for line in suite.lines]
    return [f"**{suite.title}.** {suite.protocol}", "", *table(("", "language", *columns, "chance"), rows), ""]


def _limits() -> list[str]:
    return [
        "## What it can and cannot do",
        "",
        "- It draws single things in the styles of icons and emoji, and simple scenes, named in English or in French.",
        "- It fills holes and draws on beyond a picture's border, and makes others like a given one.",
        "- It cannot write, and faces, hands, photographs and anything with many parts are beyond it.",
        "- It knows what drawings of those collections show, and their clichés.",
    ]


def _making(record: PictureRecord) -> list[str]:
    shape, served = record.shape, record.served
    steps = ", ".join(f"{name} {count}" for name, count in served["steps"].items())
    best = ", ".join(f"{name} {count}" for name, count in served["best_of"].items())
    kind = "few-step model" if served["few_step"] else f"base model, guidance {served['guidance']:g}"
    rows: list[Row] = [
        (
            "shape",
            f"{shape['num_layers']} layers, hidden {shape['hidden_size']}, patches of {shape['patch']} pixels, "
            f"{shape['text_layers']} layers of text",
        ),
        ("parameters", f"{record.parameters:,}"),
        ("served", f"{kind}; steps: {steps}; candidates: {best}"),
        *((STAGE_NAMES[stage.name], _stage_words(stage)) for stage in record.stages),
        *_before(record),
        ("files", ", ".join(f"{file.name} {file.num_bytes / 1e6:.2f} MB" for file in record.files)),
        ("machine", record.machine),
    ]
    note = [record.note, ""] if record.note else []
    return ["## Size and training", "", *table(("", ""), rows), "", *note, _curve(record.name), ""]


def _before(record: PictureRecord) -> list[Row]:
    """What the runs practised whose weights it began with."""
    if not record.earlier:
        return []
    return [("pictures before", f"{record.earlier / 1e3:,.0f} thousand, in runs whose weights it began with")]


def _stage_words(stage: Stage) -> str:
    return (
        f"{stage.tokens / 1e3:,.0f} thousand pictures, {stage.steps:,} steps, {stage.seconds / 60:.0f} minutes; "
        f"loss at its end {stage.loss:.3f}"
    )


def _measures(member: PictureMember) -> list[str]:
    results = member.results
    if results is None:
        return []
    how = "; ".join(f"{name}: {value}" for name, value in results.how.items())
    lines = [line for suite in results.suites.values() for line in suite_table(suite)]
    return ["## Measures", "", f"Intervals hold 95 %. {how}.", "", *lines]


def _drawings(record: PictureRecord) -> list[str]:
    rows = [(cell(each.name), f"{each.drawings:,}", each.licence) for each in record.sets]
    return [
        "## Drawings and licences",
        "",
        *table(("set", "drawings to learn from", "licence"), rows),
        "",
        "`ATTRIBUTION.md` beside the weights holds each set's line: give it on with them.",
        "",
    ]


def _sheet(name: str) -> str:
    return f"![contact sheet]({name}-contact.png)"


def _curve(name: str) -> str:
    return f"![loss curve]({name}-curve.png)"
