"""`pleiade lessons`: what people thought of answers, learned from, tried on a share of the calls, and decided about."""

import json
import time
from pathlib import Path
from typing import Annotated, Any

import typer

from pleiade.cli import completion
from pleiade.cli.common import HomeOption, JsonOption, fail, print_json, print_table, told, when
from pleiade.cli.durations import seconds
from pleiade.cli.finetune import KeyOption, UrlOption
from pleiade.cli.finetune_api import Api, file_of

LESSONS = "/organization/lessons"
OVER = ("promoted", "rolled_back", "failed")
LOOK_S = 0.5

Deployment = Annotated[
    str, typer.Argument(metavar="DEPLOYMENT", help="Whose answers were rated.", autocompletion=completion.deployments)
]
KindOption = Annotated[
    str, typer.Option(help="preference: pairs of a wished and a rejected answer; sft: wished answers alone.")
]
ProjectOption = Annotated[str, typer.Option(help="Whose ratings. [default: the key's project]")]
SinceOption = Annotated[str, typer.Option(metavar="TIME", help="Ratings of the last TIME only, say 7d. [default: all]")]
LessonArgument = Annotated[str, typer.Argument(metavar="LESSON", help="Id of a lesson: lesson_…")]


def list_all(
    limit: Annotated[int, typer.Option(help="At most so many, the newest.", min=1, max=100)] = 20,
    home: HomeOption = None,
    url: UrlOption = "",
    key: KeyOption = "",
    as_json: JsonOption = False,
) -> None:
    """List lessons: how far each is, the candidate's figures beside those of the model that serves, ratings so far."""
    with told():
        lessons = Api(home, url, key).get(f"{LESSONS}?limit={limit}")["data"]
        if as_json:
            print_json(lessons)
            return
        rows = [_row(lesson) for lesson in lessons]
        print_table(
            ("lesson", "of", "state", "gate: now", "candidate", "down: now", "candidate", "begun"),
            rows,
        )
        for lesson in lessons:
            if lesson["reason"]:
                print(f"\n{lesson['id']}: {lesson['reason']}")


def data(
    deployment: Deployment,
    out: Annotated[Path | None, typer.Option(help="Write the examples here, one a line.")] = None,
    kind: KindOption = "preference",
    project: ProjectOption = "",
    since: SinceOption = "",
    home: HomeOption = None,
    url: UrlOption = "",
    key: KeyOption = "",
    as_json: JsonOption = False,
) -> None:
    """Show what would be learned from ratings, and what is left out and why. Nothing is begun."""
    with told():
        body = {"deployment": deployment, "kind": kind, "project": project or None, "since": _moment(since)}
        found = Api(home, url, key).post(f"{LESSONS}/preview", body)
        lines = [json.dumps(line, ensure_ascii=False) + "\n" for line in found["data"]]
        if out is not None:
            out.write_text("".join(lines), "utf-8")
        if as_json:
            print_json({name: value for name, value in found.items() if name != "data" or out is None})
            return
        print(f"{found['examples']} examples of kind {found['kind']} from ratings of {deployment}")
        _print_counts("left out", found["left_out"])
        _print_counts("personal data replaced", found["redacted"])
        if out is not None:
            print(f"written to {out}")


def start(
    deployment: Deployment,
    kind: KindOption = "preference",
    project: ProjectOption = "",
    since: SinceOption = "",
    gate: Annotated[
        str,
        typer.Option(
            metavar="FILE|EVAL",
            help="Examples to measure on, or an eval that was run before. [default: a fifth of the examples]",
        ),
    ] = "",
    canary: Annotated[int, typer.Option(help="Percent of the calls that the candidate answers.", min=0, max=100)] = 20,
    margin: Annotated[
        float, typer.Option(help="How far below the present model the gate lets pass.", min=0, max=1)
    ] = 0.02,
    ratings: Annotated[int, typer.Option(help="Ratings of the candidate to wait for.", min=1)] = 20,
    n_epochs: Annotated[int | None, typer.Option(help="How often each example is read. [default: auto]")] = None,
    batch_size: Annotated[int | None, typer.Option(help="Examples a step. [default: auto]")] = None,
    learning_rate_multiplier: Annotated[float | None, typer.Option(help="[default: auto]")] = None,
    beta: Annotated[float | None, typer.Option(help="preference: the pull towards the model as it was.")] = None,
    seed: Annotated[int | None, typer.Option(help="The same seed and ratings make the same model.")] = None,
    suffix: Annotated[str, typer.Option(help="Part of the candidate's name.")] = "",
    home: HomeOption = None,
    url: UrlOption = "",
    key: KeyOption = "",
    as_json: JsonOption = False,
) -> None:
    """Begin a lesson: examples, a candidate trained on them, a gate, then a share of the calls."""
    with told():
        api = Api(home, url, key)
        hyper: dict[str, float | None] = {"n_epochs": n_epochs, "batch_size": batch_size, "beta": beta}
        hyper["learning_rate_multiplier"] = learning_rate_multiplier
        body: dict[str, Any] = {
            "deployment": deployment,
            "kind": kind,
            "project": project or None,
            "since": _moment(since),
            "percent": canary,
            "margin": margin,
            "ratings": ratings,
            "suffix": suffix,
            "seed": seed,
            "hyperparameters": {name: value for name, value in hyper.items() if value is not None},
        }
        if gate:
            body["gate"] = gate if gate.startswith("eval_") else file_of(api, gate)
        lesson = api.post(LESSONS, body)
        if as_json:
            print_json(lesson)
        else:
            print(f"{lesson['id']} has begun: `pleiade lessons` shows how far it is")


def promote(
    lesson: LessonArgument,
    home: HomeOption = None,
    url: UrlOption = "",
    key: KeyOption = "",
    as_json: JsonOption = False,
) -> None:
    """Have the deployment serve the candidate from now on; the canary goes."""
    _decide(home, url, key, lesson, "promote", "promoted", as_json)


def roll_back(
    lesson: LessonArgument,
    home: HomeOption = None,
    url: UrlOption = "",
    key: KeyOption = "",
    as_json: JsonOption = False,
) -> None:
    """Take the candidate away, wherever the lesson stands; what serves stays as it is."""
    _decide(home, url, key, lesson, "rollback", "rolled_back", as_json)


def add_to(app: typer.Typer) -> None:
    """`lessons` by itself lists them; the others are commands of two words."""
    app.command("lessons")(list_all)
    app.command("lessons data")(data)
    app.command("lessons start")(start)
    app.command("lessons promote")(promote)
    app.command("lessons rollback")(roll_back)


def _decide(home: str | None, url: str, key: str, lesson: str, act: str, wanted: str, as_json: bool) -> None:
    """Ask for it, and stay until it is done: about a second, longer where a training has to be stopped first."""
    with told():
        api = Api(home, url, key)
        now = api.post(f"{LESSONS}/{lesson}/{act}")
        while now["state"] not in OVER:
            time.sleep(LOOK_S)
            now = api.get(f"{LESSONS}/{lesson}")
        if as_json:
            print_json(now)
        elif now["state"] == wanted:
            print(f"{lesson} is {wanted.replace('_', ' ')}: {now['reason']}")
        if now["state"] != wanted:
            fail(f"{lesson} is {now['state'].replace('_', ' ')}: {now['reason']}")


def _moment(since: str) -> int:
    return int(time.time()) - seconds(since, "--since") if since else 0


def _row(lesson: dict[str, Any]) -> tuple[str, ...]:
    sides = [lesson["incumbent"], lesson["candidate"] or {}]
    gates = ["-" if side.get("gate") is None else f"{side['gate']:.3f}" for side in sides]
    downs = [_down(side) for side in sides]
    state = lesson["state"].replace("_", " ")
    return lesson["id"], lesson["deployment"], state, *gates, *downs, when(lesson["created_at"])


def _down(side: dict[str, Any]) -> str:
    count = side.get("up", 0) + side.get("down", 0)
    return f"{side['down']} of {count}" if count else "-"


def _print_counts(what: str, counts: dict[str, int]) -> None:
    if counts:
        print(f"{what}: " + ", ".join(f"{count} {why}" for why, count in counts.items()))
