"""Trains the toy picture model on the drawings given, and kills itself without a farewell at the stage's step given."""

import os
import signal
import sys
from pathlib import Path
from typing import Any

from pleiade.lab.dalle.contrast import Contrast
from pleiade.lab.dalle.objective import PictureDealer
from pleiade.lab.dalle.presets import override_pix, pix_presets
from pleiade.lab.dalle.run import run_pix

SHAPE = ("model.size=32", "model.patch=8")
SHORT = ("loop.checkpoint_steps=8", "loop.steps=20", "loop.sample_seconds=0", "encoder.loop.checkpoint_steps=4")
CHANGES = (*SHAPE, *SHORT)


def main(data: str, run: str, stage: str, last: str) -> None:
    dealer: Any = {"encoder": Contrast, "base": PictureDealer}[stage]
    deal, left = dealer.next_step, [int(last)]

    def deal_until_then(self: object) -> object:
        left[0] -= 1
        if left[0] < 0:
            os.kill(os.getpid(), signal.SIGKILL)
        return deal(self)

    dealer.next_step = deal_until_then
    run_pix(override_pix(pix_presets()["pix-toy"], list(CHANGES)), Path(data), Path(run), "base")


if __name__ == "__main__":
    main(*sys.argv[1:])
