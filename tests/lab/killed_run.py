"""Trains the toy preset in the folder given; with a step as third argument, kills itself there without a farewell."""

import os
import signal
import sys
from pathlib import Path

from corpora import toy_preset, write_corpus

from pleiade.lab.presets import override
from pleiade.lab.pretrain import pretrain

if __name__ == "__main__":
    data, run = Path(sys.argv[1]), Path(sys.argv[2])
    preset = override(toy_preset(write_corpus(data)), ["loop.checkpoint_steps=10", "loop.log_steps=1"])
    if len(sys.argv) > 3:
        from pleiade.lab.objectives.next_token import NextToken

        deal, left = NextToken.next_step, [int(sys.argv[3])]

        def deal_until_death(self: NextToken) -> object:
            left[0] -= 1
            if left[0] < 0:
                os.kill(os.getpid(), signal.SIGKILL)
            return deal(self)

        NextToken.next_step = deal_until_death  # type: ignore[method-assign,assignment]
    pretrain(preset, data, run)
