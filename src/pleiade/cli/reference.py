"""The page docs/cli.md, made from the commands themselves: `python -m pleiade.cli.reference > docs/cli.md`."""

from collections.abc import Iterator
from typing import Any

import typer

from pleiade.cli.commands import app

HEAD = """\
# The command line

Made from the commands themselves: `python -m pleiade.cli.reference > docs/cli.md`; a test keeps it true.
Every command takes `--home DIR` (or `PLEIADE_HOME`), and `--json` where a program may read its answer.
`pleiade --install-completion` teaches your shell the commands. Exit codes: 0 done, 1 refused with one sentence on
stderr, 2 wrong usage, 130 cut short.
"""


def page() -> str:
    """The whole page, in Markdown."""
    root: Any = typer.main.get_command(app)
    return "\n".join([HEAD, *_sections(root, ())])


def _sections(command: Any, path: tuple[str, ...]) -> Iterator[str]:
    for name, child in command.commands.items():
        if hasattr(child, "commands"):
            yield from _sections(child, (*path, name))
        else:
            yield _section(child, (*path, name))


def _section(command: Any, path: tuple[str, ...]) -> str:
    arguments = [param for param in command.params if param.param_type_name == "argument"]
    options = [param for param in command.params if param.param_type_name == "option"]
    usage = " ".join(["pleiade", *path, *(_metavar(argument) for argument in arguments)])
    lines = [f"## `{usage}`", "", (command.help or "").strip(), ""]
    if arguments or options:
        lines += ["| | |", "|---|---|"]
        lines += [f"| `{_metavar(argument)}` | {_told(argument)} |" for argument in arguments]
        lines += [f"| `{_spelling(option)}` | {_told(option)} |" for option in options]
        lines.append("")
    return "\n".join(lines)


def _metavar(argument: Any) -> str:
    return str(argument.metavar or argument.name).upper()


def _spelling(option: Any) -> str:
    flag = "/".join(option.opts)
    if option.is_flag:
        return flag
    return f"{flag} {(option.metavar or option.name).upper()}"


def _told(param: Any) -> str:
    return str(param.help or "").replace("|", "\\|")


if __name__ == "__main__":
    print(page(), end="")
