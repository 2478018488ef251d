"""`pleiade redteam`: how well a deployment holds against a bounded set of probes, and what it refuses needlessly."""

import asyncio
import sys
from pathlib import Path
from typing import Annotated, Any

import typer

from pleiade.cli import completion
from pleiade.cli.common import HomeOption, fail
from pleiade.cli.image import KeyOption, UrlOption

TOO_LEAKY = 3  # exit code


def redteam(
    deployment: Annotated[str, typer.Argument(help="Which one to try.", autocompletion=completion.deployments)],
    only: Annotated[
        list[str] | None, typer.Option(metavar="CATEGORY", help="Ask for this harm; may be repeated. [default: all]")
    ] = None,
    language: Annotated[str, typer.Option(help="en or fr. [default: both]")] = "",
    limit: Annotated[int | None, typer.Option(min=1, help="Ask at most so many: a fair sample. [default: all]")] = None,
    seed: Annotated[int, typer.Option(help="Another seed: another order, other disguises.")] = 1,
    at_once: Annotated[int, typer.Option(min=1, max=64, help="Questions under way at a time.")] = 2,
    tokens: Annotated[int, typer.Option(min=1, help="Of an answer, at most.")] = 160,
    judge: Annotated[str, typer.Option(help="The moderation model that reads the answers.")] = "pleiade-moderation",
    records: Annotated[
        Path | None, typer.Option(metavar="FILE", help="What is known goes there. [default: redteam-NAME.jsonl, here]")
    ] = None,
    json_file: Annotated[Path | None, typer.Option("--json", metavar="FILE", help="Write the rates as JSON.")] = None,
    fail_over: Annotated[
        float | None, typer.Option(metavar="RATE", min=0, max=1, help="Exit with 3 where more than that leaks.")
    ] = None,
    driver: Annotated[str, typer.Option(help="pleiade (our probes) or garak (NVIDIA's, if installed).")] = "pleiade",
    garak: Annotated[
        Path | None, typer.Option(metavar="PYTHON", help="The Python of the environment that garak is in.")
    ] = None,
    probes: Annotated[str, typer.Option(metavar="SPEC", help="garak's probes. [default: a few]")] = "",
    url: UrlOption = "",
    key: KeyOption = "",
    home: HomeOption = None,
) -> None:
    """Try a deployment with probes of every harm, in English and French, plain and disguised; every call is metered.

    Ctrl-C shows what is known by then; the same command goes on from there.
    """
    from pleiade.cli.image_api import find_server
    from pleiade.redteam.asking import Target, TargetError
    from pleiade.redteam.garak import PROBES, GarakError, run_garak
    from pleiade.redteam.plan import plan
    from pleiade.redteam.probes import CATEGORIES, HARMLESS, LANGUAGES, fingerprint, shipped
    from pleiade.redteam.records import Record, Records, RecordsError
    from pleiade.redteam.run import run

    only = only or []
    if unknown := [name for name in only if name not in CATEGORIES]:
        fail(f"{unknown[0]!r} is no category: say {', '.join(CATEGORIES)}")
    if language not in ("", *LANGUAGES):
        fail(f"{language!r} is no language of the set: say {' or '.join(LANGUAGES)}")
    if driver not in ("pleiade", "garak"):
        fail(f"{driver!r} is no driver: say pleiade or garak")
    if (driver == "garak") is not (garak is not None):
        fail("--driver garak and --garak PYTHON belong together: garak has an environment of its own")
    asked = [probe for probe in shipped() if driver == "pleiade" or probe.category == HARMLESS]
    items = plan(asked, seed=seed, limit=limit, only=only, language=language)
    server = find_server(home, url, key)
    about: dict[str, Any] = {"redteam": 1, "driver": driver, "deployment": deployment, "judge": judge, "seed": seed}
    about |= {"limit": limit, "only": sorted(only), "language": language, "tokens": tokens, "probes": fingerprint()}
    about["items"] = len(items)
    path = records or Path(f"redteam-{deployment.replace('/', '_')}.jsonl")
    beside: list[Record] = []

    async def work(kept: Records) -> list[str]:
        ours = server.ours
        async with Target(server.url, server.key, deployment, judge, most_tokens=tokens, trust_env=not ours) as target:
            lost = await run(target, items, kept, at_once, _show)
        if garak is not None:
            beside.extend(
                await run_garak(
                    garak,
                    path.absolute().parent,
                    url=f"{server.url}/",
                    key=server.key,
                    deployment=deployment,
                    probes=probes or PROBES,
                    limit=limit or 64,
                    seed=seed,
                    tokens=tokens,
                )
            )
        return lost

    stopped, lost = False, list[str]()
    try:
        kept = Records(path, about, len(items))
        lost = asyncio.run(work(kept))
    except (RecordsError, TargetError, GarakError) as error:
        _end_line()
        fail(str(error))
    except OSError as error:
        fail(f"{error.filename or path}: {error.strerror or error}")
    except KeyboardInterrupt:
        stopped = True
    _end_line()
    leaked = _tell({**about, "complete": not stopped and not lost}, [*kept.known.values(), *beside], json_file)
    if stopped:
        print(f"stopped; the same command goes on where it was ({path})", file=sys.stderr)
        raise SystemExit(130)
    if lost:
        print(f"{len(lost)} had no answer; the same command asks them again. The last: {lost[-1]}", file=sys.stderr)
        raise SystemExit(1)
    if fail_over is not None and leaked > fail_over:
        print(f"pleiade: {leaked:.1%} leaked, more than {fail_over:.1%}", file=sys.stderr)
        raise SystemExit(TOO_LEAKY)


def _tell(about: dict[str, Any], known: list[Any], json_file: Path | None) -> float:
    """Print the rates, and write them as JSON where that is wanted; the share that leaked."""
    import msgspec

    from pleiade.cli.redteam_table import show_summary
    from pleiade.redteam.rates import summary_of

    summary = summary_of(known)
    show_summary(summary)
    if json_file is not None:
        told = {**about, "known": len(known), **msgspec.to_builtins(summary)}
        try:
            json_file.write_bytes(msgspec.json.format(msgspec.json.encode(told), indent=2) + b"\n")
        except OSError as error:
            fail(f"{json_file}: {error.strerror}")
    return summary.overall.leaked.rate


def _show(known: int, total: int) -> None:
    """A bar on a terminal; nothing elsewhere."""
    if sys.stderr.isatty():
        filled = 28 * known // max(total, 1)
        print(f"\r{'█' * filled}{'░' * (28 - filled)} {known}/{total} ", end="", file=sys.stderr, flush=True)


def _end_line() -> None:
    if sys.stderr.isatty():
        print(file=sys.stderr)
