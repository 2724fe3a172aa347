"""Processes and their figures: contenders take turns, so that a busy minute of the machine meets all of them."""

import datetime
import json
import os
import platform
import socket
import statistics
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
PEERS = Path(__file__).resolve().parent / "peers"
LEAN = Path(__file__).resolve().parent / "lean.py"


@dataclass
class Options:
    """What the command line says."""

    ingot: Path
    cache: Path
    runs: int
    rows: int
    seconds: int


@dataclass
class Contender:
    """One way to do the work. The process prints one JSON document whose `seconds` is the measured part."""

    name: str
    command: list
    cwd: Path | None = None


class Running:
    """A process of a measurement, in `self.process`; ended by its own id."""

    def stop(self):
        if self.process.poll() is None:
            self.process.terminate()
            try:
                self.process.wait(30)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.stop()


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Failed(Exception):
    """A measurement that means nothing: wrong results, failed processes."""


def run_once(contender):
    """The process's JSON, with its wall time and its largest resident set."""
    with tempfile.NamedTemporaryFile("r", encoding="ascii") as figures:
        lean = [sys.executable, "-I", "-S", LEAN, figures.name]
        command = [str(word) for word in [*lean, *contender.command]]
        done = subprocess.run(command, capture_output=True, text=True, cwd=contender.cwd)
        measured = figures.read().split()
    if done.returncode != 0 or measured[1] != "0":
        raise Failed(f"{contender.name} failed:\n{done.stderr[-2000:]}")
    return {**json.loads(done.stdout), "wall": float(measured[0]), "peak_mib": float(measured[2])}


def take_turns(contenders, runs):
    """Every contender `runs` times, alternately. Name to its median seconds, all seconds, largest peak and last document."""
    seen = {contender.name: [] for contender in contenders}
    for turn in range(runs):
        # Every second round in the other order: nobody always follows the same neighbour.
        for contender in contenders if turn % 2 == 0 else reversed(contenders):
            found = run_once(contender)
            seen[contender.name].append(found)
            print(f"  {contender.name}: {found['seconds']:.3f} s, {found['peak_mib']:.0f} MiB", flush=True)
    return {
        name: {
            "seconds": statistics.median(one["seconds"] for one in found),
            "all_seconds": [one["seconds"] for one in found],
            "wall": statistics.median(one["wall"] for one in found),
            "peak_mib": max(one["peak_mib"] for one in found),
            "last": found[-1],
        }
        for name, found in seen.items()
    }


def peer(script, *words):
    """The command line of a peer."""
    return [sys.executable, PEERS / script, *words]


def ingot_json(options, *words, project=None):
    """What `ingot --json` says."""
    command = [str(options.ingot), "--json", *(["--project", str(project)] if project else []), *map(str, words)]
    done = subprocess.run(command, capture_output=True, text=True, cwd=project)
    if done.returncode != 0:
        raise Failed(f"ingot {' '.join(map(str, words))} ended with {done.returncode}:\n{done.stderr[-2000:]}")
    return json.loads(done.stdout)


def machine():
    """The machine in words, without its name or paths."""
    described = Path("/proc/cpuinfo").read_text(encoding="utf-8") if Path("/proc/cpuinfo").exists() else ""
    model = next((line.split(":", 1)[1].strip() for line in described.splitlines() if line.startswith("model name")), "")
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    return {
        "cores": len(os.sched_getaffinity(0)),
        "processor": model or platform.machine(),
        "memory_gib": round(memory),
        "system": f"Linux {platform.release().split('-')[0]}",
        "python": platform.python_version(),
    }


def versions(*packages):
    """Name and version of peers as installed."""
    from importlib.metadata import version

    return {package: version(package) for package in packages}


def there(*peers):
    """When, where and beside which peers something was measured, in a sentence."""
    found = machine()
    beside = ", ".join(f"{name} {version}" for name, version in versions(*peers).items())
    return f"Measured on {datetime.date.today()} on {found['cores']} cores of {found['processor']}, {found['system']}, with {beside}."


def written_by(script, given, usual):
    """The command that a page was written by: the script with every option that is not as usual."""
    words = [f"--{name} {getattr(given, name)}" for name, value in usual.items() if getattr(given, name) != value]
    return " ".join([f"bench/{script}", *words])
