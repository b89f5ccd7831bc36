"""One run of a program: what it cost."""

import os
import statistics
import subprocess
import threading
import time
from dataclasses import dataclass
from pathlib import Path

# No run takes a fraction of this; a client that hangs must not hold up the rest.
PATIENCE = 1200


class Failed(Exception):
    """A program that did not do what it was asked to."""


@dataclass(frozen=True)
class Cost:
    """Seconds on the clock, seconds of CPU (user and system) and the peak of resident memory in MB (10^6 bytes).

    The kernel counts descendants that were waited for into the CPU time; of memory it tells the largest process.
    """

    wall: float
    cpu: float
    peak: float


def run(command: list[str | Path], env: dict[str, str], log: Path) -> Cost:
    """Runs a program to its end; its words go to `log`, and into the exception if it fails."""
    with log.open("wb") as out:
        began = time.perf_counter()
        process = subprocess.Popen(
            [str(word) for word in command], env=env, stdin=subprocess.DEVNULL, stdout=out, stderr=out
        )
        guard = threading.Timer(PATIENCE, process.kill)
        guard.start()
        try:
            _, status, usage = os.wait4(process.pid, 0)
        except BaseException:
            # Whoever stops the bench wants no client to go on alone.
            process.kill()
            raise
        finally:
            guard.cancel()
        wall = time.perf_counter() - began
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode != 0:
        words = log.read_text(errors="replace").strip()[-2000:]
        raise Failed(f"exit code {process.returncode}: {words or 'no word'}")
    return Cost(wall, usage.ru_utime + usage.ru_stime, usage.ru_maxrss * 1024 / 1e6)


@dataclass(frozen=True)
class Costs:
    """Several runs of the same thing."""

    runs: tuple[Cost, ...]

    @property
    def wall(self) -> float:
        return statistics.median(cost.wall for cost in self.runs)

    @property
    def cpu(self) -> float:
        return statistics.median(cost.cpu for cost in self.runs)

    @property
    def peak(self) -> float:
        """The worst, for a bound on memory is one for every run."""
        return max(cost.peak for cost in self.runs)

    @property
    def span(self) -> str:
        walls = [cost.wall for cost in self.runs]
        return f"{min(walls):.2f}–{max(walls):.2f}"
