"""Parts `clean`, `train` and `explain`: the work of a table."""

import csv

from harness import Contender, Failed, ingot_json, peer, run_once, take_turns, versions
from tables import TARGET, adult_parts, big_table

ROUNDS = 100
EXPLAINED = 5_000

RECIPE = """[project]
name = "bench"
version = "1.0.0"
task = "tabular.regression"
target = "score"

[[source]]
name = "rows"
uri = "{source}"

[clean]
drop_missing = ["age", "income"]
keep = ["amount > 0", "rate < 0.9"]
outliers = [{{ column = "balance", method = "range", min = -3000.0, max = 3000.0, action = "clip" }}]
dedupe = {{ exact = true }}
"""


def fingerprint(path):
    """What two Parquet files with the same rows in any order share."""
    import polars

    rows = polars.scan_parquet(path)
    column = polars.col
    found = rows.select(
        column("id").len().alias("rows"),
        column("id").n_unique().alias("ids"),
        column("id").sum().alias("id_sum"),
        (column("amount") * 100).round().cast(polars.Int64).sum().alias("amount_cents"),
        (column("income") * 100).round().cast(polars.Int64).sum().alias("income_cents"),
        column("balance").min().alias("balance_min"),
        column("balance").max().alias("balance_max"),
        column("product").n_unique().alias("products"),
    )
    return found.collect().row(0, named=True)


def clean(options, work):
    source = big_table(options.cache, options.rows)
    recipe = work / "clean.toml"
    recipe.write_text(RECIPE.format(source=source), encoding="utf-8")
    ingot_json(options, "init", "--keys-only", project=work)
    ours = [options.ingot, "--json", "--project", work, "bench", "clean", recipe, "--output"]
    contenders = [
        Contender("Ingot", [*ours, work / "ingot.parquet", "--plain"]),
        Contender("Ingot, encrypted", [*ours, work / "encrypted.parquet"]),
        Contender("Polars", peer("clean.py", "polars", source, work / "polars.parquet")),
        Contender("DuckDB", peer("clean.py", "duckdb", source, work / "duckdb.parquet")),
    ]
    # Read once before, so that nobody pays for a cold disk.
    with open(source, "rb") as file:
        while file.read(1 << 24):
            pass
    figures = take_turns(contenders, options.runs)
    prints = {name: fingerprint(work / f"{name}.parquet") for name in ("ingot", "polars", "duckdb")}
    if len({tuple(found.items()) for found in prints.values()}) != 1:
        raise Failed(f"clean: the results differ, so the times mean nothing: {prints}")
    fastest = min(figures["Polars"]["seconds"], figures["DuckDB"]["seconds"])
    plain, encrypted = figures["Ingot"], figures["Ingot, encrypted"]
    return {
        "commands": ["ingot bench clean clean.toml --output clean.parquet [--plain]"],
        "peers": versions("polars", "duckdb"),
        "rows": options.rows,
        "rows_out": prints["ingot"]["rows"],
        "bytes": source.stat().st_size,
        "figures": figures,
        "results": [
            {"what": "seconds, Ingot / the faster peer", "value": plain["seconds"] / fastest, "wanted": "≤ 1.00"},
            {"what": "cost of encryption", "value": encrypted["seconds"] / plain["seconds"] - 1, "wanted": "≤ 0.10"},
            {"what": "largest peak memory of Ingot, MiB", "value": max(plain["peak_mib"], encrypted["peak_mib"]), "wanted": "≤ 1024"},
        ],
    }


def area_under_curve(model, rows, labels):
    import lightgbm
    import pandas
    from sklearn.metrics import roc_auc_score

    scores = lightgbm.Booster(model_file=str(model)).predict(pandas.read_csv(rows).to_numpy(dtype=float))
    return float(roc_auc_score(labels, scores))


def train(options, work):
    labels = adult_parts(options.cache, work)
    rows = work / "train.csv"
    ours = [options.ingot, "--json", "bench", "train", "--rows", rows, "--target", TARGET, "--rounds", ROUNDS]
    figures = take_turns(
        [
            Contender("Ingot", [*ours, "--output", work / "ingot.txt"]),
            Contender("LightGBM (Python)", peer("train.py", rows, TARGET, ROUNDS, work / "peer.txt")),
        ],
        options.runs,
    )
    figures["Ingot"]["auc"] = area_under_curve(work / "ingot.txt", work / "test.csv", labels)
    figures["LightGBM (Python)"]["auc"] = area_under_curve(work / "peer.txt", work / "test.csv", labels)
    one, other = figures["Ingot"], figures["LightGBM (Python)"]
    return {
        "commands": [f"ingot bench train --rows train.csv --target {TARGET} --rounds {ROUNDS} --output model.txt"],
        "peers": versions("lightgbm"),
        "rows": one["last"]["rows"],
        "figures": figures,
        "results": [
            {"what": "seconds, Ingot / LightGBM's Python package", "value": one["seconds"] / other["seconds"], "wanted": "≤ 1.10"},
            {"what": "area under the ROC curve, Ingot − peer", "value": one["auc"] - other["auc"], "wanted": "≥ 0"},
        ],
    }


def explain(options, work):
    import numpy

    adult_parts(options.cache, work)
    run_once(Contender("model", peer("train.py", work / "train.csv", TARGET, ROUNDS, work / "model.txt")))
    rows = work / "rows.csv"
    with open(work / "test.csv", encoding="utf-8", newline="") as source, open(rows, "w", encoding="utf-8", newline="") as target:
        lines = csv.reader(source)
        csv.writer(target, lineterminator="\n").writerows(line for _, line in zip(range(EXPLAINED + 1), lines))
    ours = [options.ingot, "--json", "bench", "explain", "--model", work / "model.txt", "--rows", rows]
    figures = take_turns(
        [
            Contender("Ingot", [*ours, "--output", work / "ingot.csv"]),
            Contender("shap TreeExplainer", peer("explain.py", work / "model.txt", rows, work / "shap.csv")),
        ],
        options.runs,
    )
    one, other = (numpy.loadtxt(work / name, delimiter=",", ndmin=2) for name in ("ingot.csv", "shap.csv"))
    # Ours may end with the base value.
    difference = float(numpy.abs(one[:, : other.shape[1]] - other).max())
    if difference > 1e-6:
        raise Failed(f"explain: the values differ by {difference}, so the times mean nothing")
    for found in figures.values():
        found["rows_per_second"] = found["last"]["rows"] / found["seconds"]
    return {
        "commands": ["ingot bench explain --model model.txt --rows rows.csv --output values.csv"],
        "peers": versions("shap", "lightgbm"),
        "rows": len(one),
        "figures": figures,
        "results": [
            {
                "what": "rows a second, Ingot / shap",
                "value": figures["Ingot"]["rows_per_second"] / figures["shap TreeExplainer"]["rows_per_second"],
                "wanted": "≥ 5",
            },
            {"what": "largest difference of any value", "value": difference, "wanted": "≤ 1e-6"},
        ],
    }
