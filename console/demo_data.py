"""The demo's data: a real stream in which one sensor fails for a while."""

import csv
import gzip
from pathlib import Path

LABEL, SENSOR, DEAD = "anomaly", "f1", "0"


def written(folder: Path, failed: range) -> tuple[Path, Path]:
    """Two files in `folder`: the readings as they are, and with `SENSOR` dead in the rows of `failed`."""
    from river.datasets import Shuttle

    sound, broken = folder / "shuttle.csv", folder / "shuttle-sensor-fails.csv"
    with (
        gzip.open(Shuttle().path, "rt", encoding="utf-8", newline="") as source,
        sound.open("w", encoding="utf-8", newline="") as first,
        broken.open("w", encoding="utf-8", newline="") as second,
    ):
        rows = csv.DictReader(source)
        writers = [csv.DictWriter(file, rows.fieldnames or []) for file in (first, second)]
        for writer in writers:
            writer.writeheader()
        for number, row in enumerate(rows):
            writers[0].writerow(row)
            writers[1].writerow({**row, SENSOR: DEAD} if number in failed else row)
    return sound, broken
