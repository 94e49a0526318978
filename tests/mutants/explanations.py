"""Bugs of what explains an answer or a version, for `make mutants`."""

from table import Mutation

SHAPLEY, EXPLAINING = "tests/unit/test_shapley.py", "tests/fitting/test_explaining.py"
IMPORTANCE, APPOINTED = "tests/fitting/test_importance.py", "tests/unit/test_appointed.py"
FINDING = "tests/broker/test_finding.py"

EXPLANATIONS = (
    Mutation(
        "coalitions weighted alike", "models/shapley.py",
        "1 / (n * comb(n - 1, size))", "1 / 2 ** (n - 1)",
        (SHAPLEY,),
    ),
    Mutation(
        "gains given to the step and not to the feature", "models/shapley.py",
        "np.put_along_axis(gains, orders, np.diff(answers, axis=1), axis=1)",
        "gains = np.diff(answers, axis=1)",
        (SHAPLEY,),
    ),
    Mutation(
        "standard errors of one pair, not of their mean", "models/shapley.py",
        "(each.var(axis=1, ddof=1) / pairs)", "each.var(axis=1, ddof=1)",
        (SHAPLEY,),
    ),
    Mutation(
        "shap's values of the first class for any", "models/tree_shap.py",
        "values[:, place], base[[place]]", "values[:, 0], base[[0]]",
        (EXPLAINING,),
    ),
    Mutation(
        "values of shap that do not add up are taken", "models/explaining.py",
        "if known is not None and known.add_up_to(answer):", "if known is not None:",
        (EXPLAINING,),
    ),
    Mutation(
        "importance of what had learned from the held-out rows", "models/training.py",
        "        fitted = given.fitted(winner, slice(before))\n",
        "        fitted = given.fitted(winner, slice(None))\n",
        (IMPORTANCE,),
    ),
    Mutation(
        "an array's columns shuffled, and not the first", "models/importance.py",
        "for i in range(shape[0])]", "for i in range(1, shape[0])]",
        (IMPORTANCE,),
    ),
    Mutation(
        "any importances made again will do", "consumers/trainer/reproduction.py",
        "return not self.different and self.importance is not False", "return not self.different",
        (IMPORTANCE,),
    ),
    Mutation(
        "the partition of a key's first four bytes", "transport/partitioner.py",
        "if rest := data[whole:]:", 'if rest := b"":',
        ("tests/unit/test_partitioner.py",),
    ),
    Mutation(
        "the older of two answers to one event", "transport/finding.py",
        "return found[-1]", "return found[0]",
        (FINDING,),
    ),
    Mutation(
        "a span of offsets passed over", "transport/finding.py",
        "span, end = span * _WIDER, start", "span, end = span * _WIDER, start - 1",
        (FINDING,),
    ),
    Mutation(
        "roles that came after the answer", "console/appointed.py",
        "if roles.ts <= ts), given[-1]", "), given[-1]",
        (APPOINTED,),
    ),
    Mutation(
        "decisions of other versions behind a role", "console/appointed.py",
        "and role_in(now, version) != role_in(before, version)", "and role_in(now, version)",
        (APPOINTED,),
    ),
)  # fmt: skip
"""Bugs of `models.shapley`, `models.importance` and what `scoreloop explain` and `models card` stand on."""
