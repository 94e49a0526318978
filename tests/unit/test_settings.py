import json
from pathlib import Path

import pytest

from events.durations import milliseconds, written
from events.errors import ScoreloopError
from events.settings import Settings, load

TOML = """
name = "electricity"
task = "classification"
[kafka]
bootstrap_servers = "broker:9092"
security.protocol = "SSL"
"socket.timeout.ms" = 1000
[features]
price = "number"
day = { type = "category", values = ["mon", "tue"], nullable = true }
history = { type = "number", shape = [16] }
[labels]
classes = [0, 1]
positive = 1
horizon = "48h"
[windows]
length = "12h"
bucket = "1h"
segments = ["day"]
"""


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "stream.toml"
    path.write_text(TOML)
    return path


def test_a_stream(file: Path) -> None:
    settings = load(file, {})
    assert settings.name == "electricity"
    assert settings.labels.horizon == 172_800_000
    assert settings.windows.bucket_ms == 3_600_000
    assert settings.kafka.properties == {"security.protocol": "SSL", "socket.timeout.ms": 1000}
    assert settings.registry.url == str(file.parent / "registry")


def test_the_environment_names_the_servers(file: Path) -> None:
    assert load(file, {"SCORELOOP_BOOTSTRAP_SERVERS": "other:1"}).kafka.bootstrap_servers == "other:1"


@pytest.mark.parametrize(
    ("classes", "positive", "index"),
    [
        ("[0, 1]", "", 1),
        ("[0, 1, 2]", "", 2),
        ("[1, true]", "positive = 1", 0),
        ("[1, true]", "positive = true", 1),
    ],
)
def test_the_positive_class_is_the_last_unless_named(
    file: Path, classes: str, positive: str, index: int
) -> None:
    file.write_text(TOML.replace("classes = [0, 1]\npositive = 1", f"classes = {classes}\n{positive}"))
    assert load(file, {}).positive_index == index
    regression = TOML.replace("classes = [0, 1]\npositive = 1", "").replace("classification", "regression")
    file.write_text(regression)
    assert load(file, {}).positive_index == 0


def test_a_registry_that_is_a_url_stays_one(file: Path) -> None:
    file.write_text(TOML + '[registry]\nurl = "s3://bucket/models"\n')
    assert load(file, {}).registry.url == "s3://bucket/models"


@pytest.mark.parametrize(
    ("old", "new", "sentence"),
    [
        (
            'length = "12h"',
            'lenght = "12h"',
            "[windows] lenght: unknown key; did you mean `length`? allowed: length, bucket",
        ),
        ('"48h"', "48", "[labels] horizon: must be a duration"),
        ('"48h"', '"48 hours"', "[labels] horizon: must be a duration"),
        ('"48h"', '"0s"', "[labels] horizon: must be a whole number of milliseconds"),
        ('price = "number"', 'price = "float"', "[features] price.type: input should be 'number', 'integer'"),
        ("shape = [16]", "shap = [16]", "[features] history.shap: unknown key"),
        ("shape = [16]", "shape = [0]", "[features] history.shape"),
        ('type = "number", shape', 'type = "integer", shape', '`shape` goes with type "number"'),
        ("classes = [0, 1]", 'classes = [0, "0"]', "two classes are written '0'"),
        ("classes = [0, 1]", "", "`positive` goes with `classes`"),
        ("classes = [0, 1]\npositive = 1", "", "[labels] classes: a classification needs them"),
        ('task = "classification"', 'task = "regression"', "[labels] classes: a regression has none"),
        ("positive = 1", "positive = true", "`positive` is True, which is none of the classes"),
        ("positive = 1", "positive = 1.0", "`positive` is 1.0, which is none of the classes"),
        ('name = "electricity"', 'name = "Electricity"', "name: string should match pattern"),
        ('name = "electricity"', "", "name: is required"),
        ('"1h"', '"7h"', "`bucket` must divide `length`"),
        ('segments = ["day"]', 'segments = ["night"]', "'night' is no feature"),
        ('segments = ["day"]', 'segments = ["price"]', "'price' is neither a boolean nor a category with"),
        ('values = ["mon", "tue"], ', "", "'day' is neither a boolean nor a category with `values`; give it"),
        ('segments = ["day"]', 'segments = ["day", "day"]', "windows: `segments` names a feature twice"),
        ('security.protocol = "SSL"', "security.protocol = [1]", "security.protocol: a librdkafka property"),
        (
            "[windows]",
            '[preparation]\ninteractions = ["price", "day"]\n[windows]',
            "[preparation] interactions: 'day' is no number",
        ),
        ("[windows]", '[preparation]\ninteractions = ["price"]\n[windows]', "name two features or more"),
        ("[windows]", '[preparation]\ncycles = { history = ["day"] }\n[windows]', "cycles: 'history' is no"),
        (
            "[windows]",
            '[preparation]\ncycles = { price = ["day"] }\ninteractions = ["price", "hour"]\n[windows]',
            "'hour' is no number",
        ),
        ("[windows]", "[window]", "window: unknown key; did you mean `windows`?"),
        ("[windows]", "[windows", "cannot be read as TOML"),
    ],
)
def test_what_is_wrong_is_one_sentence_with_the_file_and_the_key(
    file: Path, old: str, new: str, sentence: str
) -> None:
    assert old in TOML
    file.write_text(TOML.replace(old, new))
    with pytest.raises(ScoreloopError) as caught:
        load(file, {})
    assert str(caught.value).startswith(f"{file}: ")
    assert sentence in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_missing_file(tmp_path: Path) -> None:
    with pytest.raises(ScoreloopError, match="no such file; `scoreloop init` writes one"):
        load(tmp_path / "none.toml", {})


@pytest.mark.parametrize(
    ("text", "ms"), [("1ms", 1), ("1.5s", 1500), ("5m", 300_000), ("48h", 172_800_000), ("2d", 172_800_000)]
)
def test_durations(text: str, ms: int) -> None:
    assert milliseconds(text) == ms
    assert milliseconds(written(ms)) == ms


def test_the_schema_hash_follows_what_a_version_reads_and_answers(file: Path) -> None:
    before = load(file, {}).schema_sha256
    file.write_text(TOML.replace('"12h"', '"24h"'))
    assert load(file, {}).schema_sha256 == before
    file.write_text(TOML.replace("classes = [0, 1]", "classes = [1, 0]"))
    assert load(file, {}).schema_sha256 != before


def test_the_json_schema_is_json() -> None:
    schema = json.loads(json.dumps(Settings.model_json_schema()))
    assert set(schema["properties"]) == set(Settings.model_fields)
    assert schema["$defs"]["Labels"]["properties"]["horizon"]["default"] == "1d"


def test_the_json_schema_in_docs_is_current() -> None:
    kept = json.loads((Path(__file__).parents[2] / "docs" / "stream.schema.json").read_text())
    assert kept == Settings.model_json_schema(), "run `scoreloop schema > docs/stream.schema.json`"
