"""What every measurement ends with: a table for people, JSON for machines, and the machine it ran on."""

import json
import os
import platform
import statistics
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import psutil
from rich.console import Console
from rich.table import Table

FOLDER = Path(__file__).resolve().parent.parent / "out" / "bench"
WIDTH = 140


def machine() -> dict[str, Any]:
    """Where figures come from; the load says whether the machine was busy with other things as well."""
    return {
        "cpu": _cpu_name(),
        "cpus": len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count(),
        "memory_gb": round(psutil.virtual_memory().total / 2**30, 1),
        "system": f"{platform.system()} {platform.release()}",
        "python": platform.python_version(),
        "load_1m": round(os.getloadavg()[0], 2),
    }


def percentile(values: Iterable[float], percent: float) -> float:
    """With linear interpolation between neighbours. Raises `ValueError` for no values."""
    ordered = sorted(values)
    if not ordered:
        raise ValueError("no values")
    position = (len(ordered) - 1) * percent / 100
    below = int(position)
    above = min(below + 1, len(ordered) - 1)
    return ordered[below] + (ordered[above] - ordered[below]) * (position - below)


def summary(values: Sequence[float]) -> dict[str, float]:
    """Of milliseconds or the like, rounded to what such measurements are good for."""
    return {
        "n": len(values),
        "min": round(min(values), 2),
        "median": round(statistics.median(values), 2),
        "p95": round(percentile(values, 95), 2),
        "max": round(max(values), 2),
    }


def table(title: str, columns: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    drawn = Table(title=title, title_justify="left")
    for number, column in enumerate(columns):
        drawn.add_column(column, justify="left" if number == 0 else "right")
    for row in rows:
        drawn.add_row(*(f"{cell:.1f}" if isinstance(cell, float) else str(cell) for cell in row))
    _console().print(drawn)


def write_json(name: str, results: dict[str, Any]) -> Path:
    """`out/bench/<name>.json`, with the machine and the time."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    path = FOLDER / f"{name}.json"
    document = {"at": datetime.now(UTC).isoformat(timespec="seconds"), "machine": machine(), **results}
    path.write_text(json.dumps(document, indent=2) + "\n", encoding="utf-8")
    _console().print(f"{path.relative_to(FOLDER.parent.parent)}  ({_described(document['machine'])})")
    return path


def _console() -> Console:
    """As wide as the terminal; what goes to a file or a CI log is not broken after 80 characters."""
    console = Console()
    return console if console.is_terminal else Console(width=WIDTH)


def _described(facts: dict[str, Any]) -> str:
    return f"{facts['cpus']} × {facts['cpu']}, {facts['system']}, load {facts['load_1m']}"


def _cpu_name() -> str:
    try:
        for line in Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    except OSError:
        pass
    return platform.processor() or platform.machine()
