"""The fine-tune of examples/assistant, measured: minutes, exact match before, after and at fewer bits. See bench/llm.sh."""

import argparse
import json
import os
import resource
import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
EXAMPLE = ROOT / "examples/assistant"
SYSTEM = "File the message as one JSON object with the keys intent, order, product and urgent."


def timed(command):
    """Runs a command; its output, wall seconds and processor seconds."""
    before, begun = resource.getrusage(resource.RUSAGE_CHILDREN), time.monotonic()
    done = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    spent = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return done.stdout, time.monotonic() - begun, spent


def figure(figures, name):
    return next(one for one in figures if one["name"] == name)


def share(one):
    low, high = one["interval"]
    return f"{one['value']:.3f} ({low:.3f} … {high:.3f})"


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--ingot", type=Path, required=True)
    parser.add_argument("--folder", type=Path, required=True)
    parser.add_argument("--fresh", type=int, default=100)
    parser.add_argument("--page", type=Path)
    arguments = parser.parse_args()
    project = ["--project", str(arguments.folder), "--lang", "en"]
    recipe = str(EXAMPLE / "ingot.toml")
    ingot = lambda *words: timed([str(arguments.ingot), *project, *words])

    ingot("init", "--keys-only") if not (arguments.folder / "keys").exists() else None
    ingot("--json", "prepare", recipe)
    trained, train_wall, train_spent = ingot("--json", "train", recipe)
    if not next(one for one in json.loads(trained)["stages"] if one["stage"] == "train")["fresh"]:
        sys.exit("bench: the training is done in this folder already; name an empty one")
    print(f"trained in {train_wall / 60:.1f} min", file=sys.stderr)
    done, press_wall, press_spent = ingot("--json", "run", recipe)
    done = json.loads(done)
    model, quants = done["model"], done["compression"]

    fresh = arguments.folder / "fresh.jsonl"
    made = subprocess.run([sys.executable, EXAMPLE / "make_data.py", str(arguments.fresh), "7"], check=True, capture_output=True)
    fresh.write_bytes(made.stdout)
    ingot("pack", "smollm2-135m", "--name", "untrained", "--system", SYSTEM, "--output", str(arguments.folder / "untrained"))
    package = str(arguments.folder / "dist/assistant-1.0.0.ingot")
    base = str(arguments.folder / "untrained/untrained-0.1.0.ingot")
    fields = [word for name in ("intent", "order", "product", "urgent") for word in ("--field", name)]
    asked, _, _ = ingot("--json", "eval", package, str(fresh), "--answer-tokens", "64", "--against", base, *fields)
    asked = json.loads(asked)

    page = text(model, quants, asked, arguments.fresh, (train_wall, train_spent), (press_wall, press_spent))
    print(page)
    if arguments.page:
        arguments.page.write_text(page)


def text(model, quants, asked, fresh, train, press):
    before, after = figure(model["base_metrics"], "exact_match"), figure(model["metrics"], "exact_match")
    forms, memory = quants["forms"], model["memory"]
    kept = next(form for form in forms if form["name"] == quants["kept"])
    held = kept["exact_match"]["value"] / after["value"] if after["value"] else float("nan")
    wanted = lambda right: "reached" if right else "**not reached**"
    lines = [
        "# Fine-tuning a language model by recipe",
        "",
        f"Written by `bench/llm.sh`: `ingot run` on `examples/assistant` (500 made-up messages, half English, half Chinese, each to be filed as one JSON object), "
        f"SmolLM2-135M-Instruct, LoRA of rank {model['rank']} on all seven matrices, {len(model['steps'])} steps, on {os.cpu_count()} cores. "
        f"{model['rows']['train']} messages to learn from, {model['rows']['validation']} to choose the epoch, {model['rows']['test']} to measure on, after pseudonymisation of names.",
        "",
        "| | minutes on the clock | minutes of processor |",
        "|---|---:|---:|",
        f"| training, with both models' answers to the test messages and the tests of memorisation | {train[0] / 60:.1f} | {train[1] / 60:.1f} |",
        f"| quantising and measuring {len(forms)} forms, sealing | {press[0] / 60:.1f} | {press[1] / 60:.1f} |",
        "",
        "Where the minutes of processor are fewer than the cores times the minutes on the clock, others used the machine meanwhile.",
        "",
        "| test messages, exact match (95% interval) | |",
        "|---|---:|",
        f"| base model | {share(before)} |",
        f"| trained | {share(after)} |",
        f"| trained, {kept['name']} ({kept['bits']:.2f} bits a weight), through llama.cpp | {share(kept['exact_match'])} |",
        "",
        "| wanted | measured | |",
        "|---|---:|---|",
        f"| before: below .2 | {before['value']:.3f} | {wanted(before['value'] < 0.2)} |",
        f"| after: above .8 | {after['value']:.3f} | {wanted(after['value'] > 0.8)} |",
        f"| under 20 minutes of training | {train[0] / 60:.1f} | {wanted(train[0] < 1200)} |",
        f"| at {kept['bits']:.2f} bits at least .95 of it | {held:.3f} | {wanted(held >= 0.95)} |",
        "",
        "## Forms",
        "",
        f"On {quants['tokens']:,} tokens of the answers in the {quants['rows']} test messages; importance from {quants['importance']:,} tokens of training messages. "
        "Divergence (Kullback-Leibler) is from the merged model, in nats.",
        "",
        "| form | MB | bits a weight | exact match | perplexity | divergence | same likeliest token |",
        "|---|---:|---:|---:|---:|---:|---:|",
    ]
    for form in forms:
        lines.append(
            f"| {form['name']}{' (in the package)' if form['name'] == quants['kept'] else ''} | {form['bytes'] / 1e6:.1f} | {form['bits']:.2f} "
            f"| {form['exact_match']['value']:.3f} | {form['perplexity']:.4f} | {form['divergence']:.5f} | {form['agreement']:.4f} |"
        )
    highest = max(canary["exposure"] for canary in memory["canaries"])
    recited = sum(canary["recited"] for canary in memory["canaries"])
    lines += [
        "",
        f"The merged model differs from the trained one by {model['parity']['divergence']:.1e} nats on {model['parity']['tokens']:,} tokens; the chat template is byte for byte the base's in every form. "
        f"Validation loss by epoch: {', '.join(f'{loss:.4f}' for loss in model['validation'])}; epoch {model['best']} was kept.",
        "",
        f"Memorisation: of {len(memory['canaries'])} made-up secrets, each told once an epoch, {recited} can be recited; the highest exposure is {highest:.2f} bits of "
        f"{(memory['candidates'] + 1).bit_length() - 1}. Of {memory['personal']} personal values that protection left in the training messages, {memory['extracted']} came out of {memory['tried']} prompts that did not hold them.",
        "",
        f"## {fresh} other messages",
        "",
        f"`ingot eval` of the package against the untrained base with the same words of the system, on {fresh} messages of another seed, names as they are:",
        "",
        "| | package | base | only package right | only base right |",
        "|---|---:|---:|---:|---:|",
    ]
    titles = {"exact_match": "exact match"}
    for one, other, both in zip(asked["figures"], asked["against"], asked["side_by_side"]):
        name = titles.get(one["name"], one["name"].replace("field:", "member "))
        lines.append(f"| {name} | {share(one)} | {share(other)} | {both['only_first']} | {both['only_second']} |")
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    main()
