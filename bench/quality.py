"""Data quality: near duplicates against datatrove and the truth, label errors against cleanlab. See bench/quality.sh."""

import argparse
import datetime
import importlib.metadata
import json
import os
import random
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy

from harness import written_by

PEER = Path(__file__).resolve().parent / "peers/quality.py"
SIMILARITY = 0.8
SHINGLE = 5
#: What the command line may change.
USUAL = {"documents": 20_000, "runs": 3}


def corpus(documents, path):
    """English-like documents of 80 to 500 words; a third are copies of another with some words changed. Families by document."""
    draw = random.Random(42)
    words = ["".join(draw.choice("abcdefghijklmnopqrstuvwxyz") for _ in range(draw.randint(3, 9))) for _ in range(20_000)]
    weights = [1 / (rank + 10) for rank in range(len(words))]
    texts, families = [], []
    while len(texts) < documents:
        first = draw.choices(words, weights, k=draw.randint(80, 500))
        family = len(families)
        copies = draw.choice([0, 0, 1, 2])
        for number in range(1 + copies):
            copy = list(first)
            for _ in range(0 if number == 0 else draw.randint(0, len(copy) // 25)):
                copy[draw.randrange(len(copy))] = draw.choice(words)
            texts.append(" ".join(copy))
            families.append(family)
    order = list(range(documents))
    draw.shuffle(order)
    with path.open("w") as file:
        for number, index in enumerate(order):
            file.write(json.dumps({"id": str(number), "text": texts[index]}) + "\n")
    return [texts[index] for index in order], [families[index] for index in order]


def alike(texts, families):
    """Pairs of one family whose sets of 5-grams have a Jaccard similarity of at least 0.8, and all other pairs' number."""
    grams = []
    for text in texts:
        words = text.split()
        grams.append({tuple(words[at : at + SHINGLE]) for at in range(len(words) - SHINGLE + 1)})
    members = {}
    for number, family in enumerate(families):
        members.setdefault(family, []).append(number)
    pairs = []
    for group in members.values():
        for place, one in enumerate(group):
            for other in group[:place]:
                both = len(grams[one] & grams[other])
                if both >= SIMILARITY * (len(grams[one]) + len(grams[other]) - both):
                    pairs.append((other, one))
    return pairs


def run(command):
    done = subprocess.run([str(word) for word in command], capture_output=True, text=True)
    if done.returncode:
        sys.exit(f"bench: {command[:3]} failed\n{done.stderr[-2000:]}")
    return json.loads(done.stdout)


def turns(ways, runs, slow=()):
    """Median seconds and the last document of each way; they take turns, the slow ones in the first only."""
    seen = {name: [] for name in ways}
    for turn in range(runs):
        for name in ways if turn % 2 == 0 else reversed(list(ways)):
            if turn and name in slow:
                continue
            seen[name].append(run(ways[name]))
            print(f"  {name}: {seen[name][-1]['seconds']:.3f} s", flush=True)
    return {name: (statistics.median(one["seconds"] for one in found), found[-1]) for name, found in seen.items()}


def near(options, folder):
    print("near duplicates", flush=True)
    path = folder / "corpus.jsonl"
    texts, families = corpus(options.documents, path)
    pairs = alike(texts, families)
    found = turns(
        {
            "Ingot": [options.ingot, "bench", "near", "--texts", path, "--column", "text", "--similarity", SIMILARITY, "--shingle", SHINGLE],
            "datatrove": [sys.executable, PEER, "minhash", path, folder / "datatrove"],
        },
        options.runs,
        slow=["datatrove"],
    )
    (own, ours), (peer, theirs) = found["Ingot"], found["datatrove"]
    first = ours["first"]
    recall = sum(first[one] == first[other] for one, other in pairs) / len(pairs)
    # datatrove says what it keeps: of a pair at most one may stay.
    kept = set(map(int, theirs["kept"]))
    apart = sum(not (one in kept and other in kept) for one, other in pairs) / len(pairs)
    wrong = sum(families[number] != families[head] for number, head in enumerate(first))
    megabytes = path.stat().st_size / 1e6
    intro = (
        f"{options.documents:,} made-up English documents of 80 to 500 words ({megabytes:.0f} MB) from a fixed seed, a third of them copies with up to "
        f"4 % of the words changed; {len(pairs):,} pairs with a Jaccard similarity of their word 5-grams of at least {SIMILARITY}, counted exactly. "
        "Ingot: 128 permutations, bands chosen for the threshold, every match verified on the sets. datatrove: 16 bands of 8, no verification. "
        "Both read the JSON lines; datatrove also writes what it keeps, and, as it takes minutes, runs once."
    )
    rows = [
        ("documents a second, Ingot", options.documents / own, "≥ 5,000"),
        ("documents a second, datatrove", options.documents / peer, ""),
        ("Ingot / datatrove", peer / own, ""),
        ("recall of pairs, Ingot", recall, "≥ .95"),
        ("recall of pairs, datatrove", apart, ""),
        ("documents that Ingot put into a wrong family", wrong, "0"),
    ]
    return intro, rows


def labelled(folder, rows, classes, seed):
    """Labels of which a quarter are wrong, and probabilities of a model that is often right."""
    draw = numpy.random.default_rng(seed)
    truth = draw.integers(0, classes, rows)
    given = numpy.where(draw.random(rows) < 0.25, draw.integers(0, classes, rows), truth)
    margins = draw.normal(size=(rows, classes)) * 1.2
    margins[numpy.arange(rows), truth] += 2.5
    probabilities = numpy.exp(margins)
    probabilities /= probabilities.sum(axis=1, keepdims=True)
    given.astype("<u4").tofile(folder / "labels.u32")
    probabilities.astype("<f8").tofile(folder / "probabilities.f64")


def labels(options, folder):
    rows = []
    for count, classes in [(100_000, 2), (100_000, 10), (100_000, 100)]:
        print(f"label errors, {classes} classes", flush=True)
        labelled(folder, count, classes, classes)
        found = turns(
            {
                "Ingot": [options.ingot, "bench", "labels", "--folder", folder, "--classes", classes],
                "cleanlab": [sys.executable, PEER, "labels", folder, classes, 1],
                "cleanlab, two processes": [sys.executable, PEER, "labels", folder, classes, 2],
            },
            options.runs,
        )
        own, ours = found.pop("Ingot")
        best = min(seconds for seconds, _ in found.values())
        theirs = found["cleanlab"][1]["issues"]
        same = ours["issues"] == theirs
        rows += [
            (f"{classes} classes: seconds, cleanlab (faster of one and two processes) / Ingot", best / own, "≥ 10"),
            (f"{classes} classes: issues, Ingot and cleanlab", f"{len(ours['issues']):,}, {len(theirs):,}", ""),
            (f"{classes} classes: the same rows in the same order", "yes" if same else "no", "yes"),
        ]
        if not same:
            apart = set(ours["issues"]) ^ set(theirs)
            rows.append((f"{classes} classes: rows that only one of them names", len(apart), "0"))
    intro = "100,000 rows, a quarter of the labels wrong, probabilities from a fixed seed. Reading the numbers is outside on both sides; each process does the work five times and tells the middle time. Where margins tie at the end of a list, as probabilities in a few steps do (small trees, nearest neighbours), the first rows are taken here and whichever numpy's partition leaves there in cleanlab: the lists may differ in those rows."
    return intro, rows


def shown(value):
    return value if isinstance(value, str) else f"{value:,.0f}" if value >= 100 or value == int(value) else f"{value:.3g}"


def main():
    words = argparse.ArgumentParser(description=__doc__)
    words.add_argument("--ingot", required=True)
    words.add_argument("--page", required=True)
    for name, value in USUAL.items():
        words.add_argument(f"--{name}", type=int, default=value)
    options = words.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        parts = [("Near duplicates", *near(options, folder)), ("Label errors", *labels(options, folder))]
    written = f"Written by `{written_by('quality.sh', options, USUAL)}`; do not edit."
    page = ["# Benchmarks of data quality", "", f"{written} Ingot and its peers take turns on one machine in one run; a figure is the median."]
    for title, intro, rows in parts:
        page += ["", f"## {title}", "", intro, "", "| figure | measured | wanted |", "|---|---:|---:|"]
        page += [f"| {name} | **{shown(value)}** | {wanted} |" for name, value, wanted in rows]
    versions = ", ".join(f"{peer} {importlib.metadata.version(peer)}" for peer in ("cleanlab", "datatrove", "numpy"))
    page += ["", f"Peers: {versions}. {options.runs} runs, {os.cpu_count()} cores; {datetime.date.today()}."]
    Path(options.page).write_text("\n".join(page) + "\n")
    print("\n".join(page))


main()
