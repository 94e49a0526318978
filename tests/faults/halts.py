"""Where going on would lose or repeat something: the service halts with a sentence, and exits 1."""

import time
from collections.abc import Callable, Iterator

from confluent_kafka import TopicPartition
from confluent_kafka.admin import NewPartitions, NewTopic
from faults.judging import audited
from faults.load import PARTITIONS
from faults.rig import Rig
from faults.scene import BODY, Scene
from faults.table import Row
from streams import until

from events import topics
from events.topics import Topic
from transport import clients
from transport.standing import answered
from transport.topics import partitions

QUICK = 'kafka."topic.metadata.refresh.interval.ms" = 1000\n' + BODY
"""Five minutes otherwise, until a client hears of a new partition."""
MORE = 300
SAID = (
    "the offset to go on from does not exist",
    "is gone; if that was meant, run `scoreloop topics create STREAM.toml`",
)

Hurt = Callable[[Scene, Topic], None]


def halts(rig: Rig) -> Iterator[Row]:
    """Each of the topics that come from outside is hurt in each way; of `labels` some only at length."""
    for topic, service in ((topics.FEATURES, "scorer"), (topics.LABELS, "joiner")):
        yield _halted(rig, topic, service, "records deleted below the committed offset", _delete_records)
        yield _halted(rig, topic, service, "a partition added", _add_partition, down=False)
        if rig.long or topic is topics.FEATURES:
            yield _halted(
                rig, topic, service, "created anew with its service down, and longer", _recreate_longer
            )
            yield _halted(rig, topic, service, "deleted", _delete_topic, down=False)
            yield _halted(rig, topic, service, "deleted and created anew", _recreate, down=False)


def _halted(rig: Rig, topic: Topic, name: str, what: str, hurt: Hurt, *, down: bool = True) -> Row:
    """Hurt `topic`, with its service down or at work; the service must end and say what to do."""
    with Scene(rig.kafka, 51, body=QUICK) as scene:
        service = scene.services[f"{name}-0"]
        if down:
            service.stop()
        scene.await_sent(MORE)
        scene.load.end()
        hurt(scene, topic)
        since = time.time()
        if down:
            scene.start(service)
        made = Row(f"{topic.name}: {what}", 1)
        try:
            code, words = service.ended()
        except AssertionError:
            made.troubles.append(f"{service} goes on")
        else:
            made.recoveries = [time.time() - since]
            if code != 1 or not any(said in words for said in SAID) or "Traceback" in service.last_words(40):
                made.troubles.append(f"{service} ended with {code}: {words}")
            sentence = words.removeprefix("scoreloop: ").split(" Either ")[0]
            made.says = "halts: " + sentence.replace(scene.stream.settings.name, "STREAM")
        if hurt is _delete_records:
            made.troubles += audited(scene.stream)
    return made


def _delete_records(scene: Scene, topic: Topic) -> None:
    client = clients.admin(scene.stream.settings.kafka)
    ends = [TopicPartition(scene.stream.topic(topic), partition, -1) for partition in range(PARTITIONS)]
    for future in client.delete_records(ends).values():
        future.result()


def _add_partition(scene: Scene, topic: Topic) -> None:
    client = clients.admin(scene.stream.settings.kafka)
    name = scene.stream.topic(topic)
    client.create_partitions([NewPartitions(name, PARTITIONS + 1)])[name].result()


def _delete_topic(scene: Scene, topic: Topic) -> None:
    client = clients.admin(scene.stream.settings.kafka)
    name = scene.stream.topic(topic)
    client.delete_topics([name])[name].result()
    until(lambda: None if name in partitions(client, scene.stream.settings) else True, "the topic's end")


def _recreate(scene: Scene, topic: Topic) -> None:
    _delete_topic(scene, topic)
    client = clients.admin(scene.stream.settings.kafka)
    name = scene.stream.topic(topic)
    answered(lambda: client.create_topics([NewTopic(name, PARTITIONS)])[name].result(), name)
    until(lambda: True if name in partitions(client, scene.stream.settings) else None, "the topic")


def _recreate_longer(scene: Scene, topic: Topic) -> None:
    """The new topic has more records than were ever committed of the old one."""
    _recreate(scene, topic)
    producer = clients.producer(scene.stream.settings.kafka)
    for i in range(PARTITIONS * (scene.load.sent + MORE)):
        producer.produce(scene.stream.topic(topic), scene.stream.event(i), partition=i % PARTITIONS)
        producer.poll(0)
    assert producer.flush(60) == 0
