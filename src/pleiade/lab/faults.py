"""What can go wrong outside of the program, told in one sentence that a person can act on.

Errors of our own carry such a sentence already; those of the system say what happened, not what to do.
"""

from __future__ import annotations

import errno
from concurrent.futures.process import BrokenProcessPool

# What a long command may end with that is no mistake in the program.
EXPECTED = (ValueError, OSError, FloatingPointError, MemoryError, BrokenProcessPool)

LOST_WORKER = "a worker was killed, perhaps for want of memory: run it again, it goes on; fewer --workers need less"
AGAIN = "then give the same command again, it goes on"

_ADVICE = {
    errno.ENOSPC: f"make room on that disk, {AGAIN}",
    errno.EDQUOT: f"make room within the quota, {AGAIN}",
    errno.EFBIG: f"raise the limit on a file's size (ulimit -f), {AGAIN}",
    errno.EROFS: "name a folder that can be written",
    errno.EACCES: "mend its permissions, or name another place",
    errno.EPERM: "mend its permissions, or name another place",
    errno.ENOTDIR: "a file stands where a folder is needed: remove it, or name another place",
    errno.EEXIST: "a file stands where a folder is needed: remove it, or name another place",
    errno.EISDIR: "a folder stands where a file is needed: remove it, or name another place",
    errno.ENOENT: "mend the path",
    errno.EMFILE: f"raise the number of open files (ulimit -n), {AGAIN}",
    errno.EIO: "the disk or its connection fails: look at the system's log, and copy what is whole",
}


def told(error: Exception) -> str:
    """The sentence for one of `EXPECTED`: what happened, where, and what to do."""
    if isinstance(error, BrokenProcessPool):
        return LOST_WORKER
    if isinstance(error, MemoryError):
        return str(error) or f"memory is full: end other work or take less at once, {AGAIN}"
    if not isinstance(error, OSError):
        return str(error) or type(error).__name__
    # NumPy tells a short write by counts alone ("8192 requested and 512 written").
    number = errno.ENOSPC if error.errno is None and str(error).endswith(" written") else error.errno
    if number is None:
        return str(error) or type(error).__name__
    what = error.strerror or "No space left on device"
    where = f"{error.filename}: " if error.filename else ""
    return f"{where}{what}" + (f": {_ADVICE[number]}" if number in _ADVICE else "")
