"""Trains the toy preset in the folder given, with key=value changes; with a step as next argument, the last rank kills
itself there without a farewell."""

import os
import signal
import sys
from pathlib import Path

from corpora import toy_preset, write_corpus

from pleiade.lab.data.corpus import Source
from pleiade.lab.presets import override
from pleiade.lab.pretrain import pretrain
from pleiade.lab.ranks import leave_ranks


def is_last_rank() -> bool:
    return os.environ.get("RANK", "0") == str(int(os.environ.get("WORLD_SIZE", "1")) - 1)


def end_at(step: int, number: signal.Signals) -> None:
    """Send this process a signal when it asks for the data of a step."""
    from pleiade.lab.objectives.next_token import NextToken

    deal, left = NextToken.next_step, [step]

    def deal_until_then(self: NextToken) -> object:
        left[0] -= 1
        if left[0] < 0:
            os.kill(os.getpid(), number)
        return deal(self)

    NextToken.next_step = deal_until_then  # type: ignore[method-assign,assignment]


def main(arguments: list[str]) -> None:
    data, run = Path(arguments[0]), Path(arguments[1])
    changes = [argument for argument in arguments[2:] if "=" in argument]
    steps = [int(argument) for argument in arguments[2:] if "=" not in argument]
    source = write_corpus(data) if os.environ.get("RANK", "0") == "0" else Source("toy")
    preset = override(toy_preset(source), ["loop.checkpoint_steps=10", "loop.log_steps=1", *changes])
    if steps and is_last_rank():
        end_at(steps[0], signal.SIGKILL)
    pretrain(preset, data, run)
    leave_ranks()


if __name__ == "__main__":
    main(sys.argv[1:])
