"""The trainer killed at every step of a retrain, its training killed, and a full disk."""

import time
from collections.abc import Iterator
from dataclasses import dataclass

from deciding import asked, result, roles
from faults.fleet import Service
from faults.launcher import Fault
from faults.load import Plan
from faults.points import TRAINING
from faults.rig import Rig
from faults.scene import ONE_EACH, Scene
from faults.table import Row, row

from events.records import DecisionResult

WITH_TRAINER = (*ONE_EACH, ("trainer", 0))
FIRST_EVENTS = 600
RATE = 50
"""Events a second: it is the retrains that are to be many, and each learns from all that came."""
SMALL_DISK = 2_000
"""Less than an artefact."""
POINTS = ("claimed", "mid-fit", "temporary written", "renamed", "before models", "mid-produce",
          "after offsets", "committing", "after models")  # fmt: skip


@dataclass
class Training:
    """Retrains asked for one after another; after each the first version is made champion again."""

    scene: Scene
    asked: int = 0

    @property
    def service(self) -> Service:
        return self.scene.services["trainer-0"]

    def begin(self) -> None:
        """There is something to learn from, and the monitor does not decide."""
        asked(self.scene.stream, "pause", "pause")
        result(self.scene.stream, "pause")
        self.scene.await_sent(FIRST_EVENTS)

    def ask(self) -> str:
        self.asked += 1
        name = f"retrain-{self.asked}"
        asked(self.scene.stream, "retrain", name)
        return name

    def undo(self) -> None:
        """The first version, which is worse than what is trained on the stream, serves again."""
        asked(self.scene.stream, "rollback", f"back-{self.asked}", target_version=1)
        assert result(self.scene.stream, f"back-{self.asked}").status == "done"

    def after(self, fault: Fault) -> tuple[float, DecisionResult]:
        """Ask for a retrain of a trainer over which `fault` comes; how long it took after, and the result."""
        self.service.kill()
        name = self.ask()
        self.scene.start(self.service, fault)
        since = self.service.died()
        self.scene.start(self.service)
        ended = result(self.scene.stream, name)
        return time.time() - since, ended


def steps(rig: Rig) -> Iterator[Row]:
    """Killed at each step of a retrain: it is done once, whatever was done of it before."""
    found: dict[str, list[float]] = {}
    wrong: dict[str, str] = {}
    with Scene(rig.kafka, 41, Plan(41, RATE), services=WITH_TRAINER) as scene:
        training = Training(scene)
        training.begin()
        for point in POINTS * rig.repeated(1, 3):
            act = "kill-parent" if point in TRAINING else "kill"
            seconds, ended = training.after(Fault(point, act, lit=True))
            found.setdefault(point, []).append(seconds)
            if ended.status != "done":
                wrong[point] = f"the retrain ended as {ended.status}: {ended.reason}"
            else:
                training.undo()
        verdict = scene.verdict()
    for point, seconds_of in found.items():
        made = row(f"trainer: {point}", verdict, len(seconds_of), seconds_of)
        made.troubles = [*made.troubles, *([wrong[point]] if point in wrong else [])]
        yield made


def failures(rig: Rig) -> Iterator[Row]:
    """The training's process is killed, and the registry's disk is full: said, and the champion stays."""
    faults = {
        "training: its process killed": (Fault("mid-fit", lit=True), "ended without a word"),
        "registry: disk full": (Fault(training_bytes=SMALL_DISK), "cannot be written"),
    }
    found: dict[str, tuple[float, list[str], str]] = {}
    with Scene(rig.kafka, 42, Plan(42, RATE), services=WITH_TRAINER) as scene:
        training = Training(scene)
        training.begin()
        for name, (fault, words) in faults.items():
            training.service.kill()
            scene.start(training.service, fault)
            since = time.time()
            ended = result(scene.stream, training.ask())
            wrong = (
                []
                if ended.status == "failed" and words in ended.reason
                else [f"{ended.status}: {ended.reason}"]
            )
            if roles(scene.stream).champion != 1:
                wrong.append("the champion is another")
            reason = ended.reason.replace(scene.stream.settings.registry.url, "REGISTRY")
            found[name] = (time.time() - since, wrong, reason)
        training.service.kill()
        scene.start(training.service)
        assert result(scene.stream, training.ask()).status == "done", "the next retrain, without a fault"
        verdict = scene.verdict()
    for name, (seconds, wrong, reason) in found.items():
        made = row(name, verdict, 1, [seconds], f"holds; the decision ends: {reason}")
        made.troubles = [*made.troubles, *wrong]
        yield made
