"""Pictures: Ingot against PyTorch from a folder to a measured head, and its server against a bare loop. See bench/vision.sh."""

import argparse
import json
import os
import re
import socket
import subprocess
import sys
import tempfile
import time
from pathlib import Path

RECIPE = """[project]
name = "photos"
task = "image.classify"
target = "label"

[[source]]
name = "photos"
uri = "{photos}"
format = "images"

[split]
test = 0.2
stratify = true

[train]
head = {{ epochs = {epochs}, batch = 32 }}
"""

# The gate lets through what misses the aim: the page is to say by how much.
COMPRESS = {
    "int8": '[compress]\nquantize = "int8"\n',
    "channels": "[compress]\nprune = { channels = 0.5 }\ndistill = {}\ntolerance = { metric = 0.2, agreement = 0.5 }\n",
}

LUA = """wrk.method = "POST"
local file = io.open(os.getenv("PICTURE"), "rb")
wrk.body = file:read("*a")
file:close()
wrk.headers["Content-Type"] = "image/jpeg"
wrk.headers["Authorization"] = "Bearer " .. os.getenv("KEY")
"""


def timed(command, folder):
    begun = time.time()
    out = subprocess.run(command, cwd=folder, check=True, capture_output=True, text=True).stdout
    return time.time() - begun, out


def serve(ingot, folder, picture):
    """Answers a second of the governed server with 16 clients that each send one JPEG file after the other."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        address = f"127.0.0.1:{probe.getsockname()[1]}"
    key = json.loads(timed([ingot, "--json", "key", "create", "--name", "bench", "--expires-days", "1"], folder)[1])["key"]
    package = next((folder / "dist").glob("*.ingot"))
    server = subprocess.Popen(
        [ingot, "serve", package, "--listen", address], cwd=folder, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    try:
        for _ in range(100):
            with socket.socket() as probe:
                if probe.connect_ex(tuple((address.split(":")[0], int(address.split(":")[1])))) == 0:
                    break
            time.sleep(0.1)
        (folder / "picture.lua").write_text(LUA)
        words = ["wrk", "-t1", "-c16", "-d8", "-s", "picture.lua", f"http://{address}/api/predict"]
        environment = os.environ | {"KEY": key, "PICTURE": str(picture)}
        said = subprocess.run(words, cwd=folder, env=environment, check=True, capture_output=True, text=True).stdout
        if "Non-2xx" in said:
            sys.exit("bench: some answers failed\n" + said)
        return float(re.search(r"Requests/sec:\s+([\d.]+)", said)[1])
    finally:
        server.terminate()
        server.wait()


def main():
    words = argparse.ArgumentParser(description=__doc__)
    for name in ("ingot", "cache", "page"):
        words.add_argument(f"--{name}", required=True)
    words.add_argument("photos", type=Path)
    options = words.parse_args()
    photos = options.photos.resolve()
    weights = Path(options.cache) / "models/mobilenet-v2/mobilenet_v2-b0353104.pth"
    peer = lambda *words: json.loads(
        subprocess.run([sys.executable, "bench/peers/vision.py", *map(str, words)], check=True, capture_output=True, text=True).stdout
    )
    picture = sorted(photos.glob("*/*.jpg"))[2]
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "ingot.toml").write_text(RECIPE.format(photos=photos, epochs=5))
        first, out = timed([options.ingot, "--json", "run"], folder)
        found = json.loads(out)["model"]
        accuracy = next(m["value"] for m in found["metrics"] if m["name"] == "accuracy")
        model = next((folder / ".ingot/train").glob("*/model.onnx"))
        parity = peer("parity", photos, weights, model)
        rounds = [(serve(options.ingot, folder, picture), peer("loop", picture, model)["per_second"]) for _ in range(3)]
        ratio = sorted(own / bare for own, bare in rounds)[1]
        (folder / "ingot.toml").write_text(RECIPE.format(photos=photos, epochs=6))
        again, _ = timed([options.ingot, "--quiet", "run"], folder)
        small = {}
        for kind, more in COMPRESS.items():
            recipe = RECIPE.format(photos=photos, epochs=5) + more
            if "distill" in more:
                # Validation rows say whether what was learnt is any good.
                recipe = recipe.replace("test = 0.2", "test = 0.2\nvalidation = 0.15")
            (folder / "ingot.toml").write_text(recipe)
            forms = json.loads(timed([options.ingot, "--json", "run"], folder)[1])["compression"]["forms"]
            small[kind] = forms[0], forms[-1]
            if kind == "int8":
                model = max((folder / ".ingot/compress").glob("*/model.onnx"), key=lambda path: path.stat().st_mtime)
                rounds = [(serve(options.ingot, folder, picture), peer("loop", picture, model)["per_second"]) for _ in range(3)]
                small_ratio = sorted(own / bare for own, bare in rounds)[1]
        (folder / "graphs").mkdir()
        thousand = json.loads(timed([options.ingot, "bench", "network", "--photos", photos, "--output", folder / "graphs"], folder)[1])
        (folder / "shown.json").write_text(json.dumps(thousand["shown"]))
        ends = peer("ends", weights, folder / "shown.json")
        thousand = thousand["forms"]
    ratio_of = lambda kind, name: small[kind][1][name] / small[kind][0][name]
    lost = lambda kind: small[kind][0]["accuracy"] - small[kind][1]["accuracy"]
    before, after = thousand[0], next(form for form in thousand if form["form"] == "int8 percentile")
    kept, anew = peer("kept", photos, weights), peer("anew", photos, weights)
    rows = [
        ("seconds, PyTorch that keeps the features / Ingot, from the folder to a measured head", kept["seconds"] / first, "≥ 4"),
        ("seconds, PyTorch that makes them anew in each epoch / Ingot", anew["seconds"] / first, "≥ 4"),
        ("seconds of a second run with another head", again, "≤ 3"),
        ("accuracy of Ingot on its test pictures", accuracy, "≥ .97"),
        ("accuracy of PyTorch on its own (kept, anew)", f"{kept['accuracy']:.3f}, {anew['accuracy']:.3f}", ""),
        (f"largest difference of logits to torchvision's on the same pixels, {parity['pictures']} pictures", f"{parity['logits_difference']:.1e}", "≤ 1e-3"),
        (f"from JPEG files on, {ends['pictures']} pictures: largest difference of the 1,000 logits to Pillow's and torchvision's", f"{ends['logits_difference']:.2g}", ""),
        ("the same: largest and mean difference of pixels, in steps of 255", f"{ends['steps']}, {ends['mean_steps']:.3f}", ""),
        ("pictures a second, server with keys and metering / bare loop, 16 clients, median of three", ratio, "≥ .90"),
        ("int8: size of its graph / of the trained one's", ratio_of("int8", "bytes"), "≤ .30"),
        ("int8: time of a picture / of the trained one's, in turn", ratio_of("int8", "milliseconds"), "≤ .50"),
        ("int8: accuracy lost on the test pictures", f"{lost('int8'):.3f}", "≤ .01"),
        ("int8: test pictures answered as before", small["int8"][1]["agreement"], "≥ .92"),
        ("int8: rank agreement of class activation maps", small["int8"][1]["maps"], ""),
        (f"int8 with the 1,000 ImageNet classes, {after['pictures']} photographs: answered as before", after["agreement"], "≥ .92"),
        ("int8 with the 1,000 classes: size, time / of the original's", f"{after['bytes'] / before['bytes']:.3f}, {after['milliseconds'] / before['milliseconds']:.3f}", "≤ .30, ≤ .50"),
        ("half of the arithmetic between convolutions pruned, the rest distilled: time / of the trained one's", ratio_of("channels", "milliseconds"), "≤ .60"),
        ("the same: accuracy lost on the test pictures", f"{lost('channels'):.3f}", "≤ .02"),
        ("int8: pictures a second, server / bare loop, 16 clients, median of three", small_ratio, "≥ .90"),
    ]
    shown = lambda value: value if isinstance(value, str) else f"{value:.3g}"
    page = ["# Benchmarks of pictures", "", "Written by `bench/vision.sh PHOTOS`.", ""]
    page += [f"{sum(1 for _ in photos.glob('*/*.jpg'))} photographs in {sum(1 for _ in photos.iterdir())} classes, "
             f"{os.cpu_count()} cores. Frozen MobileNetV2, one dense layer, 5 epochs of 32, Adam at 0.001.", ""]
    page += ["| figure | measured | wanted |", "|---|---:|---:|"]
    page += [f"| {name} | **{shown(value)}** | {wanted} |" for name, value, wanted in rows]
    Path(options.page).write_text("\n".join(page) + "\n")
    print("\n".join(page))


main()
