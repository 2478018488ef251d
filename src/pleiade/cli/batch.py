"""`pleiade batch run|list|show|cancel`: requests of a file, answered within a day at half the price."""

import asyncio
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Annotated, Any, TypeVar

import typer

from pleiade.cli.common import HomeOption, JsonOption, fail, print_json
from pleiade.cli.image import KeyOption, UrlOption

T = TypeVar("T")

app = typer.Typer(help="Requests of a file, answered within a day at half the price.", no_args_is_help=True)

BatchArgument = Annotated[str, typer.Argument(metavar="BATCH", help="The id of a batch: batch_….")]
OutputOption = Annotated[
    Path | None,
    typer.Option("--output", "-o", metavar="FILE", help="Write the answers there. [default: beside the input]"),
]
BAR = 28  # characters


@app.command("run")
def run(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="JSON lines with custom_id, method, url and body.")],
    endpoint: Annotated[str, typer.Option(metavar="ROUTE", help="What all lines ask for.")] = "/v1/chat/completions",
    output: OutputOption = None,
    detach: Annotated[bool, typer.Option("--detach", help="Do not wait: print the id of the batch.")] = False,
    url: UrlOption = "",
    key: KeyOption = "",
    home: HomeOption = None,
    as_json: JsonOption = False,
) -> None:
    """Send a file of requests, watch it being answered, and write the answers in its order.

    What was refused goes into a file of its own beside them. Ctrl-C leaves the batch running.
    """
    if not file.is_file():
        fail(f"{file} is no file: name the JSON lines to send")
    target = output or file.with_suffix(".answers.jsonl")

    async def work(api: Any) -> dict[str, Any]:
        batch: dict[str, Any] = await api.create(await api.send(file), endpoint)
        if detach:
            return batch
        if not as_json:
            print(f"{batch['id']}: to look at it later, pleiade batch show {batch['id']}", file=sys.stderr)
        batch = await api.follow(batch, _show)
        await _write(api, batch, target)
        return batch

    batch = _with_api(work, home, url, key)
    if as_json:
        print_json(batch)
    elif detach:
        print(batch["id"])
    else:
        _tell(batch)
    if not detach and batch["status"] != "completed":
        raise SystemExit(1)


@app.command("list")
def list_batches(
    limit: Annotated[int, typer.Option(min=1, max=100, help="How many, newest first.")] = 20,
    url: UrlOption = "",
    key: KeyOption = "",
    home: HomeOption = None,
    as_json: JsonOption = False,
) -> None:
    """Show the newest batches."""
    found = _with_api(lambda api: api.list(limit), home, url, key)
    if as_json:
        print_json(found)
        return
    for batch in found:
        counts = batch["request_counts"]
        print(f"{batch['id']}  {batch['status']:<11}  {counts['completed']}/{counts['total']}  {batch['endpoint']}")
    if not found:
        print("There are no batches: begin one with pleiade batch run FILE")


@app.command("show")
def show(
    batch: BatchArgument,
    output: OutputOption = None,
    url: UrlOption = "",
    key: KeyOption = "",
    home: HomeOption = None,
    as_json: JsonOption = False,
) -> None:
    """Show how far a batch is; with --output, write its answers once it is over."""

    async def work(api: Any) -> dict[str, Any]:
        found: dict[str, Any] = await api.find(batch)
        if output is not None:
            await _write(api, found, output)
        return found

    found = _with_api(work, home, url, key)
    if as_json:
        print_json(found)
    else:
        _tell(found)


@app.command("cancel")
def cancel(
    batch: BatchArgument, url: UrlOption = "", key: KeyOption = "", home: HomeOption = None, as_json: JsonOption = False
) -> None:
    """Let a batch end with the answers that it has."""
    found = _with_api(lambda api: api.cancel(batch), home, url, key)
    if as_json:
        print_json(found)
    else:
        print(f"{batch} is {found['status']}")


def _with_api(work: Callable[[Any], Awaitable[T]], home: str | None, url: str, key: str) -> T:
    """What `work` does with a server; a failure ends the command with one sentence."""
    from pleiade.cli.batch_api import BatchApi, BatchApiError
    from pleiade.cli.image_api import find_server

    server = find_server(home, url, key)

    async def run() -> T:
        async with BatchApi(server) as api:
            return await work(api)

    try:
        return asyncio.run(run())
    except BatchApiError as error:
        fail(str(error))
    except OSError as error:
        fail(f"{error.filename or 'the system'}: {error.strerror or error}")
    except KeyboardInterrupt:
        raise SystemExit(130) from None


async def _write(api: Any, batch: dict[str, Any], target: Path) -> None:
    if batch["output_file_id"]:
        lines = await api.fetch(batch["output_file_id"], target)
        print(f"{target}: {lines} answers", file=sys.stderr)
    if batch["error_file_id"]:
        beside = target.with_suffix(".errors.jsonl")
        lines = await api.fetch(batch["error_file_id"], beside)
        print(f"{beside}: {lines} requests without one", file=sys.stderr)


def _show(batch: dict[str, Any]) -> None:
    """A bar on a terminal; nothing elsewhere."""
    if not sys.stderr.isatty():
        return
    counts = batch["request_counts"]
    ended, total = counts["completed"] + counts["failed"], counts["total"]
    filled = BAR * ended // total if total else 0
    text = f"\r{'█' * filled}{'░' * (BAR - filled)} {ended}/{total} {batch['status']}"
    over = batch["status"] in ("completed", "failed", "expired", "cancelled")
    print(f"{text:<{BAR + 40}}", end="\n" if over else "", file=sys.stderr, flush=True)


def _tell(batch: dict[str, Any]) -> None:
    counts, usage = batch["request_counts"], batch["usage"]
    print(f"{batch['id']} is {batch['status']}: {counts['completed']} of {counts['total']} answered", end="")
    print(f", {counts['failed']} refused" if counts["failed"] else "")
    for error in (batch["errors"] or {"data": []})["data"]:
        print(f"  {error['message']}")
    if usage:
        print(f"{usage['input_tokens']} tokens in, {usage['output_tokens']} tokens out")
