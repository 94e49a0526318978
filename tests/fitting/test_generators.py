"""River's generators as sources of rows; they are here because river takes seconds to import."""

from pathlib import Path

import pytest
from click.testing import CliRunner

from console.init import init
from events.settings import load
from producers.infer import infer
from producers.rows import open_synth
from producers.stream_toml import Choices, stream_toml
from producers.synth_rows import GENERATORS
from producers.typed import typed

CHOICES = Choices("s", "127.0.0.1:1", 86_400_000, 3_600_000)


@pytest.mark.parametrize("name", GENERATORS)
def test_a_generator_gives_the_same_rows_for_a_seed(name: str) -> None:
    first, again = (next(open_synth(name, "0:30", seed).chunks()).batch for seed in (3, 3))
    assert first.equals(again)
    assert first.column_names[-1] == "label"
    assert not first.equals(next(open_synth(name, "0:30", 4).chunks()).batch)


@pytest.mark.parametrize("name", GENERATORS)
def test_what_init_writes_fits_every_row(tmp_path: Path, name: str) -> None:
    rows = open_synth(name, ":200")
    path = tmp_path / "stream.toml"
    path.write_text(stream_toml(infer(rows, "label"), CHOICES), encoding="utf-8")
    settings = load(path, {})
    chunks = list(typed(settings, rows))
    assert sum(map(len, chunks)) == 200
    assert not any(chunk.incomplete or None in chunk.labels for chunk in chunks)


def test_init_needs_no_label_of_a_generator(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    said = CliRunner().invoke(init, ["--synth", "sea", "--rows", ":50", "--name", "sea"]).stdout
    assert "scoreloop train stream.toml --synth sea" in said
    assert load(tmp_path / "stream.toml", {}).classes == (False, True)
