"""Runs the benches and prints Markdown; started by `scripts/bench`."""

import argparse
import os
import signal
import sys
from pathlib import Path

import cluster
import copying
import data
import ephys
import imaging
import machine
import moving
import zipping
from measure import Failed

ZIP_BYTES = 3 * data.GIB


def main() -> int:
    parser = argparse.ArgumentParser(prog="scripts/bench", description="Ratios of time, CPU and memory to other tools.")
    parser.add_argument("part", nargs="?", choices=["all", "moving", "copying", "zip", "ephys", "imaging", "cluster"], default="all")
    parser.add_argument("line", nargs="*", help=f"of `moving` and `copying`: {', '.join(data.LINES)} (all)")
    asked = parser.parse_args()
    unknown = set(asked.line) - set(data.LINES)
    if unknown:
        parser.error(f"no such line: {', '.join(sorted(unknown))}")
    runs = int(os.environ.get("BENCH_RUNS", "3"))
    if runs < 1:
        parser.error("BENCH_RUNS must be 1 or more")

    target = Path(os.environ["BENCH_TARGET"])
    lines = asked.line or list(data.LINES)
    place = machine.place_for(max(ZIP_BYTES, ephys.ROOM, imaging.ROOM, *(data.total(line)[1] for line in lines)), target)
    print(machine.described(place, runs), flush=True)
    if asked.part in ("all", "moving"):
        for text in moving.bench(target, place, lines, runs):
            print(text, flush=True)
    if asked.part in ("all", "copying"):
        for text in copying.bench(target, place, lines, runs):
            print(text, flush=True)
    if asked.part in ("all", "zip"):
        print(zipping.bench(target, place, runs), flush=True)
    if asked.part in ("all", "ephys"):
        for text in ephys.bench(target, place, machine.disk(target), runs):
            print(text, flush=True)
    if asked.part in ("all", "imaging"):
        for text in imaging.bench(target, place, machine.disk(target), runs):
            print(text, flush=True)
    if asked.part in ("all", "cluster"):
        for text in cluster.bench(target, place, runs):
            print(text, flush=True)
    return 0


if __name__ == "__main__":
    # An exception tidies up on its way out; gigabytes left in a tmpfs are memory lost.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    try:
        sys.exit(main())
    except Failed as failed:
        sys.exit(f"bench: {failed}")
