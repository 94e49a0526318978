"""Learning on: an online champion's challenger is the champion itself, with the labels since it was made."""

import warnings
from copy import deepcopy
from dataclasses import replace

import numpy as np
from sklearn.pipeline import Pipeline

from events.errors import ScoreloopError
from events.records import Manifest
from events.settings import ONLINE, Settings
from models.labelled import Labelled
from models.problem import Candidate, Problem, Rows, problem
from models.retraining import Champion, gated
from models.retraining_parts import NotBetterError, split
from models.search import Progress
from models.snapshots import CONTINUES
from models.threads import one_thread
from models.training import Trained, described


def continued(
    settings: Settings, labelled: Labelled, known: Manifest, champion: Pipeline, tell: Progress
) -> Trained:
    """What `champion`, of the manifest `known`, becomes by `labelled`, of which it has learned nothing yet.

    It learns from each event once, in order of event time (equal times: of event_id). The gate part is the
    newest `training.holdout` of them: the challenger passes if its summed loss there, having learned from
    those before, is lower than the champion's; then it learns from that part too. Its metrics are as of
    `models.retraining`. The same champion, rows and packages give the same answer.

    Raises:
        NotBetterError: the champion does not learn online, the rows are too few, or it is as good without.
    """
    number, family = known.version, known.params.get("family")
    if family not in ONLINE:
        raise NotBetterError(f"version {number} does not learn online: it is {known.estimator}")
    try:
        gate = split(labelled.ts, None, settings.training.holdout).gate
        given = problem(settings, labelled.rows, labelled.labels)
    except ScoreloopError as error:
        raise NotBetterError(f"{error}; version {number} stays champion") from None
    tell(f"version {number} learns on from {gate:,} labelled events")
    try:
        learned = learned_on(given, champion, slice(gate))
        metrics = gated(settings, labelled, None, Champion(number, champion), learned)
        tell(f"passed; learning on from {metrics['rows']:,} more")
        whole = learned_on(given, learned, slice(gate, None))
    except (ValueError, ArithmeticError) as error:
        raise NotBetterError(
            f"version {number} fails when it learns on ({type(error).__name__}: {error}), and stays champion"
        ) from None
    since = "those since the champion was made"
    windows = [{"name": since, "rows": gate, "error": metrics["error"]}]
    metrics["gate"] |= {"window": since, "averaged": [gate], "windows": windows}
    winner = Candidate(family, known.params["params"])
    found = described(settings, given, whole, winner, (), metrics, labelled.rows)
    return replace(found, params={**found.params, CONTINUES: number})


def learned_on(given: Problem, fitted: Pipeline, rows: Rows) -> Pipeline:
    """`fitted`, having learned from `rows` in their order too; itself it stays as it is."""
    made = deepcopy(fitted)
    with one_thread(), np.errstate(all="ignore"), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        made[-1].partial_fit(made[:-1].transform(given.frame.iloc[rows]), given.targets[rows])
    return made
