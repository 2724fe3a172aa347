"""Makes the fixtures of the parity test: models of LightGBM with its own contributions (`pip install lightgbm==4.7.0`)."""

import json
import pathlib

import lightgbm
import numpy

FOLDER = pathlib.Path(__file__).parent / "fixtures"


def table(rows, generator):
    x = generator.normal(size=(rows, 6))
    x[:, 1] = generator.integers(0, 12, rows)
    x[:, 4] = generator.integers(0, 3, rows)
    x[generator.random((rows, 6)) < 0.08] = numpy.nan
    return x


def make(name, objective, classes=1, **more):
    generator = numpy.random.default_rng(7)
    x = table(1500, generator)
    signal = numpy.nan_to_num(x[:, 0]) + (numpy.nan_to_num(x[:, 1]) % 3) - numpy.nan_to_num(x[:, 2] * x[:, 3])
    signal += generator.normal(size=len(x)) * 0.3
    if classes > 1:
        y = numpy.digitize(signal, numpy.quantile(signal, [0.33, 0.66]))
        more["num_class"] = classes
    else:
        y = (signal > 0.5).astype(float) if objective == "binary" else signal
    params = {"objective": objective, "num_leaves": 15, "verbose": -1, "seed": 1, "num_threads": 1, "deterministic": True, **more}
    booster = lightgbm.train(params, lightgbm.Dataset(x, y, categorical_feature=[1]), 12)
    rows = table(40, generator)
    rows[0] = 0.0
    rows[1] = numpy.nan
    rows[2, 1] = 99.0
    wanted = booster.predict(rows, pred_contrib=True)
    (FOLDER / f"{name}.txt").write_text(booster.model_to_string())
    rows = [[None if numpy.isnan(v) else v for v in row] for row in rows.tolist()]
    (FOLDER / f"{name}.json").write_text(json.dumps({"rows": rows, "wanted": wanted.tolist()}))


make("binary", "binary")
make("multiclass", "multiclass", classes=3)
make("regression", "regression")
make("zero_missing", "binary", zero_as_missing=True)
make("no_missing", "regression", use_missing=False)


def credit():
    """A model of German credit (UCI, CC BY 4.0) with the names of verticals/finance: what a person reads."""
    import csv
    import tomllib

    vertical = pathlib.Path(__file__).parents[3] / "verticals" / "finance"
    recipe = tomllib.loads((vertical / "ingot.toml").read_text())
    titles = recipe["explain"]["titles"]
    hidden = {*recipe["train"]["exclude"], "customer_id", "name", "birthday", "note", "risk"}
    with (vertical / "data" / "german_credit.csv").open() as file:
        table = list(csv.DictReader(file))
    names = [name for name in table[0] if name not in hidden]
    inputs, columns, categorical = [], [], []
    for at, name in enumerate(names):
        words = [row[name] for row in table]
        field = {"name": name, "title": titles[name], "nullable": False}
        if all(word.isdigit() for word in words):
            numbers = [int(word) for word in words]
            field |= {"kind": "number", "min": min(numbers), "max": max(numbers), "integer": True}
        else:
            values = sorted(set(words))
            numbers = [values.index(word) for word in words]
            field |= {"kind": "category", "values": values}
            categorical.append(at)
        inputs.append(field)
        columns.append(numbers)
    x = numpy.array(columns, dtype=float).T
    y = numpy.array([float(row["risk"] == "bad") for row in table])
    params = {"objective": "binary", "num_leaves": 8, "learning_rate": 0.08, "min_data_in_leaf": 15, "cat_smooth": 20, "verbose": -1, "seed": 1, "num_threads": 1, "deterministic": True}
    booster = lightgbm.train(params, lightgbm.Dataset(x[:700], y[:700], categorical_feature=categorical), 40)
    output = {"kind": "binary", "target": "risk", "positive": "bad", "negative": "good", "threshold": 0.3}
    (FOLDER / "credit.txt").write_text(booster.model_to_string())
    document = {
        "signature": {"task": "tabular.binary", "inputs": inputs, "output": output},
        "train": x[:400].astype(int).tolist(),
        "train_labels": y[:400].astype(int).tolist(),
        "test": x[700:].astype(int).tolist(),
        "labels": y[700:].astype(int).tolist(),
    }
    (FOLDER / "credit.json").write_text(json.dumps(document, ensure_ascii=False))


credit()
