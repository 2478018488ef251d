"""`pleiade finetune create|list|watch|cancel|pause|resume`: fine-tuning jobs of a running server."""

import json
import shutil
import sys
import time
from pathlib import Path
from typing import Annotated, Any

import typer

from pleiade.cli.common import HomeOption, JsonOption, fail, print_json, print_table, told, when
from pleiade.cli.finetune_api import Api, file_of

app = typer.Typer(help="Fine-tuning jobs of a running server: ask, watch, stop.", no_args_is_help=True)

JOBS = "/fine_tuning/jobs"
ENDED = ("succeeded", "failed", "cancelled")
LOOK_S = 1.0
BAR = 24

UrlOption = Annotated[str, typer.Option(help="Another server's base URL, ending with /v1 (or OPENAI_BASE_URL).")]
KeyOption = Annotated[str, typer.Option(help="Its key (or OPENAI_API_KEY). [default: the home's first key]")]
JobArgument = Annotated[str, typer.Argument(metavar="JOB", help="Id of a job: ftjob-…")]


@app.command("create")
def create(
    model: Annotated[str, typer.Argument(help="Name of a deployment, or of a model that a job made.")],
    examples: Annotated[str, typer.Option(metavar="FILE", help="Examples, one a line; or the id of an uploaded file.")],
    validation: Annotated[str, typer.Option(metavar="FILE", help="Examples to measure on.")] = "",
    method: Annotated[str, typer.Option(help="supervised, dpo or reinforcement.")] = "supervised",
    grader: Annotated[Path | None, typer.Option(help="File with a grader in JSON, for reinforcement.")] = None,
    suffix: Annotated[str, typer.Option(help="Part of the name that the result will have.")] = "",
    n_epochs: Annotated[int | None, typer.Option(help="How often each example is read. [default: auto]")] = None,
    batch_size: Annotated[int | None, typer.Option(help="Examples a step. [default: auto]")] = None,
    learning_rate_multiplier: Annotated[float | None, typer.Option(help="[default: auto]")] = None,
    beta: Annotated[float | None, typer.Option(help="dpo: the pull towards the model as it was.")] = None,
    seed: Annotated[int | None, typer.Option(help="The same seed and files make the same model.")] = None,
    full: Annotated[bool, typer.Option("--full", help="Train the whole model instead of an adapter.")] = False,
    follow: Annotated[bool, typer.Option("--watch", help="Stay until it is over.")] = False,
    home: HomeOption = None,
    url: UrlOption = "",
    key: KeyOption = "",
    as_json: JsonOption = False,
) -> None:
    """Ask for a job. Files on disk are uploaded first."""
    with told():
        api = Api(home, url, key)
        given: dict[str, float | None] = {"n_epochs": n_epochs, "batch_size": batch_size, "beta": beta}
        given["learning_rate_multiplier"] = learning_rate_multiplier
        inner: dict[str, Any] = {"hyperparameters": {name: value for name, value in given.items() if value is not None}}
        if grader is not None:
            inner["grader"] = _json_of(grader)
        body: dict[str, Any] = {"model": model, "method": {"type": method, method: inner}}
        body["training_file"] = file_of(api, examples)
        if validation:
            body["validation_file"] = file_of(api, validation)
        body |= {name: value for name, value in {"suffix": suffix or None, "seed": seed}.items() if value is not None}
        job = api.post(JOBS, {**body, **({"full": True} if full else {})})
        if not follow:
            if as_json:
                print_json(job)
            else:
                print(f"{job['id']} is {job['status']}: pleiade finetune watch {job['id']}")
            return
        _follow(api, job["id"], as_json=as_json)


@app.command("list")
def list_all(
    limit: Annotated[int, typer.Option(help="At most so many, the newest.", min=1, max=100)] = 20,
    home: HomeOption = None,
    url: UrlOption = "",
    key: KeyOption = "",
    as_json: JsonOption = False,
) -> None:
    """List the project's jobs, newest first."""
    with told():
        jobs = Api(home, url, key).get(f"{JOBS}?limit={limit}")["data"]
        if as_json:
            print_json(jobs)
            return
        rows = [
            (job["id"], job["status"], job["model"], job["fine_tuned_model"] or "-", when(job["created_at"]))
            for job in jobs
        ]
        print_table(("job", "status", "base", "result", "asked for"), rows)


@app.command("watch")
def watch(
    job: JobArgument, home: HomeOption = None, url: UrlOption = "", key: KeyOption = "", as_json: JsonOption = False
) -> None:
    """Show a job's progress until it is over; exit code 1 where it did not succeed."""
    with told():
        _follow(Api(home, url, key), job, as_json=as_json)


@app.command("cancel")
def cancel(
    job: JobArgument, home: HomeOption = None, url: UrlOption = "", key: KeyOption = "", as_json: JsonOption = False
) -> None:
    """Stop a job for good."""
    _act(home, url, key, job, "cancel", as_json)


@app.command("pause")
def pause(
    job: JobArgument, home: HomeOption = None, url: UrlOption = "", key: KeyOption = "", as_json: JsonOption = False
) -> None:
    """Stop a job with a checkpoint."""
    _act(home, url, key, job, "pause", as_json)


@app.command("resume")
def resume(
    job: JobArgument, home: HomeOption = None, url: UrlOption = "", key: KeyOption = "", as_json: JsonOption = False
) -> None:
    """Let a paused job go on when it is its turn."""
    _act(home, url, key, job, "resume", as_json)


def _act(home: str | None, url: str, key: str, job: str, verb: str, as_json: bool) -> None:
    with told():
        answer = Api(home, url, key).post(f"{JOBS}/{job}/{verb}")
        if as_json:
            print_json(answer)
        else:
            print(f"{job} is {answer['status']}")


def _follow(api: Api, job: str, *, as_json: bool) -> None:
    """Tell new events as they come, with a bar on a terminal. Ends the command with 1 where the job failed."""
    after = ""
    while True:
        now = api.get(f"{JOBS}/{job}")
        while events := api.get(f"{JOBS}/{job}/events?order=asc&limit=100&after={after}")["data"]:
            after = events[-1]["id"]
            for event in events:
                _tell(event, as_json=as_json)
        if now["status"] in ENDED:
            break
        time.sleep(LOOK_S)
    if as_json:
        print_json(now)
    elif now["status"] == "succeeded":
        print(f"{now['fine_tuned_model']} can be called now ({now['trained_tokens']:,} tokens trained)")
    if now["status"] != "succeeded":
        raise typer.Exit(1)


def _tell(event: dict[str, Any], *, as_json: bool) -> None:
    if as_json:
        print(json.dumps(event, ensure_ascii=False), flush=True)
        return
    data = event.get("data") or {}
    step, last = data.get("step"), data.get("total_steps")
    if event["type"] != "metrics" or not step or not last or not sys.stdout.isatty():
        print(f"{'' if event['level'] == 'info' else event['level'] + ': '}{event['message']}", flush=True)
        return
    filled = round(BAR * step / last)
    line = f"{'█' * filled}{'░' * (BAR - filled)} {event['message']}"
    end = "\n" if step == last else ""
    print(f"\r\x1b[K{line[: shutil.get_terminal_size().columns - 1]}", end=end, flush=True)


def _json_of(path: Path) -> Any:
    try:
        return json.loads(path.read_text("utf-8"))
    except (OSError, ValueError) as error:
        fail(f"{path} is no grader in JSON: {error}")
