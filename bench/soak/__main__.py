"""The whole loop under load for an hour, with random kills: does memory or lag grow, do the promises hold?

    make soak                    # an hour
    make soak SOAK=10m           # shorter

A broker and a stream of its own, `scoreloop up` with every service as a process, events with late and missing
labels and some poison at `--rate`, a world that changes so that alarms, retrains and promotions happen, and
kill -9 of a random service all the while: in the first half of any, in the second of one scorer, while the
memory of the others is watched for growth. At the end a finish, `verify`, and soak.json and soak.png in
bench/results/soak. Exits 1 if a promise is broken, or memory or lag grew.
"""

import argparse
import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import asdict
from pathlib import Path
from threading import Event
from typing import Any

from soak.growth import judged
from soak.load import BODY, Load, label
from soak.picture import draw
from soak.processes import Killer, children
from soak.samples import Sampler

from console.child import program
from events import topics as names
from events.durations import milliseconds, written
from events.records import Decision, DecisionResult, Drift
from events.settings import BOOTSTRAP_VARIABLE, Settings, load
from ops.broker import cluster
from producers.finish import finish
from transport import topics
from transport.reading import read_to_end
from verify.run import verified

RESULTS = Path(__file__).parents[1] / "results" / "soak"
FINISH_SECONDS = 300.0
FIRST_ROWS = 1_000
REPLAY = 2_000


def main() -> None:
    """Soak, and say how it was."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--for", dest="length", default="1h", help="how long the load runs; default 1h")
    parser.add_argument("--rate", type=int, default=200, help="events a second; default 200")
    parser.add_argument("--seed", type=int, default=1, help="of the kills and of the events")
    parser.add_argument("--results", type=Path, default=RESULTS)
    arguments = parser.parse_args()
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # so that nothing of it is left behind
    seconds = milliseconds(arguments.length) / 1000
    with tempfile.TemporaryDirectory(prefix="soak-") as folder, broker(Path(folder)) as (servers, pid):
        settings, path = stream(Path(folder), servers)
        found, sampler = soaked(settings, path, pid, seconds, arguments)
    arguments.results.mkdir(parents=True, exist_ok=True)
    samples = [asdict(sample) for sample in sampler.samples]
    text = json.dumps({**found, "samples": samples}, indent=1)
    (arguments.results / "soak.json").write_text(text + "\n")
    title = f"{written(int(seconds * 1000))}, {arguments.rate} events/s, {sum(found['kills'].values())} kills"
    draw(arguments.results / "soak.png", title, sampler.samples)
    print(json.dumps(found, indent=1))
    sys.exit(0 if found["verify"]["holds"] and found["finished"] and not found["grew"] else 1)


def soaked(
    settings: Settings, path: Path, broker_pid: int, seconds: float, arguments: argparse.Namespace
) -> tuple[dict[str, Any], Sampler]:
    """Run the load for so long, settle everything, and judge."""
    half, end, over = Event(), Event(), Event()
    with up(path) as process:

        def processes() -> dict[str, int]:
            return {"broker": broker_pid, "up": process.pid, **children(process.pid)}

        load_ = Load(settings, arguments.rate, arguments.seed, min(600.0, seconds / 6), end)
        gap = min(30.0, max(5.0, seconds / 40))
        killer = Killer(lambda: children(process.pid), gap, arguments.seed, half, end)
        sampler = Sampler(settings, processes, over)
        for thread in (sampler, load_, killer):
            thread.start()
        for event in (half, end):
            time.sleep(seconds / 2)
            event.set()
        over.set()
        for thread in (killer, load_, sampler):
            thread.join()
        deadline = time.monotonic() + FINISH_SECONDS
        finished = finish(settings, lambda: time.monotonic() > deadline, lambda _: None)
    for thread in (load_, sampler):
        if thread.failure is not None:
            raise thread.failure
    report = verified(settings, REPLAY, lambda *_: nullcontext(lambda _: None))
    return {
        "seconds": seconds,
        "rate": arguments.rate,
        "seed": arguments.seed,
        "machine": {"cores": os.cpu_count(), "load_average": os.getloadavg()},
        "sent": load_.sent,
        "changes_of_the_world": load_.changes,
        "kills": dict(Counter(killer.kills)),
        **happened(settings),
        "finished": finished,
        **judged(sampler.samples, arguments.rate),
        "verify": report.model_dump(mode="json", include={"holds", "checked", "findings"}),
    }, sampler


def happened(settings: Settings) -> dict[str, Any]:
    """Alarms, decisions, and what became of them."""

    def read(topic: names.Topic) -> list[Any]:
        return list(read_to_end(settings.kafka, topic.of(settings.name)))

    results = [m for m in read(names.MODELS) if (m.key() or b"").startswith(b"decision/")]
    return {
        "alarms": Counter(Drift.model_validate_json(m.value()).kind for m in read(names.DRIFT)),
        "asked": Counter(Decision.model_validate_json(m.value()).action for m in read(names.CONTROL)),
        "results": Counter(DecisionResult.model_validate_json(m.value()).status for m in results),
    }


@contextmanager
def broker(folder: Path) -> Iterator[tuple[str, int]]:
    """A broker of this run's own: where it listens, and its process id."""
    facts = cluster.start(folder / "broker", port=0, say=print)
    try:
        [node] = facts.nodes
        yield facts.bootstrap_servers or "", node.pid or 0  # both are there once it has started
    except Exception:
        for log in (Path(node.log), folder / "up.log"):  # gone with the folder
            print(f"{log}:", *log.read_text(errors="replace").splitlines()[-30:], sep="\n  ", file=sys.stderr)
        raise
    finally:
        cluster.stop(folder / "broker", say=print)


def stream(folder: Path, servers: str) -> tuple[Settings, Path]:
    """A stream with its topics and a first version."""
    path, rows = folder / "stream.toml", folder / "rows.csv"
    path.write_text(f'name = "soak"\n{BODY}[kafka]\nbootstrap_servers = "{servers}"\n')
    points = [(i * 0.37 % 2 - 1, i * 0.61 % 2 - 1) for i in range(FIRST_ROWS)]
    rows.write_text("x,y,label\n" + "".join(f"{x},{y},{label(x, changed=False)}\n" for x, y in points))
    settings = load(path, {})
    topics.create(settings)
    subprocess.run([*program(), "train", str(path), "--csv", str(rows)], env=_environment(), check=True)
    return settings, path


@contextmanager
def up(path: Path) -> Iterator["subprocess.Popen[bytes]"]:
    """Every service as a process, started again when it is killed; what they say is beside the settings."""
    with (path.parent / "up.log").open("wb") as log:
        command = [*program(), "up", str(path), "--workers", "2"]
        process = subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stderr=log, stdout=log, env=_environment()
        )
        try:
            yield process
        finally:
            process.terminate()
            process.wait(30)


def _environment() -> dict[str, str]:
    return {name: value for name, value in os.environ.items() if name != BOOTSTRAP_VARIABLE}


if __name__ == "__main__":
    main()
