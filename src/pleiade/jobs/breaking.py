"""When a job that breaks off again and again is given up: the count stands in the job's own row, in the words told."""

import re

from pleiade.jobs.queue import Job

MOST = 12  # times, with the waits below three quarters of an hour
FIRST_S, LONGEST_S = 15.0, 300.0
STEADY_S = 600.0  # a run that went on for that long begins the count anew
_COUNTED = re.compile(r"broke off (\d+) times?: ")


def broken_off(job: Job, error: Exception, *, ran_s: float) -> tuple[int, str]:
    """How often in a row a job broke off, this time included, and the sentence that says so."""
    found = _COUNTED.search(job.error)
    times = 1 if found is None or ran_s >= STEADY_S else int(found[1]) + 1
    what = " ".join(str(error).split())[:300]
    return (
        times,
        f"broke off {times} time{'s' if times > 1 else ''}: {type(error).__name__}{f': {what}' if what else ''}",
    )


def wait_s(times: int) -> float:
    """Seconds until it is tried again."""
    return float(min(FIRST_S * 2 ** (times - 1), LONGEST_S))


def given_up(said: str) -> str:
    """What is told to a person once it is not tried any more."""
    return f"The job {said}. It is not tried again: mend that (the server's log has more), and ask for it once more"
