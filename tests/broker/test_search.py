"""`scoreloop train` killed in mid-search, on a real Kafka: the same command goes on."""

import random
import subprocess
from pathlib import Path

from deciding import manifest
from processes import kill
from streams import CLASSES, Stream

from events.records import Manifest
from events.settings import Kafka

TRIALS = 14
BODY = f"""{CLASSES}
[training]
families = ["linear", "tree"]
folds = 2
trials = {TRIALS}
processes = 2
"""


def lines(process: "subprocess.Popen[str]", until: str) -> list[str]:
    """What it says, up to the line that begins so; the rest where none does."""
    found: list[str] = []
    assert process.stdout is not None
    for line in process.stdout:
        found.append(line)
        if line.startswith(until):
            break
    return found


def facts(made: Manifest) -> tuple[object, ...]:
    """What says bit for bit which version it is; an artefact has times in it."""
    return made.params, made.metrics, made.reference, made.golden


def test_a_killed_train_goes_on_and_makes_the_version_that_it_would_have_made(
    kafka: Kafka, tmp_path: Path
) -> None:
    chance = random.Random(3)
    rows = [(chance.gauss(0, 1), chance.choice(["NO", "SE"])) for _ in range(300)]
    table = [f"{x!r},{country},{'fraud' if x + chance.gauss(0, 0.5) > 0 else 'ok'}" for x, country in rows]
    (tmp_path / "history.csv").write_text("\n".join(["amount,country,label", *table]) + "\n")
    one = Stream(kafka, tmp_path, BODY)
    other = Stream(kafka, tmp_path, BODY.replace("processes = 2", "processes = 1"))
    asked = ("train", one.path.name, "--csv", "history.csv")
    with one.command(*asked) as process:
        known = len([line for line in lines(process, "8 of 14") if " of 14: " in line])
        kill(process)
    assert known == 8
    with one.command(*asked) as process:
        told = lines(process, "never")
        assert process.wait() == 0, told
    assert known <= len([line for line in told if line.endswith(", known\n")]) < TRIALS
    with other.command("train", other.path.name, *asked[2:]) as process:
        told = lines(process, "never")
        assert process.wait() == 0, told
    assert not [line for line in told if "known" in line]
    assert facts(manifest(one, 1)) == facts(manifest(other, 1))
