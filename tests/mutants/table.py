"""Bugs to plant, as data: each a small change of one file, and the tests of which one must turn red."""

from dataclasses import dataclass

FAULTS = "tests/broker/test_verify_faults.py::test_every_fate_survives_every_fault"
DECISIONS = "tests/broker/test_verify_faults.py::test_each_decision_is_acted_on_once_whatever_fails"
LETTERS = "tests/broker/test_dead_letters.py::test_"
OFFSETS = "tests/broker/test_offsets.py::test_"
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
        "if known is not None and chosen.losses[0] >= known:",
        "if known is not None and chosen.losses[0] > 2 * known + 1:",
        ("tests/fitting/test_retraining.py",),
    ),
    Mutation(
        "an alarm asked for twice", "models/alarms.py",
        "            if rung.labels >= rung.next_at:", "            if rung.labels:",
        ("tests/unit/test_alarms.py",),
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
)  # fmt: skip
