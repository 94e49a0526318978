"""Bugs to plant, as data: each a small change of one file, and the tests of which one must turn red."""

from dataclasses import dataclass

FAULTS = "tests/broker/test_verify_faults.py::test_every_fate_survives_every_fault"
DECISIONS = "tests/broker/test_verify_faults.py::test_each_decision_is_acted_on_once_whatever_fails"
LETTERS = "tests/broker/test_dead_letters.py::test_"
OFFSETS = "tests/broker/test_offsets.py::test_"
SIGNATURES = "tests/unit/test_signatures.py"
ROLES = "tests/broker/test_roles_live.py::test_"


@dataclass(frozen=True, slots=True)
class Mutation:
    """`old` stands once in `file`, and `new` in its place is the bug; all of `tests` are green without it."""

    name: str
    file: str
    old: str
    new: str
    tests: tuple[str, ...] = (FAULTS,)
    also: tuple[tuple[str, str], ...] = ()
    """Other old and new texts of the same file, where two guards stand one behind the other."""


MUTATIONS = (
    Mutation(
        "no rewind after an abort", "consumers/loop.py",
        "self._step.begin(intake.rewind())", "self._step.begin(intake._committed())",
    ),
    Mutation(
        "offsets left out of the transaction", "transport/transaction.py",
        "            if offsets:\n", "            if offsets and not len(outputs):\n",
    ),
    Mutation(
        "offsets committed before the transaction", "consumers/loop.py",
        "            producer.commit(turn.outputs, offsets, intake.group_metadata())",
        "            if offsets:\n"
        "                intake._consumer.commit(offsets=offsets, asynchronous=False)\n"
        "            producer.commit(turn.outputs)",
    ),
    Mutation(
        "a commit whose answer is lost is done again", "consumers/loop.py",
        "            producer.commit(turn.outputs, offsets, intake.group_metadata())",
        "            try:\n"
        "                producer.commit(turn.outputs, offsets, intake.group_metadata())\n"
        "            except ProducerLostError:\n"
        "                producer.close()\n"
        "                self._producer().commit(turn.outputs, offsets, intake.group_metadata())\n"
        "                raise",
    ),
    Mutation(
        "a batch gathered across a rebalance kept", "consumers/intake.py",
        "            return Batch(began=self._committed() if not came else self.rewind())",
        "            return Batch(records, ends, self._committed())",
        ("tests/broker/test_intake.py",),
    ),
    Mutation(
        "a fenced process goes on", "consumers/loop.py",
        "return self._successor()", "return None",
        (f"{ROLES}a_newer_process_takes_a_slot_over_and_the_older_ends",),
    ),
    Mutation(
        "a poison record swallowed", "consumers/scorer.py",
        "                outputs.single.append(self._refused(message, refusal))\n\n",
        "                del refusal\n\n",
    ),
    Mutation(
        "a version stamped that did not score", "consumers/scorer.py",
        "_record(message, event, answer, number, role, now)", "_record(message, event, answer, 1, role, now)",
    ),
    Mutation(
        "a lower epoch accepted", "consumers/roles.py",
        "serving is not None and roles.epoch <= serving", "serving is not None and roles.epoch == serving",
        (f"{ROLES}roles_that_are_not_valid_are_refused_and_the_champion_goes_on",),
        (("last is not None and newest.epoch < last.epoch", "last is not None and newest.epoch < 0"),),
    ),
    Mutation(
        "the same epoch accepted again", "consumers/roles.py",
        "serving is not None and roles.epoch <= serving", "serving is not None and roles.epoch < serving",
        (f"{ROLES}roles_that_are_not_valid_are_refused_and_the_champion_goes_on",),
    ),
    Mutation(
        "an artefact loaded against its hash", "models/registry.py",
        "if hashlib.sha256(data).hexdigest() != sha256:", "if not data:",
        (f"{ROLES}an_artefact_that_does_not_match_its_hash_is_not_loaded",),
    ),
    Mutation(
        "a label dropped on restore", "consumers/join/parking.py",
        "entry.early = None if value is None else _known(value)", "entry.early = None",
    ),
    Mutation(
        "an outcome emitted again on restore", "consumers/join/restoring.py",
        "    young.pop((outcome.prediction_id, outcome.role, outcome.model_version), None)\n", "",
    ),
    Mutation(
        "a repeat counted twice", "consumers/join/partition.py",
        "        elif entry.joined is not None:\n",
        "        elif entry.joined is not None and first is None:\n",
    ),
    Mutation(
        "a refused label swallowed", "consumers/join/relabel.py",
        "                outputs.single.append(dead_letter(self._dead_letters, record, refusal))\n",
        "                del refusal\n",
    ),
    Mutation(
        "an expiry before the watermark", "consumers/join/share.py",
        "settled = self.join.pass_watermark(watermark, room)",
        "settled = self.join.pass_watermark(watermark + 3_600_000, room)",
    ),
    Mutation(
        "a tally not in the outcome's transaction", "consumers/join/ledger.py",
        "            outputs.many.setdefault(self._to_tallies, []).extend(tallies)",
        "            from transport import clients\n\n"
        "            producer = clients.producer(self._settings.kafka)\n"
        "            for tally in tallies:\n"
        '                producer.produce(self._to_tallies, tally["value"], tally["key"])\n'
        "            producer.flush()",
    ),
    Mutation(
        "a window closed early", "models/window_book.py",
        "return tally.predictions == tally.matched + tally.expired", "return True",
    ),
    Mutation(
        "a decision acted on twice", "consumers/trainer/trainer.py",
        "standing.settled(decision_id) or decision_id in self._retrains", "decision_id in self._retrains",
        (DECISIONS,),
    ),
    Mutation(
        "the trainer's offset past an unsettled decision", "consumers/trainer/trainer.py",
        "waiting = [offset for offset, _ in self._retrains.values()]", "waiting: list[int] = []",
        ("tests/broker/test_trainer.py::test_a_stop_ends_a_training_and_the_next_process_takes_it_up",),
    ),
    Mutation(
        "the champion not compared at the gate", "models/retraining.py",
        "if ours.sum() >= known.sum():", "if ours.sum() > 2 * known.sum() + 1:",
        ("tests/fitting/test_retraining.py",),
    ),
    Mutation(
        "an alarm asked for twice", "models/alarms.py",
        "            if rung.labels < rung.next_at:", "            if not rung.labels:",
        ("tests/unit/test_alarms.py",),
    ),
    Mutation(
        "no cooldown after a change of champion", "models/budget.py",
        'if decision.action in {"retrain", "promote"} and self.cooling and not follows:', "if False:",
        ("tests/unit/test_held_back.py",),
    ),
    Mutation(
        "an approval of whatever waits by now", "consumers/trainer/trainer.py",
        "        self._approval.refuse(decision)\n", "",
        ("tests/unit/test_approval.py",),
    ),
    Mutation(
        "a dead letter sent back twice", "producers/replay.py",
        'if f"{topic}-{one.place}" not in done and not obstacle', "if not obstacle",
        (f"{LETTERS}a_replay_whose_end_is_unknown_is_called_again_and_sends_the_rest",),
    ),
    Mutation(
        "a skip that is not recorded", "transport/skipping.py",
        "outputs = Outputs(many={topics.SKIPS.of(settings.name): told})", "outputs = Outputs()",
        (f"{OFFSETS}what_a_service_was_made_to_skip_is_no_broken_promise",),
    ),
    Mutation(
        "a skipped answer restored", "consumers/join/restoring.py",
        "if any(offset in left for left in skipped):", "if any(offset in left for left in ()):",
        (f"{OFFSETS}what_a_service_was_made_to_skip_is_no_broken_promise",),
    ),
    Mutation(
        "a signature of anyone's is taken", "events/signatures.py",
        "if not any(_by(key, signature, message) for key in self._keys):", "if not signature:",
        (SIGNATURES,),
    ),
    Mutation(
        "a version that comes through control need not be signed", "consumers/trainer/trainer.py",
        "        actions.refuse_unsigned(decision, self._trust)\n", "",
        (SIGNATURES,),
    ),
    Mutation(
        "the trainer signs no roles", "consumers/trainer/ledger.py",
        "roles = self._sign(change.roles)", "roles = change.roles",
        (SIGNATURES,),
    ),
    Mutation(
        "the monitor follows forged roles", "models/monitor_book.py",
        " or not self._trust.genuine(value)", "",
        (SIGNATURES,),
    ),
    Mutation(
        "the epoch of forged roles counts", "consumers/roles.py",
        """                roles = self._roles(self._past[epoch])
""",
        """                roles = Roles.model_validate_json(self._past[epoch])
""",
        (SIGNATURES,),
    ),
    Mutation(
        "an unsigned pickle is opened", "models/opening.py",
        "if form in PICKLED and not (signed and settings.registry.public_keys):", "if form in ():",
        ("tests/fitting/test_opening.py",),
    ),
    Mutation(
        "nobody asks for the golden rows", "consumers/serving.py",
        "    golden.check(version, settings.features, manifest.golden)\n", "",
        (f"{ROLES}a_version_that_answers_its_golden_rows_otherwise_is_refused",),
    ),
    Mutation(
        "garbage that was written again is removed", "models/registry.py",
        "if self._modified(path) != one.modified:", "if self._modified(path) < 0:",
        ("tests/unit/test_registry.py",),
    ),
    Mutation(
        "the audit's chain leaves out what was asked", "console/trail.py",
        "for part in (key, value, said))", 'for part in (key, value, b""))',
        ("tests/unit/test_trail.py",),
    ),
)  # fmt: skip
