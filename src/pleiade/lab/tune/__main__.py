"""A fine-tune as a process: `python -m pleiade.lab.tune CONFIG.json --run DIR`, where CONFIG is TuneConfig as JSON.

Exit status 0 = done, 3 = stopped by a signal with a checkpoint (the same command goes on), 2 = something has to be
changed, said on stderr and as the last event. Events are read from DIR/events.jsonl.
"""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path

from pleiade.lab.tune.config import AdapterConfig, TuneConfig

INTERRUPTED = 3
REFUSED = 2


def main(arguments: list[str]) -> int:
    """Run one fine-tune; returns the exit status."""
    parser = argparse.ArgumentParser(prog="python -m pleiade.lab.tune")
    parser.add_argument("config", type=Path)
    parser.add_argument("--run", type=Path, required=True)
    options = parser.parse_args(arguments)
    fields = json.loads(options.config.read_text("utf-8"))
    if fields.get("adapter") is not None:
        fields["adapter"] = AdapterConfig(**fields["adapter"])
    config = TuneConfig(**fields)

    from pleiade.lab.tune.errors import TuneError
    from pleiade.lab.tune.tune import tune  # seconds of imports: after the arguments are known to be right

    try:
        report = tune(config, options.run)
    except TuneError as error:
        print(error, file=sys.stderr, flush=True)
        return REFUSED
    return INTERRUPTED if report is None else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
