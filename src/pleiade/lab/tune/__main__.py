"""A fine-tune as a process: `python -m pleiade.lab.tune CONFIG --run DIR`; CONFIG is TuneConfig as JSON, or its file.

Exit status 0 = done, 3 = stopped by a signal with a checkpoint (the same command goes on), 2 = something has to be
changed, said on stderr and as the last event. Events are read from DIR/events.jsonl.
"""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path

from pleiade.lab.tune.config import AdapterConfig, TuneConfig


def read_config(text: str) -> TuneConfig:
    """A TuneConfig from JSON, or from the file that `text` names. Raises ValueError, TypeError for wrong fields."""
    fields = json.loads(text if text.startswith("{") else Path(text).read_text("utf-8"))
    if fields.get("adapter") is not None:
        fields["adapter"] = AdapterConfig(**fields["adapter"])
    return TuneConfig(**fields)


def main(arguments: list[str]) -> int:
    """Run one fine-tune; returns the exit status."""
    parser = argparse.ArgumentParser(prog="python -m pleiade.lab.tune")
    parser.add_argument("config")
    parser.add_argument("--run", type=Path, required=True)
    options = parser.parse_args(arguments)
    config = read_config(options.config)

    from pleiade.lab.launch import INTERRUPTED, REFUSED, end_with_launcher
    from pleiade.lab.tune.errors import TuneError
    from pleiade.lab.tune.tune import tune  # seconds of imports: after the arguments are known to be right

    end_with_launcher()
    try:
        report = tune(config, options.run)
    except TuneError as error:
        print(error, file=sys.stderr, flush=True)
        return REFUSED
    return INTERRUPTED if report is None else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
