"""Parts `serve` and `coldstart`: one row over HTTP."""

import csv
import http.client
import json
import os
import shutil
import statistics
import subprocess
import sys
import time

from harness import PEERS, ROOT, Failed, Running, free_port, ingot_json, versions

CONNECTIONS = 64
STARTS = 5


class Server(Running):
    """A process that answers `POST /api/predict`; ended by its own id."""

    def __init__(self, name, command, port, body, key=None, environment=None):
        self.name, self.port = name, port
        self.headers = {"Content-Type": "application/json", **({"Authorization": f"Bearer {key}"} if key else {})}
        self.begun = time.perf_counter()
        self.process = subprocess.Popen(
            [str(word) for word in command],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
            env={**os.environ, **(environment or {})},
        )
        os.set_blocking(self.process.stderr.fileno(), False)
        try:
            self.first_answer = self._until_answer(body)
        except BaseException:
            self.stop()
            raise

    def _until_answer(self, body):
        """Seconds from the start of the process to its first answer 200."""
        while time.perf_counter() - self.begun < 60:
            if self.process.poll() is not None:
                break
            try:
                status, answer = self.ask(body)
                if status == 200:
                    self.answer = answer
                    return time.perf_counter() - self.begun
                if status < 500:
                    raise Failed(f"{self.name} answered {status}: {answer[:500]}")
            except OSError:
                pass
            time.sleep(0.001)
        raise Failed(f"{self.name} did not answer:\n{(self.process.stderr.read() or '')[-2000:]}")

    def ask(self, body):
        link = http.client.HTTPConnection("127.0.0.1", self.port, timeout=10)
        try:
            link.request("POST", "/api/predict", body.encode(), self.headers)
            answer = link.getresponse()
            return answer.status, answer.read().decode()
        except http.client.HTTPException as error:
            raise OSError(str(error)) from error
        finally:
            link.close()

    def peak_mib(self):
        """Largest resident set of the process and its children, summed."""
        return sum(resident(process) for process in family(self.process.pid)) / 1024


def family(pid):
    """A process and its descendants."""
    try:
        with open(f"/proc/{pid}/task/{pid}/children", encoding="ascii") as file:
            children = [int(word) for word in file.read().split()]
    except OSError:
        return [pid]
    return [pid, *(one for child in children for one in family(child))]


def resident(pid):
    try:
        with open(f"/proc/{pid}/status", encoding="utf-8") as file:
            return next((int(line.split()[1]) for line in file if line.startswith("VmHWM:")), 0)
    except OSError:
        return 0


def load(server, bodies, key, seconds):
    """The given seconds of 64 connections, after two of warming up."""
    environment = {**os.environ, "BENCH_BODIES": str(bodies)}
    environment.pop("BENCH_KEY", None)
    if key:
        environment["BENCH_KEY"] = key

    def attack(duration):
        command = ["wrk", "-t", "1", "-c", str(CONNECTIONS), "-d", f"{duration}s", "-s", str(PEERS / "predict.lua")]
        done = subprocess.run([*command, f"http://127.0.0.1:{server.port}"], env=environment, capture_output=True, text=True, check=True)
        return json.loads(done.stdout.strip().splitlines()[-1])

    attack(2)
    found = attack(seconds)
    if found["failed"]:
        raise Failed(f"{server.name}: {found['failed']} of {found['requests']} requests failed, so the speed means nothing")
    found["per_second"] = found["requests"] / found["seconds"]
    found["peak_mib"] = server.peak_mib()
    print(
        f"  {server.name}: {found['per_second']:,.0f} requests/s, p50 {found['p50_ms']:.2f} ms, p99 {found['p99_ms']:.2f} ms",
        flush=True,
    )
    return found


class Bank:
    """The finance vertical with a model of 100 rounds, sealed; what every server under test serves.

    A search would find another number of trees for every project: its keys decide which persons are in the test rows.
    """

    def __init__(self, options, work):
        self.options, self.work, self.project = options, work, work / "finance"
        shutil.copytree(ROOT / "verticals" / "finance", self.project)
        recipe = self.project / "ingot.toml"
        searched = recipe.read_text(encoding="utf-8")
        fixed = searched.replace("trials = 16", "trials = 1")
        if fixed == searched:
            raise Failed("the recipe's number of trials was not found, so every run would measure another model")
        recipe.write_text(fixed, encoding="utf-8")
        ingot_json(options, "init", "--keys-only", project=self.project)
        ingot_json(options, "run", recipe, project=self.project)
        self.package = next((self.project / "dist").glob("*.ingot"))
        ingot_json(options, "open", self.package, "--output", work / "open", project=self.project)
        self.model = next((work / "open").rglob("model.txt"))
        text = self.model.read_text(encoding="utf-8")
        self.trees, self.leaves = text.count("\nTree="), sum(int(line[11:]) for line in text.splitlines() if line.startswith("num_leaves="))
        signature = ingot_json(options, "inspect", self.package, project=self.project)["signature"]
        self.signature = work / "signature.json"
        self.signature.write_text(json.dumps(signature), encoding="utf-8")
        self.key = ingot_json(options, "key", "create", "--name", "bench", project=self.project)["key"]
        self.bodies = work / "bodies.jsonl"
        self.rows = applicants(signature, self.project / "data" / "german_credit.csv")
        self.bodies.write_text("".join(row + "\n" for row in self.rows), encoding="utf-8")

    def ours(self, governed=True):
        port = free_port()
        command = [self.options.ingot, "--project", self.project, "serve", self.package, "--listen", f"127.0.0.1:{port}"]
        name = "Ingot" if governed else "Ingot, ungoverned"
        return Server(name, command if governed else [*command, "--ungoverned"], port, self.rows[0], self.key if governed else None)

    def peer(self, workers):
        return fastapi(self.model, self.signature, self.rows[0], workers)


def fastapi(model, signature, body, workers):
    """The peer's service with so many worker processes."""
    port = free_port()
    command = [sys.executable, "-m", "uvicorn", "service:app", "--app-dir", PEERS, "--port", port, "--workers", workers]
    name = f"FastAPI, {workers} worker{'s' if workers > 1 else ''}"
    environment = {"BENCH_MODEL": str(model), "BENCH_SIGNATURE": str(signature)}
    return Server(name, [*command, "--no-access-log", "--log-level", "warning"], port, body, environment=environment)


def applicants(signature, table):
    """A hundred rows of the table as request bodies."""
    with open(table, encoding="utf-8", newline="") as file:
        rows = [row for _, row in zip(range(100), csv.DictReader(file))]
    words = {"number": json.loads, "category": str, "boolean": lambda word: word == "true"}
    read = lambda field, row: words[field["kind"]](row[field["name"]])
    return [json.dumps({field["name"]: read(field, row) for field in signature["inputs"]}) for row in rows]


def serve(options, work):
    bank = Bank(options, work)
    cores = len(os.sched_getaffinity(0))
    starters = [
        (lambda: bank.ours(), bank.key),
        (lambda: bank.ours(governed=False), None),
        (lambda: bank.peer(1), None),
        *([(lambda: bank.peer(cores), None)] if cores > 1 else []),
    ]
    seen = {}
    for turn in range(options.runs):
        for start, key in starters if turn % 2 == 0 else reversed(starters):
            with start() as server:
                seen.setdefault(server.name, []).append(load(server, bank.bodies, key, options.seconds))
    middle = lambda found, key: statistics.median(one[key] for one in found)
    figures = {
        name: {key: middle(found, key) for key in ("per_second", "p50_ms", "p99_ms", "peak_mib")} | {"runs": found}
        for name, found in seen.items()
    }
    ours, ungoverned = figures["Ingot"], figures["Ingot, ungoverned"]
    best = max((found for name, found in figures.items() if name.startswith("FastAPI")), key=lambda found: found["per_second"])
    return {
        "commands": [
            "ingot serve dist/credit-risk-1.0.0.ingot [--ungoverned]",
            f"wrk -t 1 -c {CONNECTIONS} -d {options.seconds}s -s bench/peers/predict.lua http://127.0.0.1:PORT",
        ],
        "peers": versions("fastapi", "uvicorn", "uvloop", "httptools", "lightgbm"),
        "model": {"trees": bank.trees, "leaves": bank.leaves},
        "figures": figures,
        "results": [
            {"what": "requests a second, Ingot / the better FastAPI", "value": ours["per_second"] / best["per_second"], "wanted": "≥ 20"},
            {
                "what": "requests a second, Ingot / FastAPI as uvicorn starts it (1 worker)",
                "value": ours["per_second"] / figures["FastAPI, 1 worker"]["per_second"],
                "wanted": "≥ 20",
            },
            {"what": "p99 of Ingot / p50 of the better FastAPI", "value": ours["p99_ms"] / best["p50_ms"], "wanted": "< 1"},
            {"what": "requests a second, governed / ungoverned", "value": ours["per_second"] / ungoverned["per_second"], "wanted": "≥ 0.75"},
        ],
    }


def coldstart(options, work):
    bank = Bank(options, work)
    seen = {}
    for turn in range(STARTS):
        for start in (bank.ours, lambda: bank.peer(1))[:: 1 if turn % 2 == 0 else -1]:
            with start() as server:
                seen.setdefault(server.name, []).append(server.first_answer * 1000)
                print(f"  {server.name}: first answer after {server.first_answer * 1000:.0f} ms", flush=True)
    figures = {name: {"first_answer_ms": statistics.median(found), "runs": found} for name, found in seen.items()}
    return {
        "commands": ["ingot serve dist/credit-risk-1.0.0.ingot"],
        "peers": versions("fastapi", "uvicorn", "lightgbm"),
        "figures": figures,
        "results": [{"what": "ms to Ingot's first answer", "value": figures["Ingot"]["first_answer_ms"], "wanted": "≤ 300"}],
    }
