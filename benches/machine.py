"""What the numbers were measured on."""

import os
import platform
import shutil
from datetime import datetime, timezone
from pathlib import Path


def load() -> str:
    """The load average of the last minute."""
    return f"{os.getloadavg()[0]:.1f}"


def described(place: Path, runs: int) -> str:
    model = next(
        (line.split(":")[1].strip() for line in Path("/proc/cpuinfo").read_text().splitlines() if line.startswith("model name")),
        platform.processor() or platform.machine(),
    )
    date = datetime.now(timezone.utc).strftime("%Y-%m-%d %H:%M UTC")
    kind = "tmpfs" if place == SHM else "disk"
    return (
        f"{date} · {os.cpu_count()} cores, {model} · {platform.system()} {platform.release()} · data on {kind} · "
        f"median of {runs} after a warm-up · load average {load()} at the start\n"
    )


SHM = Path("/dev/shm")


def place_for(size: int, target: Path) -> Path:
    """A tmpfs if `size` bytes fit there and into memory with as much again to spare, else a folder beside the builds."""
    if SHM.is_dir() and shutil.disk_usage(SHM).free > size and available() > 2 * size:
        return SHM
    return disk(target)


def disk(target: Path) -> Path:
    """A folder beside the builds, for what must not lie in memory."""
    folder = target / "bench"
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def available() -> int:
    for line in Path("/proc/meminfo").read_text().splitlines():
        if line.startswith("MemAvailable:"):
            return int(line.split()[1]) * 1024
    return 0
