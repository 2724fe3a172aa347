"""The service that a team would write: FastAPI, a pydantic model with every category and type, LightGBM's own library.

Needs BENCH_MODEL (LightGBM text) and BENCH_SIGNATURE (the package's signature as JSON). Runs under uvicorn with uvloop and
httptools, its fastest set-up.
"""

import json
import os
from typing import Literal, Optional

import lightgbm
import numpy
from fastapi import FastAPI
from pydantic import ConfigDict, Field, create_model

with open(os.environ["BENCH_SIGNATURE"], encoding="utf-8") as file:
    signature = json.load(file)
inputs, output = signature["inputs"], signature["output"]
model = lightgbm.Booster(model_file=os.environ["BENCH_MODEL"])
places = [{value: place for place, value in enumerate(field.get("values", []))} for field in inputs]


def kind(field):
    """A column's type. Columns may be called anything, so pydantic reads them by alias."""
    known = Literal[tuple(field["values"])] if field["kind"] == "category" else {"number": float, "boolean": bool}[field["kind"]]
    finite = {"allow_inf_nan": False} if field["kind"] == "number" else {}
    if field["nullable"]:
        return Optional[known], Field(None, alias=field["name"], **finite)
    return known, Field(..., alias=field["name"], **finite)


Row = create_model("Row", __config__=ConfigDict(extra="forbid"), **{f"f{place}": kind(field) for place, field in enumerate(inputs)})
app = FastAPI()


@app.get("/readyz")
def ready():
    return {}


@app.post("/api/predict")
def predict(row: Row):
    values = numpy.empty((1, len(inputs)))
    for place, known in enumerate(places):
        value = getattr(row, f"f{place}")
        values[0, place] = numpy.nan if value is None else known[value] if known else float(value)
    score = float(model.predict(values, num_threads=1)[0])
    label = output["positive"] if score >= output["threshold"] else output["negative"]
    return {"model": "credit-risk", "version": "1.0.0", "predictions": [{"label": label, "score": score}]}
