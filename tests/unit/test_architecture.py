"""What a reader may rely on about the code itself."""

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PACKAGES = ("events", "models", "transport", "consumers", "producers", "verify", "backtest", "console", "ops")
SOURCES = [path for package in PACKAGES for path in sorted((ROOT / package).rglob("*.py"))]
OF_A_TRANSACTION = {
    "init_transactions",
    "begin_transaction",
    "commit_transaction",
    "abort_transaction",
    "send_offsets_to_transaction",
}


def attributes(path: Path, wanted: set[str]) -> set[str]:
    """Which of the `wanted` the file reads or calls of an object."""
    text = path.read_text(encoding="utf-8")
    if not any(f".{name}" in text for name in wanted):
        return set()  # without parsing it
    return {node.attr for node in ast.walk(ast.parse(text)) if isinstance(node, ast.Attribute)} & wanted


def test_one_place_opens_and_ends_transactions() -> None:
    places = [path.relative_to(ROOT).as_posix() for path in SOURCES if attributes(path, OF_A_TRANSACTION)]
    assert places == ["transport/transaction.py"]


def test_only_settings_and_the_broker_s_folders_read_the_environment() -> None:
    places = [
        path.relative_to(ROOT).as_posix() for path in SOURCES if attributes(path, {"environ", "getenv"})
    ]
    assert places == ["events/settings/reading.py", "ops/broker/places.py"]


@pytest.mark.parametrize("package", ["events", "models"])
def test_the_core_has_no_clock(package: str) -> None:
    for path in sorted((ROOT / package).rglob("*.py")):
        assert not attributes(path, {"time_ns", "monotonic", "now", "utcnow", "today"}), path


@pytest.mark.parametrize("document", ["README.md", "ARCHITECTURE.md", "docs/contract.md"])
def test_a_document_names_only_files_that_are_there(document: str) -> None:
    import re  # noqa: PLC0415 (one test's)

    text = (ROOT / document).read_text(encoding="utf-8")
    for name in re.findall(r"\]\(([\w./-]+)\)|`((?:events|models|transport|consumers)/\w+\.py)`", text):
        assert (ROOT / (name[0] or name[1])).exists(), name


def test_every_command_is_in_the_readme_or_the_contract() -> None:
    from console.main import COMMANDS  # noqa: PLC0415 (the command line is imported here alone)

    text = (ROOT / "README.md").read_text() + (ROOT / "docs/contract.md").read_text()
    assert [name for name in COMMANDS if f"scoreloop {name}" not in text and f"make {name}" not in text] == []


def test_every_command_in_the_page_on_models_is_one_with_these_options() -> None:
    import re  # noqa: PLC0415 (two tests')
    import shlex  # noqa: PLC0415

    import click  # noqa: PLC0415

    from console.main import scoreloop  # noqa: PLC0415

    text = (ROOT / "docs/models.md").read_text(encoding="utf-8")
    lines = [line for block in re.findall(r"```\n(.*?)```", text, re.DOTALL) for line in block.splitlines()]
    assert len(lines) > 10
    for line in lines:
        command: click.Command = scoreloop
        words = iter(shlex.split(line, comments=True)[1:])
        while isinstance(command, click.Group):
            found = command.get_command(click.Context(command), next(words))
            assert found is not None, line
            command = found
        known = {option for one in command.params for option in one.opts}
        assert [word for word in words if word.startswith("--") and word not in known] == [], line
