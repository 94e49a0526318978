"""Whether the order in which labels come, who sends them, or kills of the joiner change any final figure.

    python bench/shuffling.py stream.toml --csv electricity.csv --rows 2000:8000 --seeds 20
    python bench/shuffling.py stream.toml --csv electricity.csv --rows 2000:8000 --seeds 1 --kills 10
    mvn -q -f tests/broker/java/pom.xml dependency:copy-dependencies -DoutputDirectory=/tmp/jars
    python bench/shuffling.py stream.toml --csv electricity.csv --rows 2000:8000 --seeds 1 --java /tmp/jars

They must not: each of the three prints the same digest.

With `--java` labels come from Java's console producer; with `--kills` the joiner is killed (-9) so often.
`stream.toml` is of a stream that has a version (`scoreloop train`). Each seed gets a new stream with that
version and the same rows half an hour apart; the label of each is known a day after its event and sent,
without key, at a random moment of feed event time between then and the horizon's end. Then comes a finish.
Prints a line of JSON a seed, with a digest of all final records of `metrics`, and exits 1 if two differ or
`scoreloop verify` finds fault.
"""

import argparse
import hashlib
import json
import random
import subprocess
import sys
import time
import uuid
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

from sending import Sending, send

from events import topics as names
from events.records import Metric
from events.settings import Settings, load
from producers.finish import finish
from producers.missing import missing
from producers.rows import Rows, open_rows
from producers.schedule import FeatureRecord, LabelRecord, Timeline
from producers.typed import typed
from transport import clients, topics
from transport.reading import read_to_end

HALF_HOUR, DAY = 1_800_000, 86_400_000
MISSING = 0.1
SCORELOOP = Path(sys.executable).parent / "scoreloop"


def main() -> None:
    """Run every seed, and compare."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("stream", type=Path)
    parser.add_argument("--csv", type=Path, required=True)
    parser.add_argument("--rows")
    parser.add_argument("--seeds", type=int, default=20)
    parser.add_argument("--first-seed", type=int, default=0)
    parser.add_argument("--verify", type=int, default=1, help="verify every so many streams; 0: none")
    parser.add_argument("--kills", type=int, default=0, help="kills of the joiner on the way")
    parser.add_argument("--java", type=Path, help="a folder with the jars of Kafka's tools")
    arguments = parser.parse_args()
    rows, original = open_rows(arguments.csv, arguments.rows), load(arguments.stream)
    digests, red = set(), 0
    for number, seed in enumerate(range(arguments.first_seed, arguments.first_seed + arguments.seeds)):
        verifies = arguments.verify > 0 and number % arguments.verify == 0
        facts = shuffled(original, arguments, rows, seed, verifies=verifies)
        digests.add(facts["digest"])
        red += facts.get("verify", 0) != 0
        print(json.dumps(facts), flush=True)
    print(json.dumps({"seeds": arguments.seeds, "digests": sorted(digests), "verify_red": red}))
    sys.exit(len(digests) != 1 or red > 0)


def shuffled(
    original: Settings, arguments: argparse.Namespace, rows: Rows, seed: int, *, verifies: bool
) -> dict[str, object]:
    """One stream, from its topics to its digest."""
    began, path = time.monotonic(), arguments.stream
    name = f"{original.name}-{uuid.uuid4().hex[:6]}"
    copy = path.with_name(f"{name}.toml")
    copy.write_text(path.read_text().replace(f'name = "{original.name}"', f'name = "{name}"', 1))
    settings = load(copy)
    topics.create(settings)
    copy_models(original, settings)
    up = subprocess.Popen([SCORELOOP, "up", copy], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        sent = send(settings, sorted(sendings(original.name, settings, rows, seed)), arguments, up.pid)
        if not finish(settings, lambda: up.poll() is not None, lambda _: None):
            sys.exit(f"`scoreloop up` of {name} has ended")
    finally:
        up.terminate()
        up.wait()
    facts = {"seed": seed, "stream": name, **sent, **figures(settings)}
    facts["seconds"] = round(time.monotonic() - began, 1)
    if verifies:
        verify = subprocess.run([SCORELOOP, "verify", copy], check=False, stdout=subprocess.DEVNULL)
        facts["verify"] = verify.returncode
    copy.unlink()
    return facts


def copy_models(original: Settings, settings: Settings) -> None:
    """The same version serves the new stream."""
    producer = clients.producer(settings.kafka)
    for message in read_to_end(original.kafka, names.MODELS.of(original.name)):
        producer.produce(names.MODELS.of(settings.name), message.value(), message.key())
    producer.flush()


def sendings(name: str, settings: Settings, rows: Rows, seed: int) -> Iterator[Sending]:
    """Every record with its moment: the events' are their times, whatever the seed."""
    chance = random.Random(seed)
    timeline = Timeline(name, 1_704_067_200_000 - (rows.total - 1) * HALF_HOUR, HALF_HOUR, DAY)
    for chunk in typed(settings, rows):
        gone = missing(0, chunk.first, len(chunk), MISSING)
        for i, (values, label) in enumerate(zip(chunk.rows(), chunk.labels, strict=True), chunk.first):
            event_id, ts = timeline.event_id(i), timeline.time(i)
            features = dict(zip(settings.features, values, strict=True))
            yield ts, 2 * i, FeatureRecord(event_id, ts, features)
            moment = ts + chance.uniform(DAY, settings.labels.horizon)
            if not gone[i - chunk.first]:
                yield moment, 2 * i + 1, LabelRecord(event_id, label, ts + DAY)


def figures(settings: Settings) -> dict[str, object]:
    """How many records of `metrics` are final, and a digest of them all in order of their text."""
    found = [msg.value() or b"" for msg in read_to_end(settings.kafka, names.METRICS.of(settings.name))]
    final = sorted(value for value in found if Metric.model_validate_json(value).final)
    digest = hashlib.sha256(b"\n".join(final)).hexdigest()[:16]
    outcomes = read_to_end(settings.kafka, names.OUTCOMES.of(settings.name))
    status = Counter(json.loads(message.value() or b"")["status"] for message in outcomes)
    return {**status, "metrics": len(found), "final": len(final), "digest": digest}


if __name__ == "__main__":
    main()
