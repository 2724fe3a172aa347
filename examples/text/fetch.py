"""Makes data/reviews.csv: sentences of film reviews with the opinion that readers found in them.

    python3 examples/text/fetch.py [FOLDER]

The sentences are in the sources of the PyPI package `vaderSentiment` 3.3.2 (MIT licence; Hutto, C.J. & Gilbert, E.E. 2014, with
sentences of Pang & Lee 2005): each was rated by twenty readers from -4 to 4. The opinion is the sign of their mean. Standard library
only; the package comes through the user's own pip and is checked by its SHA-256.
"""

import csv
import hashlib
import io
import subprocess
import sys
import tarfile
import tempfile
from pathlib import Path

PACKAGE = "vaderSentiment==3.3.2"
SHA256 = "5d7c06e027fc8b99238edb0d53d970cf97066ef97654009890b83703849632f9"
INNER = "vaderSentiment-3.3.2/additional_resources/hutto_ICWSM_2014.tar.gz"
FILE = "hutto_ICWSM_2014/movieReviewSnippets_GroundTruth.txt"


def fetch():
    """The package's source archive, checked."""
    with tempfile.TemporaryDirectory() as folder:
        words = ["download", "--quiet", "--no-deps", "--no-binary", ":all:", "--dest", folder, PACKAGE]
        subprocess.run([sys.executable, "-m", "pip", *words], check=True, stdout=subprocess.DEVNULL)
        data = next(Path(folder).glob("*.tar.gz")).read_bytes()
    if hashlib.sha256(data).hexdigest() != SHA256:
        sys.exit(f"{PACKAGE}: this is not the published file")
    return data


def main():
    target = Path(sys.argv[1] if len(sys.argv) > 1 else Path(__file__).parent / "data") / "reviews.csv"
    with tarfile.open(fileobj=io.BytesIO(fetch())) as outer:
        with tarfile.open(fileobj=outer.extractfile(INNER)) as inner:
            lines = inner.extractfile(FILE).read().decode("utf-8").splitlines()
    rows = [line.split("\t", 2) for line in lines if line.count("\t") >= 2]
    target.parent.mkdir(parents=True, exist_ok=True)
    with target.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(["review", "opinion"])
        # A mean of zero is no opinion.
        for _, rating, text in rows:
            if float(rating) != 0:
                writer.writerow([text.strip(), "positive" if float(rating) > 0 else "negative"])
    print(f"{target}: {len(rows)} sentences read")


main()
