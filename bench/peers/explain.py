"""Explains rows with shap's TreeExplainer: explain.py MODEL ROWS VALUES. Prints `{"seconds", "rows"}`."""

import json
import sys
import time

import lightgbm
import numpy
import pandas
import shap

model, rows, output = sys.argv[1:]
table = pandas.read_csv(rows).to_numpy(dtype=float)
booster = lightgbm.Booster(model_file=model)
begun = time.perf_counter()
values = shap.TreeExplainer(booster).shap_values(table)
seconds = time.perf_counter() - begun
# Some versions answer for both classes; the positive one is last, whichever axis classes are on.
values = values[-1] if isinstance(values, list) else values
values = values[..., -1] if values.ndim == 3 else values
numpy.savetxt(output, values, delimiter=",", fmt="%.17g")
print(json.dumps({"seconds": seconds, "rows": len(table)}))
