"""How fast the loop is: `make bench`, about 20 minutes on two cores; never part of the tests.

    make bench                                  # everything, then docs/performance.md and docs/scale.md
    make bench ARGS="--only scoring start"      # these parts; the others stay as they were measured
    make bench ARGS="--long"                    # ten million predictions that wait, ten million events

One real broker, which shares the machine with what is measured. Variants take turns in rounds, figures are
medians over these with the smallest and the largest, and a ratio is of one round in itself. Results are in
bench/results/speed.json and speed.png.
"""

import argparse
import os
import platform
import signal
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from confluent_kafka import libversion, version
from speed import growth, joins, latencies, learning, page, picture, scale, scoring, start, turning
from speed.figures import Figure, keep, kept, stated
from speed.rig import Rig, broker

from ops.broker.jars import VERSION

RESULTS = Path(__file__).parents[1] / "results"
COSTS = Path(__file__).parents[2] / "ops" / "costs.json"
PARTS: dict[str, Callable[[Rig], Iterator[Figure]]] = {
    "scoring": scoring.figures,
    "latency": latencies.figures,
    "joining": joins.joined,
    "waiting": joins.waiting,
    "learning": learning.figures,
    "decisions": turning.figures,
    "workers": growth.workers,
    "events": growth.events,
    "start": start.figures,
}


def main() -> None:
    """Measure, keep, and write the page."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--only", nargs="+", choices=PARTS, default=list(PARTS), help="these parts alone")
    parser.add_argument("--rounds", type=int, default=3, help="default 3")
    parser.add_argument("--long", action="store_true")
    parser.add_argument("--results", type=Path, default=RESULTS)
    parser.add_argument("--docs", type=Path, help="where performance.md and scale.md go; and ops/costs.json")
    arguments = parser.parse_args()
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # so that nothing of it is left behind
    path = arguments.results / "speed.json"
    with (
        tempfile.TemporaryDirectory(prefix="speed-") as folder,
        broker(Path(folder), arguments.rounds, long=arguments.long) as rig,
    ):
        for part in arguments.only:
            measured(rig, part, path)
    results = kept(path)
    picture.draw(arguments.results / "speed.png", results)
    if arguments.docs:
        page.write(arguments.docs / "performance.md", results, list(PARTS))
        if (costs := scale.costs(results["parts"])) is not None:
            scale.write(costs, COSTS, arguments.docs / "scale.md")


def measured(rig: Rig, part: str, path: Path) -> None:
    """Measure one part, tell of it, and keep it at once: what comes later may fail."""
    began, load = time.monotonic(), os.getloadavg()[0]
    print(f"{part} …", flush=True)
    found = []
    for figure in PARTS[part](rig):
        found.append(figure)
        print(f"  {page.line(figure)}", flush=True)
    results = kept(path)
    results["parts"][part] = {
        "date": time.strftime("%Y-%m-%d", time.gmtime()),
        "machine": f"{os.cpu_count()} cores, Python {platform.python_version()}, confluent-kafka {version()} "
        f"(librdkafka {libversion()[0]}), Apache Kafka {VERSION}",
        "seconds": round(time.monotonic() - began),
        "load_before": load,
        "figures": stated(found),
    }
    keep(path, results)


if __name__ == "__main__":
    main()
