"""What is opened of what the registry holds, and the golden rows that it has to answer."""

import io
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import joblib
import pytest
from sample_models import PAIRS, fitted
from sample_rows import MIXED, NUMBERS, REGRESSION, rows
from sklearn.base import BaseEstimator
from sklearn.pipeline import Pipeline

from events.errors import ScoreloopError
from events.settings import Family, Settings
from events.signatures import Signer
from models import artifact, golden
from models.golden import GoldenError
from models.opening import opened
from models.registry import Registry
from models.scoring import Version

FIRED: list[str] = []
KEY = Signer.new("payments")[0].public_key


class Canary(BaseEstimator):
    """Sings when it is unpickled."""

    def __reduce__(self) -> tuple[Callable[..., Any], tuple[str]]:
        return FIRED.append, ("reduce",)


@pytest.fixture(autouse=True)
def _silent() -> Iterator[None]:
    FIRED.clear()
    yield
    assert FIRED == []


@dataclass(frozen=True)
class Made:
    artifact_sha256: str
    format: str
    signature: str | None


def pickled(thing: object) -> bytes:
    buffer = io.BytesIO()
    joblib.dump(thing, buffer)
    return buffer.getvalue()


def stream(folder: Path, **registry: Any) -> Settings:
    stated = MIXED.registry.model_copy(update={"url": str(folder), **registry})
    return NUMBERS.model_copy(update={"registry": stated})


@pytest.mark.parametrize(
    ("form", "signature", "registry", "sentence"),
    [
        ("joblib", "s", {}, "can run any code, so it was not opened"),
        ("joblib", "s", {"public_keys": (KEY,)}, "can run any code, so it was not opened"),
        ("joblib", None, {"public_keys": (KEY,), "allow_pickle": True}, "only where its version is signed"),
        ("joblib", "s", {"allow_pickle": True}, "only where its version is signed"),
        ("skops", "s", {"public_keys": (KEY,), "allow_pickle": True}, "cannot be read as skops"),
        ("pickle", "s", {"public_keys": (KEY,), "allow_pickle": True}, "'pickle' cannot be read"),
        ("../x", "s", {}, "cannot be read"),
    ],
)
def test_a_pickle_that_may_not_be_opened_is_not_touched(
    tmp_path: Path, form: str, signature: str | None, registry: dict[str, Any], sentence: str
) -> None:
    settings = stream(tmp_path, **registry)
    store = Registry(str(tmp_path))
    made = Made(store.put(pickled(Canary())), form, signature)
    with pytest.raises(ScoreloopError, match=sentence):
        opened(made, store, settings)


@pytest.mark.parametrize("swapped", ["../../etc/passwd", "a" * 64, ""])
def test_an_artefact_that_leads_elsewhere_is_refused(tmp_path: Path, swapped: str) -> None:
    with pytest.raises(ScoreloopError, match=r"no SHA-256|registry has no"):
        opened(Made(swapped, "skops", None), Registry(str(tmp_path)), stream(tmp_path))


def test_another_pickle_under_the_name_of_an_allowed_one_is_not_touched(tmp_path: Path) -> None:
    settings = stream(tmp_path, public_keys=(KEY,), allow_pickle=True)
    store = Registry(str(tmp_path))
    made = Made(store.put(pickled(fitted("linear", NUMBERS))), "joblib", "s")
    (tmp_path / "artifacts" / made.artifact_sha256).write_bytes(pickled(Canary()))
    with pytest.raises(ScoreloopError, match="other bytes"):
        opened(made, store, settings)


def test_a_signed_pickle_is_opened_where_that_is_allowed(tmp_path: Path) -> None:
    settings = stream(tmp_path, public_keys=(KEY,), allow_pickle=True)
    store = Registry(str(tmp_path))
    whole, alone = fitted("linear", NUMBERS), fitted("tree", NUMBERS)
    for thing in (whole, alone[-1]):
        made = Made(store.put(pickled(thing)), "joblib", "s")
        assert isinstance(opened(made, store, settings), Pipeline)
    broken = Made(store.put(pickled(whole)[:-20]), "joblib", "s")
    with pytest.raises(ScoreloopError, match="cannot be read as joblib"):
        opened(broken, store, settings)


def version(settings: Settings, family: Family) -> Version:
    loaded = artifact.loads(artifact.dumps(fitted(family, settings)))
    return Version(7, loaded, settings.features, settings.task, settings.classes)


@pytest.mark.parametrize(("family", "settings"), PAIRS)
def test_a_version_answers_its_own_golden_rows(family: Family, settings: Settings) -> None:
    made = version(settings, family)
    stated = golden.golden(made, settings.features, rows(settings, 300))
    assert len(stated) == golden.ROWS
    golden.check(made, settings.features, stated)


@pytest.mark.parametrize("settings", [NUMBERS, REGRESSION], ids=["classes", "regression"])
def test_another_model_does_not(settings: Settings) -> None:
    stated = golden.golden(version(settings, "linear"), settings.features, rows(settings, 300))
    with pytest.raises(GoldenError, match="version 7 answers 8 of its manifest's 8 golden rows otherwise"):
        golden.check(version(settings, "tree"), settings.features, stated)


def test_the_last_bits_may_differ_and_more_may_not() -> None:
    made = version(REGRESSION, "linear")
    [first, *others] = golden.golden(made, REGRESSION.features, rows(REGRESSION, 300))
    for by, fine in ((1e-12, True), (1e-6, False)):
        stated = [{**first, "prediction": first["prediction"] * (1 + by) + by}, *others]
        if fine:
            golden.check(made, REGRESSION.features, stated)
        else:
            with pytest.raises(GoldenError, match="1 of its manifest's 8"):
                golden.check(made, REGRESSION.features, stated)


@pytest.mark.parametrize("stated", [[{}], [{"features": {"x": 1}}], [7]])
def test_golden_rows_of_another_schema_are_a_sentence(stated: Any) -> None:
    with pytest.raises(GoldenError, match="not of this schema"):
        golden.check(version(NUMBERS, "linear"), NUMBERS.features, stated)


def test_older_versions_have_none() -> None:
    golden.check(version(NUMBERS, "linear"), NUMBERS.features, None)
    assert golden.golden(version(NUMBERS, "linear"), NUMBERS.features, []) == []
