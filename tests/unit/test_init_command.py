import json
import tomllib
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from console.init import _NAME, init
from events.errors import ScoreloopError
from events.settings import Settings, load


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A working folder with a file of past events."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "a file.csv").write_text("x,land,fraud\n1,NO,0\n2,,1\n", encoding="utf-8")
    return tmp_path


def run(*arguments: str) -> Result:
    return CliRunner().invoke(init, arguments)


WELL = ("--csv", "a file.csv", "--label", "fraud", "--name", "pay")


def test_it_writes_a_file_that_loads_and_says_how_to_go_on(folder: Path) -> None:
    result = run(*WELL)
    assert (result.exit_code, result.exception) == (0, None)
    settings = load(folder / "stream.toml", {})
    assert (settings.name, settings.task, settings.classes) == ("pay", "classification", (0, 1))
    assert (settings.labels.column, settings.labels.positive) == ("fraud", 1)
    assert (settings.labels.horizon, settings.windows.length, settings.windows.bucket_ms) == (
        86_400_000, 3_600_000, 300_000,
    )  # fmt: skip
    assert settings.features["land"].nullable
    assert result.stdout.splitlines()[-2:] == [
        "  scoreloop topics create stream.toml",
        "  scoreloop train stream.toml --csv 'a file.csv'",
    ]
    assert sorted(path.name for path in folder.iterdir()) == ["a file.csv", "stream.toml"]


def test_what_is_chosen_is_written(folder: Path) -> None:
    choices = (
        "--task",
        "regression",
        "--output",
        "b.toml",
        "--bootstrap",
        "kafka:9",
        "--horizon",
        "7d",
        "--window",
        "90m",
    )
    facts = json.loads(run(*WELL, *choices, "--json").stdout)
    document = tomllib.loads((folder / "b.toml").read_text(encoding="utf-8"))
    assert (facts["task"], facts["classes"], facts["output"]) == ("regression", None, "b.toml")
    assert document["kafka"] == {"bootstrap_servers": "kafka:9"}
    assert document["labels"] == {"horizon": "7d", "column": "fraud"}
    assert load(folder / "b.toml", {}).windows.length == 90 * 60_000


def test_a_file_that_is_there_is_kept_unless_forced(folder: Path) -> None:
    (folder / "stream.toml").write_text("mine", encoding="utf-8")
    result = run(*WELL)
    assert isinstance(result.exception, ScoreloopError)
    assert "is there already; write over it with --force" in str(result.exception)
    assert (folder / "stream.toml").read_text(encoding="utf-8") == "mine"
    assert run(*WELL, "--force").exit_code == 0
    assert load(folder / "stream.toml", {}).name == "pay"


@pytest.mark.parametrize(
    ("arguments", "what"),
    [
        (("--csv", "a file.csv", "--name", "pay"), "--label COLUMN, of x, land, fraud"),
        (("--label", "fraud", "--name", "pay"), "--csv FILE or --synth NAME"),
        ((*WELL, "--synth", "sea"), "--csv FILE or --synth NAME"),
        ((*WELL[:-1], "Pay"), "'Pay' is no stream's name"),
        ((*WELL, "--horizon", "2 days"), "must be a duration"),
        ((*WELL, "--rows", "0:9"), "reaches beyond a file.csv, whose rows are 0:2"),
        ((*WELL, "--rows", "x"), "not of the form A:B"),
    ],
)
@pytest.mark.usefixtures("folder")
def test_wrong_usage_exits_2_with_a_sentence(arguments: tuple[str, ...], what: str) -> None:
    result = run(*arguments)
    assert result.exit_code == 2
    assert what in " ".join(result.stderr.split())


@pytest.mark.parametrize(
    ("arguments", "what"),
    [
        (("--csv", "b.csv", *WELL[2:]), "b.csv: no such file"),
        ((*WELL[:3], "frau", *WELL[4:]), "no column 'frau'; did you mean 'fraud'?"),
        ((*WELL, "--output", "no/such/folder.toml"), "no/such/folder.toml: cannot be written"),
    ],
)
def test_what_cannot_be_done_is_a_sentence_and_leaves_nothing(
    folder: Path, arguments: tuple[str, ...], what: str
) -> None:
    result = run(*arguments)
    assert isinstance(result.exception, ScoreloopError)
    assert what in str(result.exception)
    assert [path.name for path in folder.iterdir()] == ["a file.csv"]


def test_a_name_is_what_the_settings_take() -> None:
    [pattern] = [rule.pattern for rule in Settings.model_fields["name"].metadata if hasattr(rule, "pattern")]
    assert pattern == f"^{_NAME.pattern}$"
