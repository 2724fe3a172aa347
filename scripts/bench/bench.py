"""Measures Ingot and its peers on this machine, one after the other, and writes docs/benchmarks.md.

Each figure is the best of three runs, except where a run is a load of ten seconds. Peers do the same work on the same
rows, and the results are compared before the times are.
"""

import glob
import json
import os
import platform
import re
import shutil
import socket
import subprocess
import sys
import tempfile
import time
import zipfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
INGOT = os.environ["INGOT"]
CACHE = Path(os.environ["INGOT_CACHE"]) / "bench"
PEERS = [sys.executable, str(Path(__file__).with_name("peers.py"))]
RUNS = 3


def measured(command, **options):
    """Runs a command; its JSON with the wall seconds of the process and its largest resident set in MiB."""
    begun = time.perf_counter()
    process = subprocess.Popen([str(word) for word in command], stdout=subprocess.PIPE, text=True, **options)
    said = process.stdout.read()
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise SystemExit(f"{command} ended with {process.returncode}")
    document = json.loads(said)
    document.setdefault("seconds", time.perf_counter() - begun)
    document["wall"] = time.perf_counter() - begun
    document["mib"] = usage.ru_maxrss / 1024
    return document


def best(command, key="seconds", **options):
    return min((measured(command, **options) for _ in range(RUNS)), key=lambda one: one[key])


# --- clean ---------------------------------------------------------------------------------------------------------------


def big_table(rows):
    """Twelve columns of numbers, categories and dates; missing values, outliers and one row in a hundred twice."""
    path = CACHE / f"rows-{rows}.csv"
    if path.exists():
        return path
    import numpy
    import polars

    random = numpy.random.default_rng(42)
    regions, products = ["north", "south", "east", "west"], [f"product-{at:02}" for at in range(40)]
    table = polars.DataFrame({
        "id": numpy.arange(rows),
        "age": random.integers(18, 90, rows),
        "income": random.lognormal(10, 0.6, rows).round(2),
        "amount": random.normal(2000, 1500, rows).round(2),
        "rate": random.beta(2, 6, rows).round(4),
        "balance": (random.standard_t(3, rows) * 1000).round(2),
        "region": random.choice(regions, rows),
        "product": random.choice(products, rows),
        "opened": numpy.datetime64("2010-01-01") + random.integers(0, 5000, rows).astype("timedelta64[D]"),
        "months": random.integers(1, 120, rows),
        "score": random.normal(600, 80, rows).round(1),
        "active": random.integers(0, 2, rows),
    }).with_columns(
        polars.when(polars.Series(random.random(rows) < 0.02)).then(None).otherwise(polars.col("age")).alias("age"),
        polars.when(polars.Series(random.random(rows) < 0.03)).then(None).otherwise(polars.col("income")).alias("income"),
    )
    CACHE.mkdir(parents=True, exist_ok=True)
    table[numpy.sort(numpy.append(numpy.arange(rows), random.integers(0, rows, rows // 100)))].write_csv(path)
    return path


def clean(work):
    rows = int(os.environ.get("INGOT_BENCH_ROWS", "5000000"))
    source = big_table(rows)
    recipe = work / "clean.toml"
    recipe.write_text(f"""[project]
name = "bench"
version = "1.0.0"
task = "tabular.regression"
target = "score"

[[source]]
name = "rows"
uri = "{source}"

[clean]
drop_missing = ["age", "income"]
keep = ["amount > 0", "rate < 0.5"]
outliers = [{{ column = "balance", method = "iqr", factor = 3.0, action = "clip" }}]
dedupe = {{ exact = true }}
""")
    # The file is read once before, so that nobody pays for a cold disk.
    with open(source, "rb") as file:
        while file.read(1 << 24):
            pass
    ours = [INGOT, "--json", "--project", work, "bench", "clean", recipe, "--output", work / "ours.parquet"]
    encrypted, plain = best(ours, "wall"), best([*ours, "--plain"], "wall")
    polars = best([*PEERS, "clean-polars", source, work / "polars.parquet"])
    duckdb = best([*PEERS, "clean-duckdb", source, work / "duckdb.parquet"])
    import pyarrow.parquet

    counts = {
        name: pyarrow.parquet.ParquetFile(work / f"{name}.parquet").metadata.num_rows for name in ("ours", "polars", "duckdb")
    }
    if len(set(counts.values())) != 1:
        raise SystemExit(f"clean: the results differ, times mean nothing: {counts}")
    fastest = min(polars["seconds"], duckdb["seconds"])
    return [
        f"{rows:,} rows × 12 columns of CSV ({source.stat().st_size / 2**20:.0f} MiB) → drop missing, two predicates, clip at "
        f"3 IQR, exact dedup → zstd Parquet; {counts['ours']:,} rows remain in all three. Ours is the whole process, the peers' "
        "time begins after their imports.",
        ("who", "seconds", "peak MiB"),
        ("Ingot, plain", plain["wall"], plain["mib"]),
        ("Ingot, encrypted", encrypted["wall"], encrypted["mib"]),
        ("Polars", polars["seconds"], polars["mib"]),
        ("DuckDB", duckdb["seconds"], duckdb["mib"]),
        f"Ratio to the faster peer: **{plain['wall'] / fastest:.2f}** (wanted ≤ 1.00). Encryption costs "
        f"**{encrypted['wall'] / plain['wall'] - 1:.1%}** (wanted ≤ 10 %). Peak memory **{encrypted['mib']:.0f} MiB** (wanted ≤ 1024).",
    ]


# --- train and explain on Adult ------------------------------------------------------------------------------------------


def adult(work):
    """Training and test rows; in the test file categories are their index among the training rows' sorted values."""
    import pandas

    CACHE.mkdir(parents=True, exist_ok=True)
    archive = glob.glob(str(CACHE / "fairness-*.whl")) + glob.glob(str(CACHE / "fairness-*.tar.gz"))
    if not archive:
        subprocess.run(
            [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--no-binary", ":none:", "--dest", CACHE, "fairness==0.1.8"],
            check=True,
        )
        archive = glob.glob(str(CACHE / "fairness-*.whl")) + glob.glob(str(CACHE / "fairness-*.tar.gz"))
    if archive[0].endswith(".whl"):
        with zipfile.ZipFile(archive[0]) as opened:
            (work / "adult.csv").write_bytes(opened.read("fairness/data/raw/adult.csv"))
    else:
        import tarfile

        with tarfile.open(archive[0]) as opened:
            member = next(one for one in opened if one.name.endswith("fairness/data/raw/adult.csv"))
            (work / "adult.csv").write_bytes(opened.extractfile(member).read())
    table = pandas.read_csv(work / "adult.csv", keep_default_na=False, skipinitialspace=True)
    table = table.sample(frac=1, random_state=42).reset_index(drop=True)
    edge = len(table) * 4 // 5
    train, test = table[:edge], table[edge:].copy()
    labels = (test.pop("income-per-year") == ">50K").astype(int).to_numpy()
    for name in test.select_dtypes(["object", "string"]):
        order = {value: at for at, value in enumerate(sorted(train[name].unique()))}
        test[name] = test[name].map(order)
    train.to_csv(work / "train.csv", index=False)
    test.dropna().to_csv(work / "test.csv", index=False)
    return labels[test.notna().all(axis=1).to_numpy()]


def auc(model, rows, labels):
    import lightgbm
    import numpy
    from sklearn.metrics import roc_auc_score

    return roc_auc_score(labels, lightgbm.Booster(model_file=str(model)).predict(numpy.loadtxt(rows, delimiter=",", skiprows=1)))


def train(work):
    labels = adult(work)
    ours = best([INGOT, "--json", "bench", "train", "--rows", work / "train.csv", "--target", "income-per-year",
                 "--rounds", "100", "--output", work / "ours.txt"])
    peer = best([*PEERS, "train", work / "train.csv", work / "peer.txt", "100"])
    scores = [auc(work / name, work / "test.csv", labels) for name in ("ours.txt", "peer.txt")]
    return [
        "Adult (UCI), four fifths to train, 100 rounds, LightGBM's default parameters. Time: building the dataset and training.",
        ("who", "seconds", "AUC on the test rows"),
        ("Ingot", ours["seconds"], scores[0]),
        ("LightGBM's Python package", peer["seconds"], scores[1]),
        f"Ratio of times: **{ours['seconds'] / peer['seconds']:.2f}** (wanted ≤ 1.10).",
    ]


def explain(work):
    import numpy

    adult(work)
    measured([*PEERS, "train", work / "train.csv", work / "peer.txt", "100"])
    rows = work / "explain.csv"
    with open(work / "test.csv") as source:
        lines = source.readlines()[:2001]
    rows.write_text("".join(lines))
    ours = best([INGOT, "--json", "bench", "explain", "--model", work / "peer.txt", "--rows", rows, "--output", work / "ours.csv"])
    peer = best([*PEERS, "explain", work / "peer.txt", rows, work / "shap.csv"])
    left, right = (numpy.loadtxt(work / name, delimiter=",", ndmin=2) for name in ("ours.csv", "shap.csv"))
    # Ours may end with the base value.
    difference = numpy.abs(left[:, : right.shape[1]] - right).max()
    if difference > 1e-6:
        raise SystemExit(f"explain: the values differ by {difference}, times mean nothing")
    speeds = [2000 / one["seconds"] for one in (ours, peer)]
    return [
        f"2,000 rows of Adult, 100 trees, exact values; the largest difference between the two is {difference:.1e}.",
        ("who", "rows a second"),
        ("Ingot", speeds[0]),
        ("shap.TreeExplainer", speeds[1]),
        f"Ratio: **{speeds[0] / speeds[1]:.1f}** (wanted ≥ 5).",
    ]


# --- serve -----------------------------------------------------------------------------------------------------------------


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Server:
    """A process that answers at /readyz; ended by its own id."""

    def __init__(self, command, port, **options):
        self.begun = time.perf_counter()
        self.process = subprocess.Popen([str(word) for word in command], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, **options)
        request = b"GET /readyz HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"
        while time.perf_counter() - self.begun < 60:
            try:
                with socket.create_connection(("127.0.0.1", port), 1) as link:
                    link.sendall(request)
                    if b" 200 " in link.recv(64):
                        self.ready = time.perf_counter() - self.begun
                        return
            except OSError:
                pass
            if self.process.poll() is not None:
                break
            time.sleep(0.002)
        self.stop()
        raise SystemExit(f"serve: not ready: {command}")

    def stop(self):
        self.process.terminate()
        self.process.wait(30)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.stop()


def load(port, script):
    """Ten seconds of 64 connections after two of warming up: requests a second, median and 99th percentile in ms."""
    def run(seconds):
        return subprocess.run(
            ["wrk", "--threads", "1", "--connections", "64", "--duration", f"{seconds}s", "--latency", "--script", str(script),
             f"http://127.0.0.1:{port}/api/predict"], check=True, capture_output=True, text=True).stdout

    run(2)
    said = run(10)
    if "Non-2xx" in said or "Socket errors" in said:
        raise SystemExit(f"serve: failed answers, speed means nothing:\n{said}")
    unit = {"us": 0.001, "ms": 1.0, "s": 1000.0}
    latency = {}
    for share in ("50%", "99%"):
        value, of = re.search(rf"{share}\s+([\d.]+)(us|ms|s)", said).groups()
        latency[share] = float(value) * unit[of]
    return float(re.search(r"Requests/sec:\s+([\d.]+)", said).group(1)), latency["50%"], latency["99%"]


def wrk_script(path, body, key=None):
    quoted = json.dumps(json.dumps(body))
    lines = ['wrk.method = "POST"', f"wrk.body = {quoted}", 'wrk.headers["Content-Type"] = "application/json"']
    if key:
        lines.append(f'wrk.headers["Authorization"] = "Bearer {key}"')
    path.write_text("\n".join(lines) + "\n")
    return path


def serve(work):
    project = work / "finance"
    shutil.copytree(ROOT / "verticals/finance", project)
    ours = [INGOT, "--project", project]
    told = lambda *words: json.loads(subprocess.run([*ours, "--json", *words], check=True, capture_output=True, text=True).stdout)
    subprocess.run([*ours, "--quiet", "init", "--keys-only"], check=True)
    subprocess.run([*ours, "--quiet", "run", project / "ingot.toml"], check=True)
    package = next((project / "dist").glob("*.ingot"))
    subprocess.run([*ours, "--quiet", "open", package, "--output", work / "open"], check=True)
    model = next((work / "open").rglob("model.txt"))
    signature = told("inspect", str(package))["signature"]
    (work / "signature.json").write_text(json.dumps(signature))
    body = {}
    for field in signature["inputs"]:
        middle = lambda: int((field["min"] + field["max"]) / 2)
        body[field["name"]] = middle() if field["kind"] == "number" else field["values"][0] if field["kind"] == "category" else True
    key = told("key", "create", "--name", "bench")["key"]

    port = free_port()
    command = [*ours, "serve", package, "--listen", f"127.0.0.1:{port}"]
    starts = []
    for _ in range(5):
        with Server(command, port) as one:
            starts.append(one.ready)
    with Server(command, port):
        governed = load(port, wrk_script(work / "key.lua", body, key))
    with Server([*command, "--ungoverned"], port):
        ungoverned = load(port, wrk_script(work / "open.lua", body))
    cores = os.cpu_count() or 1
    peer_command = [sys.executable, "-m", "uvicorn", "service:app", "--port", str(port), "--workers", str(cores), "--log-level", "warning"]
    environment = {**os.environ, "BENCH_MODEL": str(model), "BENCH_SIGNATURE": str(work / "signature.json")}
    with Server(peer_command, port, env=environment, cwd=Path(__file__).parent):
        peer = load(port, wrk_script(work / "peer.lua", body))
    return [
        f"One row a request, 64 connections, ten seconds, the load on the same {cores} cores. Ingot checks keys, meters durably and counts; "
        f"the peer is FastAPI with uvicorn (uvloop, httptools, {cores} workers), pydantic and LightGBM's library: scripts/bench/service.py.",
        ("who", "requests a second", "p50, ms", "p99, ms"),
        ("Ingot", *governed),
        ("Ingot, ungoverned", *ungoverned),
        ("FastAPI + LightGBM", *peer),
        f"Ratio: **{governed[0] / peer[0]:.1f}** (wanted ≥ 20). Our p99 {governed[2]:.2f} ms, its p50 {peer[1]:.2f} ms. Governed to "
        f"ungoverned: **{governed[0] / ungoverned[0]:.2f}** (wanted ≥ 0.75). Cold start to the first ready answer, median of five: "
        f"**{sorted(starts)[2] * 1000:.0f} ms** (wanted ≤ 300).",
    ]


# --- the page ----------------------------------------------------------------------------------------------------------------

PARTS = {
    "clean": ("Cleaning a table", clean),
    "train": ("Training", train),
    "explain": ("Explaining", explain),
    "serve": ("Serving", serve),
}


def section(title, parts):
    lines = [f"## {title}", ""]
    rows = [part for part in parts if isinstance(part, tuple)]
    number = lambda value: f"{value:,.0f}" if abs(value) >= 1000 else f"{value:.4g}"
    for part in parts:
        if isinstance(part, str):
            lines += [part, ""]
        elif part is rows[0]:
            lines += ["| " + " | ".join(part) + " |", "|---" + "|---:" * (len(part) - 1) + "|"]
        else:
            lines.append("| " + " | ".join(cell if isinstance(cell, str) else number(cell) for cell in part) + " |")
            if part is rows[-1]:
                lines.append("")
    return "\n".join(lines)


def machine():
    model = next((line.split(":")[1].strip() for line in open("/proc/cpuinfo") if line.startswith("model name")), platform.machine())
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    return f"{os.cpu_count()} cores of {model}, {memory:.0f} GiB, Linux; Python {platform.python_version()}"


def main():
    wanted = sys.argv[1:] or list(PARTS)
    page = ROOT / "docs/benchmarks.md"
    known = dict(re.findall(r"^## (.+?)\n(.*?)(?=^## |\Z)", page.read_text() if page.exists() else "", re.S | re.M))
    for part in wanted:
        title, measure = PARTS[part]
        print(f"bench: {part}", flush=True)
        with tempfile.TemporaryDirectory() as work:
            text = section(title, measure(Path(work)))
        print(text, flush=True)
        known[title] = text.split("\n", 1)[1]
    head = f"""# Benchmarks

Written by `make bench` (scripts/bench). Best of three runs; peers from PyPI in the same run on the same machine, and a time is only
printed after the results were found equal. The build is the one of `make demo`.

Machine: {machine()}.

"""
    bodies = [f"## {title}\n{known[title].rstrip()}\n" for title, _ in PARTS.values() if title in known]
    page.write_text(head + "\n".join(bodies))


main()
