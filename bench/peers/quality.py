"""Peers of data quality. Prints `{"seconds", …}` of the work after the imports.

quality.py minhash CORPUS FOLDER         datatrove's MinHash in its four stages, 16 bands of 8, 5-grams, two workers
quality.py labels FOLDER CLASSES JOBS    cleanlab's find_label_issues on labels.u32 and probabilities.f64
"""

import json
import shutil
import statistics
import sys
import time
from pathlib import Path


def minhash(corpus, folder):
    from datatrove.executor import LocalPipelineExecutor
    from datatrove.pipeline.dedup import MinhashDedupSignature
    from datatrove.pipeline.dedup.minhash import (
        MinhashConfig,
        MinhashDedupBuckets,
        MinhashDedupCluster,
        MinhashDedupFilter,
    )
    from datatrove.pipeline.readers import JsonlReader
    from datatrove.pipeline.writers import JsonlWriter
    from datatrove.utils.logging import logger

    logger.remove()
    shutil.rmtree(folder, ignore_errors=True)
    config = MinhashConfig(n_grams=5, num_buckets=16, hashes_per_bucket=8)
    corpus = Path(corpus)
    reader = JsonlReader(str(corpus.parent), glob_pattern=corpus.name)
    stages = [
        (1, [reader, MinhashDedupSignature(f"{folder}/signatures", config=config)]),
        (16, [MinhashDedupBuckets(f"{folder}/signatures", f"{folder}/buckets", config=config)]),
        (1, [MinhashDedupCluster(f"{folder}/buckets", f"{folder}/remove", config=config)]),
        (1, [reader, MinhashDedupFilter(f"{folder}/remove"), JsonlWriter(f"{folder}/kept", compression=None)]),
    ]
    begun = time.perf_counter()
    for number, (tasks, steps) in enumerate(stages):
        LocalPipelineExecutor(
            steps, tasks=tasks, workers=min(tasks, 2), logging_dir=f"{folder}/logs/{number}", skip_completed=False
        ).run()
    seconds = time.perf_counter() - begun
    kept = [json.loads(line)["id"] for file in sorted(Path(folder, "kept").glob("*.jsonl")) for line in file.open()]
    return {"seconds": seconds, "kept": kept}


def labels(folder, classes, jobs):
    import numpy
    from cleanlab.filter import find_label_issues

    given = numpy.fromfile(f"{folder}/labels.u32", dtype="<u4").astype(int)
    probabilities = numpy.fromfile(f"{folder}/probabilities.f64", dtype="<f8").reshape(len(given), int(classes))
    times = []
    for _ in range(5):
        begun = time.perf_counter()
        found = find_label_issues(given, probabilities, return_indices_ranked_by="self_confidence", n_jobs=int(jobs))
        times.append(time.perf_counter() - begun)
    return {"seconds": statistics.median(times), "issues": found.tolist()}


if __name__ == "__main__":
    print(json.dumps({"minhash": minhash, "labels": labels}[sys.argv[1]](*sys.argv[2:])))
