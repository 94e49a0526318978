"""A retrain, from the outcomes to a version in the registry that has passed its gate."""

from collections.abc import Callable

from joblib import parallel_config

from consumers.trainer.course import Request
from consumers.trainer.ending import End, Unfit
from consumers.trainer.examples import Examples, examples
from consumers.trainer.registration import registered
from events.settings import Settings
from models import artifact
from models.dataset_admission import admitted
from models.dataset_flaw import DataLimitError
from models.registry import Registry
from models.retraining import retrain
from models.retraining_parts import NotBetterError


def retrained(settings: Settings, request: Request, tell: Callable[[str], None]) -> End:
    """The version that takes the champion's place, or why there is none.

    Raises:
        ScoreloopError: `outcomes`, or the champion's artefact, cannot be read, or the registry not written.
    """
    return learned(settings, request, examples(settings, tell), tell)


def learned(settings: Settings, request: Request, found: Examples, tell: Callable[[str], None]) -> End:
    """The same from rows that were `found`.

    Raises:
        ScoreloopError: the champion's artefact cannot be read, or the registry not written.
    """
    champion = artifact.loads(Registry(settings.registry.url).get(request.champion.artifact_sha256))
    change_ts = request.decision.evidence.get("change_ts")
    since = change_ts if isinstance(change_ts, int) else None
    tell("looking at the rows")
    try:
        rows = admitted(found.labelled.dataset(settings), request.decision.ts)
        labelled = found.labelled.at(rows.positions)
        with parallel_config(backend="sequential"):  # a process killed here would leave joblib's behind
            trained = retrain(settings, labelled, since, request.champion.version, champion, tell)
    except NotBetterError as error:
        return Unfit(str(error), rejected=True)
    except DataLimitError as error:
        return Unfit(f"{error}; version {request.champion.version} stays champion", rejected=True)
    trained.metrics["data"] = rows.stated
    tell("registering the version")
    return registered(settings, trained, found.trained_on)
