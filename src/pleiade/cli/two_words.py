"""Commands of two words beside one of the first word: `pleiade train PRESET` and `pleiade train watch RUN`."""

from typing import Any

from typer.core import TyperGroup


class TwoWords(TyperGroup):
    """A group where a command may be named "train watch" and another one "train"."""

    def resolve_command(self, ctx: Any, args: list[str]) -> tuple[str | None, Any, list[str]]:
        """The command that the first two words name, else the one that the first word names; and what is left."""
        both = " ".join(args[:2])
        if len(args) > 1 and both in self.commands:
            return both, self.commands[both], args[2:]
        return super().resolve_command(ctx, args)
