"""Moving folders onto one server: ours against the peers, runs interleaved."""

import os
import sys
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import data
import server
from clients import Adt, Run, peers
from machine import load
from measure import Cost, Costs, Failed, run


def bench(target: Path, place: Path, lines: list[str], runs: int) -> Iterator[str]:
    """Gives Markdown, a line's table as soon as it is measured."""
    summary = []
    clients = [Adt(target / "release" / "adt"), *earlier(Adt), *peers()]
    for line in lines:
        before = load()
        with TemporaryDirectory(prefix="adt-bench-", dir=place) as folder:
            costs, failures = rounds(target, Path(folder), line, clients, runs)
        yield table(line, costs, failures, f"load average {before} before, {load()} after")
        summary.append(ratios(data.TITLES[line], costs))
    head = "| | wall, ours ÷ best peer | CPU, ours ÷ best peer | our peak MB |\n|---|---|---|---|"
    yield "\n".join(["### Ours against the best peer of each line", "", head, *summary, ""])


def earlier(client: type) -> list:
    """An earlier build of ours as such a client, if the environment names one."""
    program = os.environ.get("BENCH_BEFORE")
    return [client(Path(program), "adt before")] if program else []


def rounds(target: Path, folder: Path, line: str, clients: list, runs: int):
    """Round 0 warms the caches up and is not counted; clients take turns so that all meet the same noise."""
    source = folder / "source"
    data.make(line, source)
    done: dict[str, list[Cost]] = {client.name: [] for client in clients}
    failures: dict[str, str] = {}
    for number in range(runs + 1):
        # A fresh server each round, so that its memory does not grow.
        with server.null_s3(target / "release" / "null-s3") as endpoint:
            for client in clients:
                if client.name in failures:
                    continue
                try:
                    cost = one(client, line, source, folder, endpoint)
                except Failed as failed:
                    failures[client.name] = str(failed)
                    continue
                print(f"{line} {number} {client.name}: {cost}", file=sys.stderr, flush=True)
                if number > 0:
                    done[client.name].append(cost)
    if "adt" in failures:
        raise Failed(f"adt, {line}: {failures['adt']}")
    return {name: Costs(tuple(costs)) for name, costs in done.items() if name not in failures}, failures


def one(client, line: str, source: Path, folder: Path, endpoint: str) -> Cost:
    """One run, and a look whether all of it arrived."""
    with TemporaryDirectory(prefix="run-", dir=folder) as scratch:
        asked = Run(source, Path(scratch).name.replace("_", "-").lower(), endpoint, Path(scratch))
        command, env = client.prepare(asked)
        cost = run(command, env, Path(scratch) / "words.log")
    objects, size = server.holds(endpoint, asked.bucket)
    files, total = data.total(line)
    # Ours writes a few documents beside the data.
    if objects < files or size < total or (not client.name.startswith("adt") and (objects, size) != (files, total)):
        raise Failed(f"{objects} objects of {size} bytes arrived, not {files} of {total}")
    return cost


def table(line: str, costs: dict[str, Costs], failures: dict[str, str], circumstances: str) -> str:
    ours = costs["adt"]
    rows = [f"### {data.TITLES[line]}", "", f"{circumstances}", ""]
    rows += [
        "| client | wall s | from–to | CPU s | peak MB | wall, ours ÷ its | CPU, ours ÷ its |",
        "|---|---|---|---|---|---|---|",
    ]
    for name, its in costs.items():
        ratio = f"{ours.wall / its.wall:.2f} | {ours.cpu / its.cpu:.2f}" if its is not ours else " | "
        rows.append(f"| {name} | {its.wall:.2f} | {its.span} | {its.cpu:.2f} | {its.peak:.0f} | {ratio} |")
    rows += [f"| {name} | failed: {' '.join(why.split())[:200]} | | | | | |" for name, why in failures.items()]
    return "\n".join([*rows, ""])


def ratios(title: str, costs: dict[str, Costs]) -> str:
    ours = costs["adt"]
    others = {name: its for name, its in costs.items() if not name.startswith("adt")}
    if not others:
        return f"| {title} | no peer ran | | {ours.peak:.0f} |"
    fastest = min(others, key=lambda name: others[name].wall)
    leanest = min(others, key=lambda name: others[name].cpu)
    wall = f"{ours.wall / others[fastest].wall:.2f} ({fastest})"
    cpu = f"{ours.cpu / others[leanest].cpu:.2f} ({leanest})"
    return f"| {title} | {wall} | {cpu} | {ours.peak:.0f} |"
