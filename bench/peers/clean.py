"""Cleans the big table with Polars or DuckDB: clean.py polars|duckdb SOURCE OUTPUT. Prints `{"seconds", "rows"}`."""

import json
import sys
import time

LOW, HIGH = -3000.0, 3000.0


def polars_clean(source, output):
    import polars as pl

    begun = time.perf_counter()
    (
        pl.scan_csv(source, try_parse_dates=True)
        .drop_nulls(["age", "income"])
        .filter((pl.col("amount") > 0) & (pl.col("rate") < 0.9))
        .with_columns(pl.col("balance").clip(LOW, HIGH))
        .unique(maintain_order=False)
        .sink_parquet(output, compression="zstd", compression_level=1)
    )
    return time.perf_counter() - begun


def duckdb_clean(source, output):
    import duckdb

    begun = time.perf_counter()
    base = duckdb.connect()
    base.execute("set preserve_insertion_order = false")
    base.execute(
        f"copy (select distinct * replace (greatest(least(balance, {HIGH}), {LOW}) as balance) from read_csv('{source}') "
        "where age is not null and income is not null and amount > 0 and rate < 0.9) "
        f"to '{output}' (format parquet, compression zstd, compression_level 1)"
    )
    return time.perf_counter() - begun


def main():
    engine, source, output = sys.argv[1:]
    seconds = {"polars": polars_clean, "duckdb": duckdb_clean}[engine](source, output)
    print(json.dumps({"seconds": seconds}))


main()
