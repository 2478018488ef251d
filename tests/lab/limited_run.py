"""Trains one step of the toy preset, all rows at once, with only so many MiB to take, and the changes given."""

import resource
import sys
from pathlib import Path

from corpora import toy_preset, write_corpus

from pleiade.lab.presets import override
from pleiade.lab.pretrain import pretrain

if __name__ == "__main__":
    data, run, mebibytes, *changes = sys.argv[1:]
    preset = override(toy_preset(write_corpus(Path(data))), ["loop.steps=1", "rows=512", "micro_rows=512", *changes])
    used = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
    resource.setrlimit(resource.RLIMIT_AS, (used + (int(mebibytes) << 20), resource.RLIM_INFINITY))
    try:
        pretrain(preset, Path(data), Path(run))
    except MemoryError as error:
        sys.exit(str(error))
