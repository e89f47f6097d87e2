"""What a function costs, measured so that a busy machine does not change it."""

from __future__ import annotations

import gc
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Final


def growth(work: Callable[[int], object], size: int, *, times: int = 4) -> float:
    """The processor time of `work(times * size)` over that of `work(size)`:
    about `times` for work in step with its input, about `times` squared for a search in a
    search. The better of three measurements each, so that only the work counts; `size` is
    to be large enough for some milliseconds.
    """
    return _seconds(work, times * size) / max(_seconds(work, size), 0.001)


def _seconds(work: Callable[[int], object], size: int) -> float:
    best = float("inf")
    for _ in range(3):
        gc.collect()
        started = time.process_time()
        work(size)
        best = min(best, time.process_time() - started)
    return best


_PEAK: Final = """
import resource, sys
from pathlib import Path

def peak():
    status = Path("/proc/self/status")
    if status.exists():  # what getrusage tells on Linux starts at the peak of the parent
        line = next(one for one in status.read_text().splitlines() if one.startswith("VmHWM"))
        return int(line.split()[1]) // 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 2**20
"""


def megabytes(prepare: str, work: str, *arguments: str) -> int:
    """By how many megabytes the peak memory of a new process grows while it does `work`,
    a script that finds `arguments` in `sys.argv[1:]`.
    """
    script = f"{_PEAK}\n{prepare}\nbefore = peak()\n{work}\nprint(peak() - before)\n"
    done = subprocess.run(
        [sys.executable, "-c", script, *arguments],
        capture_output=True,
        text=True,
        check=False,
        cwd=Path(__file__).parent.parent,
    )
    assert done.returncode == 0, done.stderr
    return int(done.stdout)
