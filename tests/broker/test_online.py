"""The whole loop on a river forest: it learns on from labels, snapshot by snapshot, whatever is killed."""

import subprocess
from contextlib import ExitStack, nullcontext
from itertools import pairwise
from pathlib import Path

from deciding import manifest
from processes import children
from streams import Stream
from worlds import BEGIN, BODY, WORLDS, Sender, champions, errors, train

from consumers.join.service import run_joiner
from consumers.monitor_service import run_monitor
from consumers.service import run_scorer
from consumers.trainer.reproduction import reproduced
from events import topics
from events.records import Decision
from events.settings import Kafka
from models.snapshots import CONTINUES
from verify.run import verified

ONLINE = (
    BODY.replace(
        'families = ["linear", "tree"]', 'families = ["adaptive-forest"]\nsnapshot_every = 250'
    ).replace("[decisions]", "[decisions]\ntolerance = 0.99")  # no alarm helps
)
WORLD = WORLDS["two classes"]


def training(process: "subprocess.Popen[str]") -> bool | None:
    """Whether the trainer has a training under way, None while it has none."""
    return bool(children(process.pid)) or None


def snapshots(stream: Stream) -> list[Decision]:
    control = map(Decision.model_validate, stream.records(topics.CONTROL))
    return [decision for decision in control if CONTINUES in decision.evidence]


def test_a_forest_learns_on_through_a_change_and_a_killed_trainer(kafka: Kafka, tmp_path: Path) -> None:
    stream = Stream(kafka, tmp_path, ONLINE + WORLD.classes)
    sender = Sender(stream, WORLD)
    train(stream, sender, WORLD.before)
    changed = BEGIN + sender.sent * 1_000
    with ExitStack() as services:
        for run in (run_scorer, run_joiner, run_monitor):
            services.enter_context(stream.service(run, 0))
        with stream.command("trainer", stream.path.name) as trainer:
            sender.until(lambda: training(trainer), "a training")
            trainer.kill()
            trainer.wait()
        assert champions(stream) == [1]
        with stream.command("trainer", stream.path.name):

            def mended() -> bool | None:
                last = champions(stream)[-1]
                return min(errors(stream, last, BEGIN) or [1.0]) < 0.15 or None

            sender.until(mended, "a version that knows the new world")
            report = verified(stream.settings, 100, lambda *_: nullcontext(lambda _: None))
    assert report.holds, report.findings
    assert errors(stream, 1, changed)[0] > 0.9, "the first knew only the world before"
    made = champions(stream)
    assert made == list(range(1, len(made) + 1))
    assert len({asked.decision_id for asked in snapshots(stream)}) == len(snapshots(stream)) >= len(made) - 1
    facts = [manifest(stream, version) for version in made]
    for parent, child in pairwise(facts):
        assert (child.parent_version, child.params[CONTINUES]) == (parent.version, parent.version)
        ends = {p: end for p, (_, end) in parent.trained_on.get("partitions", {}).items()}
        begins = {p: begin for p, (begin, _) in child.trained_on["partitions"].items()}
        assert begins == {p: ends.get(p, 0) for p in begins}, "each event once, and none left out"
    assert stream.records(topics.DRIFT) == []
    assert reproduced(stream.settings, facts[1], facts[0], lambda _: None).same
