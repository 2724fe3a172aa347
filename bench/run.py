"""Measures Ingot and its peers, alternately and several times, and writes docs/benchmarks.json and docs/benchmarks.md.

Use `make bench` or bench/run.sh, which install the peers. A part that is not measured again keeps its figures.
"""

import argparse
import datetime
import json
import sys
import tempfile
from pathlib import Path

import page
import serving
import tabular
from harness import ROOT, Failed, Options, machine

PARTS = {
    "clean": tabular.clean,
    "train": tabular.train,
    "explain": tabular.explain,
    "serve": serving.serve,
    "coldstart": serving.coldstart,
}


def arguments():
    grammar = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    grammar.add_argument("parts", nargs="*", metavar="PART", help=f"of {', '.join(PARTS)}; all without one")
    grammar.add_argument("--ingot", type=Path, required=True, help="the program")
    grammar.add_argument("--cache", type=Path, required=True, help="folder for tables that are made or fetched once")
    grammar.add_argument("--runs", type=int, default=5, help="turns of everyone [default: 5; servers at most 3]")
    grammar.add_argument("--rows", type=int, default=5_000_000, help="rows of the table to clean [default: 5,000,000]")
    grammar.add_argument("--seconds", type=int, default=10, help="seconds of load on a server [default: 10]")
    given = grammar.parse_args()
    unknown = [part for part in given.parts if part not in PARTS]
    if unknown or given.runs < 1 or given.rows < 1000 or given.seconds < 1:
        grammar.error(f"unknown part {unknown[0]}" if unknown else "runs and seconds must be at least 1, rows at least 1,000")
    return given


def main():
    given = arguments()
    figures = ROOT / "docs" / "benchmarks.json"
    parts = json.loads(figures.read_text(encoding="utf-8")) if figures.exists() else {}
    failed = []
    for part in given.parts or PARTS:
        print(f"bench: {part}", flush=True)
        runs = min(given.runs, 3) if part == "serve" else serving.STARTS if part == "coldstart" else given.runs
        options = Options(given.ingot.resolve(), given.cache.resolve(), runs, given.rows, given.seconds)
        with tempfile.TemporaryDirectory(prefix="ingot-bench-") as work:
            try:
                found = PARTS[part](options, Path(work))
            except Failed as error:
                print(f"bench: {part} failed: {error}", file=sys.stderr)
                failed.append(part)
                continue
        parts[part] = {**found, "runs": runs, "machine": machine(), "date": datetime.date.today().isoformat()}
        for result in found["results"]:
            print(f"  {result['what']}: {page.number(result['value'])} (wanted {result['wanted']})", flush=True)
        figures.parent.mkdir(exist_ok=True)
        figures.write_text(json.dumps(parts, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
        (ROOT / "docs" / "benchmarks.md").write_text(page.write(parts), encoding="utf-8")
    if failed:
        raise SystemExit(f"bench: not measured: {', '.join(failed)}")


main()
