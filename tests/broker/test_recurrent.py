"""The whole loop on a recurrent network: the world changes, another network learns it and is promoted."""

from contextlib import nullcontext
from pathlib import Path
from typing import Any

from deciding import manifest
from streams import Stream, until
from worlds import BEGIN, BODY, WINDOW, Sender, World, champions, errors, threads, train

from events import topics
from events.records import Drift
from events.settings import Kafka
from verify.run import verified

STEPS = 6
NETWORKS = BODY.replace('x = "number"', f'x = {{ type = "number", shape = [{STEPS}] }}').replace(
    'families = ["linear", "tree"]', 'families = ["recurrent"]\ntrials = 1'
)


def rises(wave: Any, _: float) -> int:
    return int(wave[-1] + wave[-2] > wave[0] + wave[1])


WORLD = World("classification", "classes = [0, 1]", rises, lambda wave, y: 1 - rises(wave, y), 0.2)


class Waves(Sender):
    """Its events have noisy arrays that rise or fall."""

    def event(self) -> Any:
        slope = self._chance.choice([-0.5, 0.5])
        return [slope * k + self._chance.gauss(0, 0.2) for k in range(STEPS)], self._chance.gauss(0, 1)


def test_the_loop_mends_itself_with_networks(kafka: Kafka, tmp_path: Path) -> None:
    stream = Stream(kafka, tmp_path, NETWORKS + WORLD.classes)
    sender = Waves(stream, WORLD)
    train(stream, sender, WORLD.before)
    with threads(stream):
        sender.send(300, WORLD.before)
        until(lambda: errors(stream, 1, BEGIN) or None, "a final window")
        changed = BEGIN + sender.sent * 1_000
        sender.until(lambda: stream.records(topics.DRIFT) or None, "an alarm")
        sender.until(lambda: len(stream.records(topics.CONTROL)) > 1 or None, "a retrain on enough labels")
        sender.until(lambda: champions(stream)[1:] or None, "a promotion")
        since = BEGIN + (sender.sent + WINDOW) * 1_000
        sender.until(lambda: errors(stream, champions(stream)[-1], since) or None, "the new version's window")
        last = next(version for version in reversed(champions(stream)) if errors(stream, version, since))
        report = verified(stream.settings, 100, lambda *_: nullcontext(lambda _: None))
    assert max(errors(stream, 1, BEGIN)[:2]) < WORLD.error
    assert max(errors(stream, last, since)) < WORLD.error
    alarm = Drift.model_validate(stream.records(topics.DRIFT)[0])
    assert alarm.change_ts is not None
    assert alarm.change_ts >= changed - 40_000, "two buckets"
    made = manifest(stream, last)
    assert made.estimator.startswith("recurrent: "), "one network, or the mean of several"
    assert {"keras", "jax"} <= made.environment.keys()
    assert report.holds, report.findings
    assert report.checked["I3"]["scored again"] >= 200, "100 answers of each"
    assert report.not_checked == {}
