"""`python -m pleiade.lab.cards record|picture|page`: keeps what a run says, writes the cards and docs/models.md."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from pleiade.lab.cards.card import without_curve, write_card, write_licences
from pleiade.lab.cards.gather import Told, gather
from pleiade.lab.cards.page import write_page
from pleiade.lab.cards.picture_card import without_pictures, write_picture_card
from pleiade.lab.cards.picture_record import (
    PictureMember,
    gather_picture,
    read_picture_members,
    write_picture_record,
)
from pleiade.lab.cards.record import NGRAM, Member, read_members, read_results, write_record
from pleiade.lab.chain import STAGES
from pleiade.lab.curves import draw_curve

BUNDLED = Path("src/pleiade/registry/bundled")
CHECKSUMS = "SHA256SUMS"
UNTIL = {"base": "base", "code": "code", "reward": "reward", "chat": "dpo"}


def main(arguments: list[str]) -> int:
    """`record` and `picture` keep what a run says and write every card and the page again; `page` only writes."""
    parser = argparse.ArgumentParser(prog="python -m pleiade.lab.cards")
    parser.add_argument("command", choices=("record", "picture", "page"))
    options, rest = parser.parse_known_args(arguments[:1])[0], arguments[1:]
    writing = argparse.ArgumentParser(add_help=False)
    writing.add_argument("--docs", type=Path, default=Path("docs"), help="the documentation [default: docs]")
    writing.add_argument("--bundled", type=Path, default=BUNDLED, help=f"models that ship [default: {BUNDLED}]")
    if options.command == "record":
        options = _record_parser(writing).parse_args(rest)
        keep(options)
    elif options.command == "picture":
        options = _picture_parser(writing).parse_args(rest)
        keep_picture(options)
    else:
        options = argparse.ArgumentParser(prog="python -m pleiade.lab.cards page", parents=[writing]).parse_args(rest)
    write_all(options.docs, options.bundled)
    return 0


def _record_parser(writing: argparse.ArgumentParser) -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m pleiade.lab.cards record", parents=[writing])
    parser.add_argument("kind", choices=sorted(UNTIL))
    parser.add_argument("--name", required=True, help="what the model is called, e.g. pleiade-code-pico")
    for option, text in (
        ("--data", "what the stages learned from"),
        ("--run", "the run, with a folder a stage"),
        ("--export", "the exported model; gets README.md, LICENCES and SHA256SUMS"),
    ):
        parser.add_argument(option, type=Path, required=True, help=text)
    parser.add_argument("--until", choices=STAGES, help="the last stage of this model [default: by kind; chat: dpo]")
    parser.add_argument("--machine", required=True, help="what it ran on, in words")
    parser.add_argument("--note", default="", help="what a reader should know besides")
    parser.add_argument("--kept-back", action="store_true", help="it does not ship; others go on from it")
    return parser


def _picture_parser(writing: argparse.ArgumentParser) -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m pleiade.lab.cards picture", parents=[writing])
    parser.add_argument("--name", required=True, help="what the model is called, e.g. pleiade-pix")
    for option, text in (
        ("--data", "the built drawings that it learned from"),
        ("--run", "the run, with a folder a stage"),
        ("--export", "the exported model; gets README.md and its line in SHA256SUMS"),
        ("--examination", "what `python -m pleiade.lab.dalle.evals` wrote"),
    ):
        parser.add_argument(option, type=Path, required=True, help=text)
    parser.add_argument("--machine", required=True, help="what it ran on, in words")
    parser.add_argument("--note", default="", help="what a reader should know besides")
    return parser


def keep_picture(options: argparse.Namespace) -> None:
    """Write a picture model's record, contact sheet and curve, and the card that ships beside the weights."""
    record = gather_picture(options.name, options.machine, options.note, options.data, options.run, options.export)
    models = options.docs / "models"
    write_picture_record(record, options.examination, options.run, models)
    (member,) = (m for m in read_picture_members(models / "records") if m.record.name == record.name)
    (options.export / "README.md").write_text(picture_package_card(member), "utf-8")


def keep(options: argparse.Namespace) -> None:
    """Write the record, the curve of its last stage, and what ships beside the weights."""
    until = options.until or UNTIL[options.kind]
    told = Told(options.name, options.machine, options.note, not options.kept_back)
    record = gather(options.kind, told, options.data, options.run, options.export, until)
    models = options.docs / "models"
    write_record(record, models / "records" / record.name)
    longest = max(record.stages, key=lambda stage: stage.tokens).name if options.kind != "code" else "code"
    draw_curve(
        options.run / longest / "metrics.jsonl", models / f"{record.name}-curve.png", f"{record.name}: {longest}"
    )
    (options.export / "LICENCES").write_text(write_licences(record), "utf-8")
    (options.export / CHECKSUMS).write_text(f"{record.weights_sha256}  model.safetensors\n", "utf-8")
    (member,) = (m for m in read_members(models / "records") if m.record.name == record.name)
    (options.export / "README.md").write_text(package_card(member), "utf-8")


def write_all(docs: Path, bundled: Path) -> None:
    """Every card and models.md, from the records in `docs`/models/records.

    Cards of models that ship go beside their weights, too. Raises ValueError for a record of other weights than those.
    """
    members = read_members(docs / "models" / "records")
    for member in members:
        name = member.record.name
        (docs / "models" / f"{name}.md").write_text(write_card(member).split("---\n", 2)[2].lstrip(), "utf-8")
        if (bundled / name).is_dir():
            if member.record.weights_sha256 not in (bundled / name / CHECKSUMS).read_text("utf-8"):
                raise ValueError(f"the record of {name} is of other weights than {bundled / name}: record it again")
            (bundled / name / "README.md").write_text(package_card(member), "utf-8")
    pictures = read_picture_members(docs / "models" / "records")
    for picture in pictures:
        name = picture.record.name
        card = write_picture_card(picture).split("---\n", 2)[2].lstrip()
        (docs / "models" / f"{name}.md").write_text(card, "utf-8")
        if (bundled / name).is_dir():
            sums = (bundled / name / CHECKSUMS).read_text("utf-8")
            if any(f"{file.sha256}  {file.name}" not in sums for file in picture.record.files):
                raise ValueError(f"the record of {name} is of other files than {bundled / name}: record it again")
            (bundled / name / "README.md").write_text(picture_package_card(picture), "utf-8")
    ngram = read_results(docs / "models" / "records" / NGRAM)
    (docs / "models.md").write_text(write_page(members, ngram, [each.record for each in pictures]), "utf-8")


def picture_package_card(member: PictureMember) -> str:
    """The card that ships with a picture model's graphs."""
    return without_pictures(write_picture_card(member), member.record.name)


def package_card(member: Member) -> str:
    """The card that ships with the weights."""
    return without_curve(write_card(member), member.record.name)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
