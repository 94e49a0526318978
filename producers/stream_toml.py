"""A `stream.toml` that a person enjoys reading, from what was found in a file."""

import json
import re
from dataclasses import dataclass

from events.durations import written
from events.schema import Feature, Label
from events.settings import BOOTSTRAP_VARIABLE, BUCKETS_A_WINDOW, Decisions, Registry
from producers.infer import Findings

_BARE = re.compile(r"[A-Za-z0-9_-]+")
_COMMENT_COLUMN = 34


@dataclass(frozen=True, slots=True)
class Choices:
    """What a person chooses, or leaves as it is; durations in milliseconds."""

    name: str
    bootstrap_servers: str
    horizon: int
    window: int


def stream_toml(findings: Findings, choices: Choices) -> str:
    """The file's text, sections in the contract's order, each with a word on what it is."""
    sections = [_head, _kafka, _features, _labels, _windows, _decisions, _registry]
    return "\n".join(section(findings, choices) for section in sections)


def _head(findings: Findings, choices: Choices) -> str:
    return (
        f"# The stream {choices.name}, as `scoreloop init` found it in {_toml(findings.file)} "
        f"({findings.rows:,} rows). Yours to edit.\n"
        + _line(f"name = {_toml(choices.name)}", f"its topics are {choices.name}.features and so on")
        + _line(
            f"task = {_toml(findings.task)}",
            'or "regression"' if findings.classes else 'or "classification"',
        )
    )


def _kafka(_findings: Findings, choices: Choices) -> str:
    return (
        "# Where the brokers are. Any other librdkafka property goes here by its own name.\n[kafka]\n"
        + _line(
            f"bootstrap_servers = {_toml(choices.bootstrap_servers)}", f"{BOOTSTRAP_VARIABLE} wins over it"
        )
    )


def _features(findings: Findings, _choices: Choices) -> str:
    lines = [
        '# What an event carries: "number", "integer", "boolean", "category" (text), or a list of numbers.\n',
        "# An event that lacks one goes to dead-letters, unless the feature is nullable.\n[features]\n",
    ]
    width = max(len(_key(name)) for name in findings.features)
    for name, spec in findings.features.items():
        lines.append(_line(f"{_key(name):{width}} = {_type(spec)}", findings.categories.get(name, "")))
    for name, why in findings.left_out.items():
        lines.append(f"# left out: {_toml(name)}, {why}\n")
    return "".join(lines)


def _labels(findings: Findings, choices: Choices) -> str:
    lines = ["# What an event turns out to be, which is known later.\n[labels]\n"]
    if findings.classes:
        classes = f"classes  = [{', '.join(map(_toml, findings.classes))}]"
        lines.append(_line(classes, 'JSON values as they come in labels: 1, "1" and true are three'))
    if len(findings.classes) == 2:  # noqa: PLR2004 (a positive class is one of two)
        positive = f"positive = {_toml(findings.classes[-1])}"
        lines.append(_line(positive, "the class that precision and recall speak of"))
    lines.append(
        _line(f"horizon  = {_toml(written(choices.horizon))}", "how long an event waits for its label")
    )
    lines.append(_line(f"column   = {_toml(findings.label)}", "the label's column in files"))
    return "".join(lines)


def _windows(_findings: Findings, choices: Choices) -> str:
    length = f"length = {_toml(written(choices.window))}"
    bucket = f"bucket = {_toml(written(choices.window // buckets(choices.window)))}"
    return (
        "# Ranges of event time over which figures are computed, aligned to the epoch.\n[windows]\n"
        + _line(length, "")
        + _line(bucket, "what alarms look at; divides length")
    )


def _decisions(_findings: Findings, _choices: Choices) -> str:
    every = f"false_alarm_every = {Decisions().false_alarm_every}"
    return "# When the loop acts.\n[decisions]\n" + _line(every, "labelled events, on average")


def _registry(_findings: Findings, _choices: Choices) -> str:
    url = f"url = {_toml(Registry().url)}"
    return "# Where trained versions are kept.\n[registry]\n" + _line(
        url, "a folder beside this file, or an fsspec URL"
    )


def buckets(window: int) -> int:
    """How many equal buckets of whole milliseconds a window has: 12, or the next fewer that fit."""
    return next(n for n in range(BUCKETS_A_WINDOW, 0, -1) if window % n == 0)


def _line(setting: str, comment: str) -> str:
    return f"{setting:{_COMMENT_COLUMN}}  # {comment}\n" if comment else f"{setting}\n"


def _type(spec: Feature) -> str:
    shape = f", shape = [{spec.shape[0]}]" if spec.shape else ""
    nullable = ", nullable = true" if spec.nullable else ""
    kind = _toml(spec.type)
    return f"{{ type = {kind}{shape}{nullable} }}" if shape or nullable else kind


def _key(name: str) -> str:
    return name if _BARE.fullmatch(name) else _toml(name)


def _toml(value: Label) -> str:
    """A string, number or boolean in TOML: as in JSON, but for a control character that JSON leaves."""
    return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")
