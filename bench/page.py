"""The page docs/benchmarks.md, from the figures in docs/benchmarks.json."""

TITLES = {
    "clean": "Cleaning a table",
    "train": "Training",
    "explain": "Explaining",
    "serve": "Serving",
    "coldstart": "Cold start",
}
COLUMNS = {
    "clean": [("seconds", "seconds"), ("peak MiB", "peak_mib")],
    "train": [("seconds", "seconds"), ("AUC on the test rows", "auc"), ("peak MiB", "peak_mib")],
    "explain": [("rows a second", "rows_per_second"), ("peak MiB", "peak_mib")],
    "serve": [("requests a second", "per_second"), ("p50 ms", "p50_ms"), ("p99 ms", "p99_ms"), ("peak MiB", "peak_mib")],
    "coldstart": [("ms to the first answer", "first_answer_ms")],
}


def about(part, found):
    """What was done, in a sentence or three."""
    if part == "clean":
        return (
            f"{found['rows']:,} rows × 12 columns of CSV ({found['bytes'] / 2**20:,.0f} MiB, from a fixed seed): drop rows with a missing "
            "value in two columns, two predicates, clip one column at fixed bounds, exact dedup, zstd Parquet. "
            f"{found['rows_out']:,} rows remain; counts, sums and extremes of the results were equal before times were compared. "
            "Ingot also writes each row's source and number, profiles every column before and after, and counts every rule. "
            "The peers' time begins after their imports."
        )
    if part == "train":
        return (
            f"Adult (UCI), {found['rows']:,} rows to train on and a fifth aside, 100 rounds, LightGBM's defaults, 2 threads, seed 42. "
            "Time: building the data set and training; reading the file is outside on both sides."
        )
    if part == "explain":
        return f"{found['rows']:,} rows of Adult, a model of 100 trees, exact Shapley values of every feature."
    if part == "serve":
        return (
            f"One row a request, a model of {found['model']['trees']} trees with {found['model']['leaves']:,} leaves, 64 connections, a "
            "hundred different applicants in turn, client and server on the same machine. Ingot "
            "checks the API key, validates every field, records usage durably and keeps metrics; `--ungoverned` leaves key and "
            "usage out. The FastAPI service has the same trees and pydantic types for every field, and neither keys, metering nor metrics."
        )
    return "From starting the process to its first answer 200 to `POST /api/predict`; median of five starts, taking turns."


def number(value):
    if abs(value) >= 1000:
        return f"{value:,.0f}"
    if 0 < abs(value) < 1e-3:
        return f"{value:.1e}"
    return f"{value:.4f}".rstrip("0").rstrip(".") if abs(value) < 1 else f"{value:.3g}" if abs(value) < 100 else f"{value:.0f}"


def section(part, found):
    lines = [f"## {TITLES[part]}", "", about(part, found), ""]
    lines += ["| | " + " | ".join(title for title, _ in COLUMNS[part]) + " |", "|---" + "|---:" * len(COLUMNS[part]) + "|"]
    for name, figures in found["figures"].items():
        lines.append(f"| {name} | " + " | ".join(number(figures[key]) for _, key in COLUMNS[part]) + " |")
    lines += ["", "| result | measured | wanted |", "|---|---:|---:|"]
    lines += [f"| {one['what']} | **{number(one['value'])}** | {one['wanted']} |" for one in found["results"]]
    peers = ", ".join(f"{name} {version}" for name, version in found["peers"].items())
    machine = found["machine"]
    lines += ["", *(f"    {command}" for command in found["commands"]), ""]
    lines += [
        f"Peers: {peers}; Python {machine['python']}. {found['runs']} runs. "
        f"{machine['cores']} cores of {machine['processor']}, {machine['memory_gib']} GiB, {machine['system']}; {found['date']}.",
        "",
    ]
    return "\n".join(lines)


HEAD = """# Benchmarks

Written by `make bench` (`bench/run.sh`); do not edit. Ingot and its peers take turns on one machine in one run; a figure is the median
of the runs, memory the largest resident set. Every figure of every run is in [benchmarks.json](benchmarks.json). The program is
the build of `make demo`: optimised, without link-time optimisation. One part alone: `bench/run.sh clean`.

"""


def write(parts):
    return HEAD + "\n".join(section(part, parts[part]) for part in TITLES if part in parts)
