"""The command line: one file per command, each saying in one sentence what went wrong if something did.

It may know every room, but imports a heavy one only inside the command that needs it: `--help` is fast.
"""

from pleiade.cli.commands import app

__all__ = ["app"]
