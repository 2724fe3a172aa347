"""Trains LightGBM through its Python package: train.py ROWS TARGET ROUNDS MODEL. Prints `{"seconds", "rows"}`."""

import json
import sys
import time

import lightgbm
import pandas

rows, target, rounds, model = sys.argv[1:]
table = pandas.read_csv(rows, keep_default_na=False)
labels = (table.pop(target) == ">50K").astype(int)
for name in table.columns:
    if not pandas.api.types.is_numeric_dtype(table[name]):
        table[name] = pandas.Categorical(table[name], categories=sorted(table[name].unique()))
# The same as `ingot bench train`.
params = {"objective": "binary", "num_threads": 2, "verbosity": -1, "seed": 42}
begun = time.perf_counter()
trained = lightgbm.train(params, lightgbm.Dataset(table, labels), num_boost_round=int(rounds))
seconds = time.perf_counter() - begun
trained.save_model(model)
print(json.dumps({"seconds": seconds, "rows": len(table)}))
