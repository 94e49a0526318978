"""The code's statement of topics and records, held against the contract's text."""

import json
import re
import tomllib
from pathlib import Path

import pytest
from pydantic import BaseModel

from events import topics
from events.records import RECORDS, Record
from events.refusals import Reason
from events.settings import Settings
from events.topics import DEAD_LETTER_MAX_BYTES, DEAD_LETTERS, TOPICS

CONTRACT = (Path(__file__).parents[2] / "docs" / "contract.md").read_text(encoding="utf-8")
EXAMPLES = Path(__file__).parent / "examples"
OPTIONAL = {"golden", "probabilities", "process", "reference", "ts"}
"""Fields that a record may lack by the contract, and those that we add to `workers` and to a manifest."""


def section(title: str) -> str:
    match = re.search(rf"^## {re.escape(title)}.*?\n(.*?)(?=^## |\Z)", CONTRACT, re.MULTILINE | re.DOTALL)
    assert match, f"the contract has no section {title}"
    return match[1]


def rows_of_topics() -> dict[str, list[str]]:
    lines = [line for line in CONTRACT.splitlines() if re.match(r"\| `[a-z-]+` \|", line)]
    cells = [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]
    return {row[0].strip("`"): row[1:] for row in cells}


def test_the_table_of_topics_is_the_code_s() -> None:
    assert list(rows_of_topics()) == [topic.name for topic in TOPICS]


@pytest.mark.parametrize("topic", TOPICS, ids=lambda topic: topic.name)
def test_a_topic_is_written_read_keyed_and_kept_as_the_table_says(topic: topics.Topic) -> None:
    written_by, read_by, key, kept = rows_of_topics()[topic.name]
    assert written_by == ", ".join(topic.written_by)
    assert read_by == ", ".join(topic.read_by)
    assert key == topic.key
    partitions, clean_up, *more = [part.strip() for part in kept.split(",")]
    assert clean_up == topic.clean_up
    assert (
        partitions.replace("`", "")
        in {
            "user": ["user's choice"],
            "as features": ["as features"],
            "one": ["1", "1 or more"],
        }[topic.partitions]
    )
    assert ("long retention" in more) == ("retention.ms" in topic.config)


def test_dead_letters_take_16_mebibytes() -> None:
    assert "`max.message.bytes` 16 MiB" in rows_of_topics()["dead-letters"][3]
    assert DEAD_LETTERS.config["max.message.bytes"] == str(DEAD_LETTER_MAX_BYTES) == str(16 * 1024 * 1024)


def test_the_reasons_are_the_contract_s() -> None:
    stated = re.search(r"`reason` \((.*?); more may be added\)", section("dead-letters (out)"))
    assert stated
    assert re.findall(r"`([a-z0-9-]+)`", stated[1]) == [reason.value for reason in Reason]


SECTIONS = {
    "features": "features (in)",
    "labels": "labels (in)",
    "predictions": "predictions and shadows (out)",
    "metrics": "metrics (out)",
    "drift": "drift (out)",
    "control": "control (in and out)",
}


@pytest.mark.parametrize(("topic", "title"), SECTIONS.items())
def test_the_contract_s_own_example_has_the_fields_of_the_record(topic: str, title: str) -> None:
    example = re.search(r"```json\n(.*?)```", section(title), re.DOTALL)
    assert example
    fields = json.loads(example[1])
    record = RECORDS[topic]
    assert set(fields) == set(record.model_fields)
    assert set(record.model_validate(fields).model_dump()) == set(fields)


def test_the_manifest_has_the_fields_that_the_contract_names() -> None:
    stated = re.search(r"the version's manifest: (.*?)\.$", section("models (out, compacted)"), re.MULTILINE)
    assert stated
    without_brackets = re.sub(r"\(package versions\)|\(topic.*?keeps\)", "", stated[1])
    named = set(re.findall(r"`([a-z0-9_]+)`", without_brackets))
    assert named == set(RECORDS["models/version"].model_fields)


@pytest.mark.parametrize(("kind", "pattern"), [("models/roles", r"who serves: `(\{.*?\})`\. `epoch`")])
def test_the_roles_example(kind: str, pattern: str) -> None:
    stated = re.search(pattern, section("models (out, compacted)"))
    assert stated
    assert set(json.loads(stated[1].replace("…", ""))) == set(RECORDS[kind].model_fields)


def test_the_worker_example_and_the_one_field_that_we_add() -> None:
    stated = re.search(r"`(\{.*?\}\})`", section("workers (out, compacted)"))
    assert stated
    assert set(RECORDS["workers"].model_fields) - set(json.loads(stated[1])) == {"process"}


def examples() -> list[tuple[str, Path]]:
    return [(path.parent.name, path) for path in sorted(EXAMPLES.rglob("*.json"))]


def record_of(topic: str, path: Path) -> type[Record]:
    return RECORDS[f"models/{path.stem}" if topic == "models" else topic]


@pytest.mark.parametrize(("topic", "path"), examples(), ids=lambda value: getattr(value, "stem", value))
def test_an_example_comes_back_as_it_was(topic: str, path: Path) -> None:
    stated = json.loads(path.read_text())
    record: BaseModel = record_of(topic, path).model_validate(stated)
    written = json.loads(record.model_dump_json())
    assert {key: value for key, value in written.items() if key in stated} == stated
    assert set(written) - set(stated) <= OPTIONAL


def test_every_topic_has_an_example() -> None:
    assert {topic for topic, _ in examples()} == {topic.name for topic in TOPICS} - {DEAD_LETTERS.name}


def test_the_contract_s_stream_toml_is_valid() -> None:
    example = re.search(r"```toml\n(.*?)```", section("The stream's settings"), re.DOTALL)
    assert example
    settings = Settings.model_validate(tomllib.loads(example[1]))
    assert settings.labels.horizon == 48 * 3_600_000
    assert settings.windows.bucket_ms == 3_600_000
    assert settings.features["history"].shape == (16,)
    assert settings.decisions.false_alarm_every == 10_000


@pytest.mark.parametrize(
    ("key", "value"),
    [("max_event_bytes", 64 * 1024), ("max_future_skew", 300_000), ("idle_after", 60_000)],
)
def test_a_default_is_the_contract_s(key: str, value: int) -> None:
    assert f"`{key}` (default" in CONTRACT
    assert getattr(Settings.model_fields["limits"].get_default(), key) == value
