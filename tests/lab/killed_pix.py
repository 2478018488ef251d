"""Trains the toy picture model on the drawings given, and kills itself without a farewell at the base's step given."""

import os
import signal
import sys
from pathlib import Path

from pleiade.lab.dalle.objective import PictureDealer
from pleiade.lab.dalle.presets import override_pix, pix_presets
from pleiade.lab.dalle.run import run_pix

SHAPE = ("model.size=32", "model.patch=8")
CHANGES = (*SHAPE, "loop.checkpoint_steps=8", "loop.steps=20", "loop.sample_seconds=0")


def main(data: str, run: str, last: str) -> None:
    deal = PictureDealer.next_step

    def deal_until_then(self: PictureDealer) -> object:
        if self.step == int(last):
            os.kill(os.getpid(), signal.SIGKILL)
        return deal(self)

    PictureDealer.next_step = deal_until_then  # type: ignore[method-assign,assignment]
    run_pix(override_pix(pix_presets()["pix-toy"], list(CHANGES)), Path(data), Path(run), "base")


if __name__ == "__main__":
    main(*sys.argv[1:])
