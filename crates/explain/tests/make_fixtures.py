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
