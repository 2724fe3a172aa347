"""The same work done by others, each in a process of its own: prints one JSON document."""

import json
import sys
import time


def clean_polars(source, output):
    import polars as pl

    begun = time.perf_counter()
    table = pl.scan_csv(source).drop_nulls(["age", "income"]).filter((pl.col("amount") > 0) & (pl.col("rate") < 0.5))
    low, high = table.select(
        pl.col("balance").quantile(0.25, "linear").alias("low"), pl.col("balance").quantile(0.75, "linear").alias("high")
    ).collect(engine="streaming").row(0)
    margin = 3.0 * (high - low)
    result = table.with_columns(pl.col("balance").clip(low - margin, high + margin)).unique().collect(engine="streaming")
    result.write_parquet(output, compression="zstd")
    return {"seconds": time.perf_counter() - begun, "rows": result.height}


def clean_duckdb(source, output):
    import duckdb

    begun = time.perf_counter()
    base = duckdb.connect()
    base.execute(
        f"create view kept as select * from read_csv('{source}') "
        "where age is not null and income is not null and amount > 0 and rate < 0.5"
    )
    low, high = base.execute("select quantile_cont(balance, 0.25), quantile_cont(balance, 0.75) from kept").fetchone()
    margin = 3.0 * (high - low)
    base.execute(
        f"copy (select distinct * replace (greatest(least(balance, {high + margin}), {low - margin}) as balance) from kept) "
        f"to '{output}' (format parquet, compression zstd)"
    )
    seconds = time.perf_counter() - begun
    rows = base.execute(f"select count(*) from '{output}'").fetchone()[0]
    return {"seconds": seconds, "rows": rows}


def train(rows, output, rounds):
    import lightgbm
    import pandas

    table = pandas.read_csv(rows, keep_default_na=False)
    labels = (table.pop("income-per-year") == ">50K").astype(int)
    for name in table.select_dtypes(["object", "string"]):
        table[name] = pandas.Categorical(table[name], categories=sorted(table[name].unique()))
    begun = time.perf_counter()
    data = lightgbm.Dataset(table, labels)
    model = lightgbm.train({"objective": "binary", "verbosity": -1, "seed": 42}, data, num_boost_round=int(rounds))
    seconds = time.perf_counter() - begun
    model.save_model(output)
    return {"seconds": seconds, "rows": len(table)}


def explain(model, rows, output):
    import lightgbm
    import numpy
    import shap

    table = numpy.loadtxt(rows, delimiter=",", skiprows=1)
    explainer = shap.TreeExplainer(lightgbm.Booster(model_file=model))
    begun = time.perf_counter()
    values = explainer.shap_values(table)
    seconds = time.perf_counter() - begun
    values = numpy.asarray(values)
    if values.ndim == 3:
        # One matrix a class: the positive one is last, whichever axis this version puts classes on.
        values = values[-1] if values.shape[0] == 2 else values[..., -1]
    numpy.savetxt(output, values, delimiter=",", fmt="%.17g")
    return {"seconds": seconds, "rows": len(table)}


if __name__ == "__main__":
    work = {"clean-polars": clean_polars, "clean-duckdb": clean_duckdb, "train": train, "explain": explain}
    print(json.dumps(work[sys.argv[1]](*sys.argv[2:])))
