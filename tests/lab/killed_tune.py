"""Fine-tunes as the JSON in the first argument says, in the folder of the second, and kills itself after a step."""

import os
import signal
import sys
from pathlib import Path
from typing import Any

from pleiade.lab.tune.__main__ import read_config
from pleiade.lab.tune.tune import tune
from pleiade.lab.tune.watch import Watch

if __name__ == "__main__":
    taken = Watch.on_log

    def take_and_die(self: Watch, args: Any, state: Any, control: Any, **rest: Any) -> None:
        taken(self, args, state, control, **rest)
        if state.global_step == int(sys.argv[3]):
            os.kill(os.getpid(), signal.SIGKILL)

    Watch.on_log = take_and_die  # type: ignore[method-assign]
    tune(read_config(sys.argv[1]), Path(sys.argv[2]))
