"""Steps of an adapter by Ingot and by PyTorch + PEFT, in turns: losses, seconds, memory. See bench/language.sh."""

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

import harness

HERE = Path(__file__).parent


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--program", type=Path, required=True)
    parser.add_argument("--model", type=Path, required=True)
    parser.add_argument("--steps", type=int, default=20)
    parser.add_argument("--batch", type=int, default=8)
    parser.add_argument("--rounds", type=int, default=2)
    parser.add_argument("--page", type=Path)
    arguments = parser.parse_args()
    data = HERE.parent / "examples/assistant/support.jsonl"
    ours, theirs = [], []
    with tempfile.TemporaryDirectory() as folder:
        folder = Path(folder)
        for turn in range(arguments.rounds):
            environment = os.environ | ({"INGOT_STEPS_ONLY": "1"} if turn else {})
            command = [arguments.program, arguments.model, data, folder, str(arguments.steps), str(arguments.batch)]
            subprocess.run(command, check=True, env=environment, stdout=subprocess.DEVNULL)
            ours.append(json.loads((folder / "steps.json").read_text()))
            out = folder / "theirs.json"
            command = [sys.executable, HERE / "peers/language.py", folder, "--steps", str(arguments.steps), "--out", out]
            subprocess.run(command + ([] if turn else ["--scores"]), check=True, stdout=subprocess.DEVNULL)
            theirs.append(json.loads(out.read_text()))
    median = lambda runs: statistics.median(second for run in runs for second in run["seconds"][1:])
    peak = lambda runs: min(run["peak"] for run in runs) / 2**20
    facts = {
        "losses": max(run["losses_apart"] for run in theirs),
        "scores": theirs[0]["scores_apart"],
        "seconds": (median(ours), median(theirs)),
        "peak": (peak(ours), peak(theirs)),
    }
    page = f"""# Training of language models

Written by `bench/language.sh {arguments.steps}`: SmolLM2-135M-Instruct (its Q4_1 file, turned back into single precision), LoRA of rank 16 on all seven
matrices, batches of {arguments.batch} conversations of `examples/assistant`, AdamW, cosine, clipping at 1; PyTorch and PEFT with the same weights, first adapter and batches, two threads
each, in turns. {harness.there("torch", "transformers", "peft")}

| | Ingot | PyTorch + PEFT | ratio |
|---|---:|---:|---:|
| seconds a step, median | {facts["seconds"][0]:.3f} | {facts["seconds"][1]:.3f} | {facts["seconds"][0] / facts["seconds"][1]:.2f} |
| resident memory at its highest, MiB | {facts["peak"][0]:.0f} | {facts["peak"][1]:.0f} | {facts["peak"][0] / facts["peak"][1]:.2f} |

Losses of the first {arguments.steps} steps differ by at most {facts["losses"]:.1e}; scores of the base model by at most {facts["scores"]:.1e}.
"""
    print(page)
    if arguments.page:
        arguments.page.write_text(page)


if __name__ == "__main__":
    main()
