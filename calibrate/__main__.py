"""Measure, print, and write docs/decisions.md: `python -m calibrate`; 1 where a target is missed."""

import argparse
import sys
from concurrent.futures import ProcessPoolExecutor
from datetime import UTC, datetime
from pathlib import Path
from time import monotonic

from calibrate.document import written
from calibrate.plan import measured

DOCUMENT = Path(__file__).parents[1] / "docs" / "decisions.md"


def main() -> int:
    """The exit code."""
    parser = argparse.ArgumentParser(prog="python -m calibrate", description=__doc__)
    parser.add_argument("--output", type=Path, default=DOCUMENT, help="where the tables go")
    parser.add_argument("--workers", type=int, default=2, help="processes")
    arguments = parser.parse_args()
    began = monotonic()
    with ProcessPoolExecutor(arguments.workers) as pool:
        results = measured(pool)
    text, missed = written(results, datetime.now(UTC), monotonic() - began)
    arguments.output.write_text(text, encoding="utf-8")
    sys.stdout.write(text)
    for target in missed:
        sys.stderr.write(f"missed: {target}\n")
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
