"""Bugs in what decides, to plant as those of `table`; tests without a broker turn red."""

from table import Mutation

ALARMS = ("tests/unit/test_alarms.py",)
E_SR = ("tests/unit/test_e_sr.py",)
TRIALS = ("tests/unit/test_trials.py",)

VERDICTS = (
    Mutation(
        "a cohort adds 1 to the evidence and not n", "models/e_sr.py",
        "math.log(self.sums[k] + count) + log", "math.log(self.sums[k] + 1) + log", E_SR,
    ),
    Mutation(
        "the change point moved on with each cohort", "models/e_sr.py",
        "            if self.runs[k] <= 0:\n", "            if self.runs[k] < math.inf:\n", E_SR,
    ),
    Mutation(
        "alpha not spent over challengers", "models/trial.py",
        "-math.log(non_inferiority.level(self.number, alpha))", "-math.log(alpha)", TRIALS,
    ),
    Mutation(
        "a verdict given twice", "models/trials.py",
        "                trial.over = not trial.waits\n", "", TRIALS,
    ),
    Mutation(
        "twice the margin for a promotion", "models/non_inferiority.py",
        "np.log1p(-bets * (1 - margin))", "np.log1p(-bets * (1 - 2 * margin))",
        ("tests/unit/test_non_inferiority.py",),
    ),
    Mutation(
        "a shadow's pair counted the same for both", "models/cells.py",
        "(one.model_version, -sign)", "(one.model_version, sign)",
        ("tests/unit/test_answer_cells.py::test_pairs_are_counted_for_both",),
    ),
    Mutation(
        "a canary's events taken for the champion's", "models/tenure.py",
        'cell.role == "champion" and cell.model_version == self.version and cell.from_ts',
        "cell.segment is None and cell.from_ts", ALARMS,
    ),
    Mutation(
        "better taken for worse on probation", "models/alarms.py",
        "return paired.evidence(tenure.worse, tenure.better) >=",
        "return paired.evidence(tenure.better, tenure.worse) >=", ALARMS,
    ),
    Mutation(
        "a rollback asked for twice", "models/alarms.py",
        "            tenure.returned = True\n", "", ALARMS,
    ),
    Mutation(
        "a rollback after the probation", "models/tenure.py",
        "return self.on_probation(probation) and self.previous", "return self.promoted and self.previous",
        ALARMS,
    ),
    Mutation(
        "false discoveries not kept down", "models/two_samples.py",
        "return [p <= last for p in p_values]", "return [p <= max(rate, last) for p in p_values]",
        ("tests/unit/test_two_samples.py",),
    ),
    Mutation(
        "a warning at each stretch of an excursion", "models/excursions.py",
        "                self.told.append(name)\n", "", ("tests/unit/test_excursions.py",),
    ),
    Mutation(
        "an early warning at each look", "models/early_warning.py",
        "            self._state.told = True\n", "", ("tests/unit/test_early_warning.py",),
    ),
    Mutation(
        "an early warning on buckets that are not over", "models/early_warning.py",
        "            if over and tenure", "            if tenure", ("tests/unit/test_early_warning.py",),
    ),
    Mutation(
        "an accuracy that chance explains is told of", "models/confidence.py",
        "Comparison(_chance(known, now),", "Comparison(0.0 * _chance(known, now),",
        ("tests/unit/test_confidence.py",),
    ),
    Mutation(
        "a warning asks for a retrain unbidden", "models/warnings_book.py",
        "one.kind in self._watch.retrain]", "one.kind]", ("tests/unit/test_warnings_book.py",),
    ),
    Mutation(
        "a narrow number seen by its buckets alone", "models/histograms.py",
        "FINE + (numbers.view(np.uint64) >> _FINE_SHIFT", "FINE + (numbers.view(np.uint64) >> _SHIFT",
        ("tests/unit/test_histograms.py", "tests/unit/test_unlabelled.py"),
    ),
    Mutation(
        "a backtest sees a file's labels before they come", "backtest/history.py",
        "come = found.known[end] if end < len(found) else len(found.labels)", "come = len(found.labels)",
        ("tests/fitting/test_backtest.py::test_labels_come_when_a_feed_sends_them",),
    ),
    Mutation(
        "a backtest sees a stream's labels before they come", "backtest/outcomes.py",
        "max(one.label_ts, one.ts)", "min(one.label_ts, one.ts)",
        ("tests/unit/test_backtest_outcomes.py",),
    ),
)  # fmt: skip
