"""TensorBoard's event files, written without TensorFlow and without a thread that would take turns with training."""

from __future__ import annotations

import socket
import time
from pathlib import Path

from tensorboardX.proto.event_pb2 import Event, SessionLog
from tensorboardX.proto.summary_pb2 import Summary
from tensorboardX.record_writer import RecordWriter
from tensorboardX.summary import text

from pleiade.lab.events.samples import Sample

TAGS = {
    "loss": "train/loss",
    "lr": "train/learning_rate",
    "grad_norm": "train/gradient_norm",
    "tokens_per_s": "speed/tokens_per_second",
    "mfu": "speed/mfu",
    "reward": "train/reward",
}
FLUSH_SECONDS = 10.0


class Board:
    """An open event file in `folder`; what older files there tell of steps after `resumed_from` is taken back."""

    def __init__(self, folder: Path, resumed_from: int) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        # Readers take files in the order of their names.
        self.writer = RecordWriter(str(folder / f"events.out.tfevents.{time.time_ns()}.{socket.gethostname()}"))
        self.flushed = time.monotonic()
        self._write(Event(file_version="brain.Event:2"))
        if resumed_from:
            self._write(Event(step=resumed_from + 1, session_log=SessionLog(status=SessionLog.START)))

    def scalars(self, step: int, row: dict[str, float | None]) -> None:
        """The values of a step that TensorBoard shows."""
        values = [
            Summary.Value(tag=tag, simple_value=value)
            for key, tag in TAGS.items()
            if (value := row.get(key)) is not None
        ]
        self._write(Event(step=step, summary=Summary(value=values)))

    def samples(self, step: int, samples: list[Sample]) -> None:
        """What the model wrote, as text."""
        for number, sample in enumerate(samples):
            # Four spaces make a block in Markdown, where nothing has a meaning.
            block = "".join(f"    {line}\n" for line in f"{sample.prompt}⟶{sample.text}".splitlines())
            self._write(Event(step=step, summary=text(f"samples/{number}", block)))

    def flush(self) -> None:
        """Write what is waiting to the disk."""
        self.writer.flush()
        self.flushed = time.monotonic()

    def close(self) -> None:
        """Write what is waiting."""
        self.writer.close()

    def _write(self, event: Event) -> None:
        event.wall_time = time.time()
        self.writer.write(event.SerializeToString())
        if time.monotonic() - self.flushed > FLUSH_SECONDS:
            self.flush()
