"""A coverage-guided fuzzer (atheris, libFuzzer) on what reads `features` and `labels`: part of `make fuzz`.

    PYTHONPATH=tests python tests/fuzz/codecs.py -max_total_time=120

It begins with the records of tests/poison.py; the options are libFuzzer's. A record on which a reading fails,
or takes what was not written, ends it with exit code 77 and is written to crash-… in the current folder.
"""

import sys
import tempfile
from pathlib import Path

import atheris

with atheris.instrument_imports(include=["events", "as_written"]):
    from as_written import event_is_as_written, label_is_as_written, readings_agree
    from poison import AMOUNTS, EVENTS, TRUTHS

CORPUS_BYTES = 4_096
"""Longer records are the corpus' own affair: a fuzzer learns from short ones."""


def one(value: bytes) -> None:
    """Ask everything of one record."""
    event_is_as_written(value)
    readings_agree(value)
    label_is_as_written(value, "classification")
    label_is_as_written(value, "regression")


def main() -> None:
    """Fuzz until libFuzzer ends the process."""
    with tempfile.TemporaryDirectory(prefix="fuzz-") as folder:
        for i, odd in enumerate([*EVENTS, *TRUTHS, *AMOUNTS]):
            if odd.value is not None and len(odd.value) <= CORPUS_BYTES:
                Path(folder, str(i)).write_bytes(odd.value)
        atheris.Setup([*sys.argv, f"-max_len={CORPUS_BYTES}", folder], one)
        atheris.Fuzz()


if __name__ == "__main__":
    main()
