"""The service that a team would write: FastAPI, pydantic with every category and range of types, LightGBM's own library.

Needs BENCH_MODEL (LightGBM text) and BENCH_SIGNATURE (JSON, as `ingot --json inspect` gives it).
"""

import json
import os
from typing import Literal, Optional

import lightgbm
import numpy
from fastapi import FastAPI
from pydantic import ConfigDict, create_model

signature = json.load(open(os.environ["BENCH_SIGNATURE"]))
model = lightgbm.Booster(model_file=os.environ["BENCH_MODEL"])
inputs = signature["inputs"]
indices = [{value: at for at, value in enumerate(field.get("values", []))} for field in inputs]


def kind(field):
    known = {"number": float, "boolean": bool}.get(field["kind"]) or Literal[tuple(field["values"])]
    return (Optional[known], None) if field["nullable"] else (known, ...)


# Columns may be called anything; pydantic reads them by alias.
Row = create_model("Row", __config__=ConfigDict(extra="forbid", strict=False), **{field["name"]: kind(field) for field in inputs})
app = FastAPI()


@app.get("/readyz")
def ready():
    return {}


@app.post("/api/predict")
def predict(row: Row):
    values = numpy.empty((1, len(inputs)))
    for at, field in enumerate(inputs):
        value = getattr(row, field["name"])
        values[0, at] = numpy.nan if value is None else indices[at][value] if indices[at] else float(value)
    return {"predictions": [{"score": float(model.predict(values, num_threads=1)[0])}]}
