"""Memory and time of `ingot prepare` on a large table with personal columns and free text."""

import argparse
import datetime
import os
import random
import subprocess
import sys
import tempfile
from pathlib import Path

RECIPE = """[project]
name = "scale"
task = "tabular.binary"
target = "late"
seed = 7

[[source]]
name = "rows"
uri = "{path}"

[clean]
drop_missing = ["amount"]
keep = ["amount > 0"]
outliers = [{{ column = "income", method = "quantile", factor = 0.001, action = "clip" }}]
dedupe = {{ exact = true }}

[protect]
columns = [
  {{ name = "client", action = "encrypt" }},
  {{ name = "name", action = "hash" }},
  {{ name = "phone", action = "mask", keep_start = 3, keep_end = 4 }},
]
text = {{ columns = ["note"], action = "replace" }}

[split]
test = 0.2
"""
FAMILY = "王李张刘陈杨黄赵吴周徐孙马朱胡郭何高林罗"
GIVEN = "伟芳娜敏静丽强磊军洋勇艳杰娟涛明超秀霞平刚桂英华"
NOTES = [
    "客户{name}来电，要求将还款日改到每月{day}日，回拨{phone}。",
    "逾期{day}天，已短信提醒。",
    "Called back about the card ending {day}; no answer.",
    "Please write to {mail} before the {day}th.",
    "资料齐全，等待复核。",
    "身份证{id}已核验，工资流水正常。",
    "The customer asked for a copy of the contract.",
    "",
]


def resident(rng):
    """A resident number with the right check digit (GB 11643)."""
    body = f"11010{rng.randrange(1, 10)}{rng.randrange(1950, 2005)}{rng.randrange(1, 13):02}{rng.randrange(1, 29):02}{rng.randrange(1000):03}"
    weights = [7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2]
    total = sum(int(digit) * weight for digit, weight in zip(body, weights, strict=True))
    return body + "10X98765432"[total % 11]


def table(path, rows):
    """The rows, from a fixed seed; every cell is made up."""
    rng = random.Random(11)
    pool = []
    for number in range(200_000):
        name = rng.choice(FAMILY) + "".join(rng.choice(GIVEN) for _ in range(rng.choice((1, 2, 2))))
        phone = f"1{rng.choice('3578')}{rng.randrange(10):1}{rng.randrange(10**8):08}"
        note = rng.choice(NOTES).format(
            name=name, phone=phone, day=rng.randrange(1, 29), mail=f"c{number}@example.com", id=resident(rng)
        )
        pool.append(f'{name},{phone},"{note}"')
    spare = path.with_suffix(".part")
    with spare.open("w", encoding="utf-8") as file:
        file.write("client,name,phone,note,age,income,amount,term,rate,late\n")
        for number in range(rows):
            amount = rng.randrange(-200, 100_000)
            file.write(
                f"C{number:08},{pool[rng.randrange(len(pool))]},{rng.randrange(18, 80)},{rng.randrange(2_000, 90_000)},{amount},"
                f"{rng.choice((6, 12, 24, 36))},{rng.random():.4f},{int(rng.random() < 0.2)}\n"
            )
    spare.rename(path)


def main():
    words = argparse.ArgumentParser(description=__doc__)
    words.add_argument("--ingot", required=True)
    words.add_argument("--cache", required=True)
    words.add_argument("--page", required=True)
    words.add_argument("--rows", type=int, default=10_000_000)
    options = words.parse_args()
    data = Path(options.cache) / f"scale-{options.rows}.csv"
    data.parent.mkdir(parents=True, exist_ok=True)
    if not data.exists():
        table(data, options.rows)
    with tempfile.TemporaryDirectory(dir=options.cache) as name:
        folder = Path(name)
        (folder / "ingot.toml").write_text(RECIPE.format(path=data), encoding="utf-8")
        lean = Path(__file__).with_name("lean.py")
        command = [sys.executable, lean, folder / "figures", options.ingot, "--json", "--quiet", "prepare"]
        with (folder / "out.json").open("wb") as out:
            subprocess.run(command, check=True, cwd=folder, stdout=out)
        wall, code, peak = (folder / "figures").read_text().split()
        if int(code) != 0:
            sys.exit(f"bench: ingot prepare ended {code}")
        size = sum(file.stat().st_size for file in (folder / ".ingot").rglob("*.parquet"))
    processor = next((line.split(":", 1)[1].strip() for line in open("/proc/cpuinfo") if line.startswith("model name")), "?")
    page = [
        "# Benchmarks of scale",
        "",
        "Written by `bench/scale.sh`; do not edit.",
        "",
        f"{options.rows:,} rows × 10 columns of CSV ({data.stat().st_size / 2**20:,.0f} MiB, made up from a fixed seed): `ingot prepare` drops rows "
        "with missing or negative amounts, clips a column at measured quantiles, drops exact duplicates, encrypts, hashes and masks three "
        "personal columns, replaces what the detectors and taggers find in a column of Chinese and English notes, splits, and writes "
        "every table encrypted.",
        "",
        "| figure | measured | wanted |",
        "|---|---:|---:|",
        f"| peak memory, MiB | **{float(peak):,.0f}** | ≤ 2,048 |",
        f"| rows a second, from CSV to encrypted training and test tables | **{options.rows / float(wall):,.0f}** |  |",
        f"| MiB of encrypted tables written | **{size / 2**20:,.0f}** |  |",
        "",
        f"{os.cpu_count()} cores of {processor}; {datetime.date.today()}.",
    ]
    Path(options.page).write_text("\n".join(page) + "\n", encoding="utf-8")
    print("\n".join(page))


main()
