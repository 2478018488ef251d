"""`pleiade filter protect add|list|remove`: texts that answers must not repeat."""

from pathlib import Path
from typing import Annotated

import typer

from pleiade.cli.common import HomeOption, JsonOption, fail, opened, print_json, print_table, when

app = typer.Typer(help="Texts that answers must not repeat; only hashes of their words are kept.", no_args_is_help=True)


@app.command("add")
def add(
    files: Annotated[list[Path], typer.Argument(metavar="FILE…", help="Plain text in UTF-8; its name is the file's.")],
    home: HomeOption = None,
) -> None:
    """Protect the text of files; one of the same name is replaced. A policy with `protected_text` looks for them."""
    from pleiade.domain import OPERATOR
    from pleiade.registry.protected import protect
    from pleiade.tenancy.audit import recorder

    texts = []
    for file in files:
        try:
            texts.append((file.name, file.read_text("utf-8-sig")))
        except UnicodeDecodeError:
            fail(f"{file} is no text in UTF-8: save it as such first")
        except OSError as error:
            fail(f"{file}: {error.strerror}")
    with opened(home) as place:
        for name, text in texts:
            protect(place.db, name, text, record=recorder(OPERATOR, "protected_text.added", name))
            print(f"{name} is protected")


@app.command("list")
def list_texts(home: HomeOption = None, as_json: JsonOption = False) -> None:
    """Show what is protected, by name."""
    from pleiade.registry.protected import list_protected

    with opened(home) as place:
        found = list_protected(place.db)
    if as_json:
        print_json(found)
    elif found:
        print_table(("name", "runs of words", "since"), [(t.name, f"{t.shingles:,}", when(t.added)) for t in found])
    else:
        print("Nothing is protected: pleiade filter protect add FILE")


@app.command("remove")
def remove(
    names: Annotated[list[str], typer.Argument(metavar="NAME…", help="As `list` shows them.")], home: HomeOption = None
) -> None:
    """Protect texts no more."""
    from pleiade.domain import OPERATOR
    from pleiade.registry.protected import unprotect
    from pleiade.tenancy.audit import recorder

    with opened(home) as place:
        for name in names:
            unprotect(place.db, name, record=recorder(OPERATOR, "protected_text.removed", name))
            print(f"{name} is protected no more")
