"""Records made to do harm, each with what has to become of it: refused for a reason, or taken all the same.

`EVENTS` are for `features`, `TRUTHS` for `labels` of a stream with `FEATURES` and `CLASSES`, `AMOUNTS`
for those of a regression. A name says what is odd.
"""

import json
import tomllib
from collections.abc import Iterator
from typing import Any, NamedTuple

from events.json_reading import INT64_MAX, INT64_MIN
from events.refusals import Reason
from events.settings import Settings

FEATURES = """
[features]
amount = "number"
age = { type = "integer", nullable = true }
country = { type = "category", values = ["NO", "SE"], nullable = true }
shop = { type = "category", nullable = true }
new = { type = "boolean", nullable = true }
history = { type = "number", shape = [2], nullable = true }
"""
CLASSES = """
[labels]
classes = ["fraud", "ok", 1, true, 2.5]
"""
SETTINGS = Settings.model_validate(
    tomllib.loads(f'name = "poison"\ntask = "classification"\n{FEATURES}{CLASSES}')
)
LARGEST = SETTINGS.limits.max_event_bytes

KEY = b"k"
MOST_BYTES = 1_048_510
"""Key and value that just fit a topic of 1 MiB; what `internal.labels` adds to them would be too much."""
TAKEN = None
"""In place of a reason: it is odd and no fault."""


class Odd(NamedTuple):
    """A record, and the reason for which it is refused, or `TAKEN`."""

    name: str
    value: bytes | None
    reason: Reason | None
    key: bytes | None = KEY


Texts = list[tuple[str, str, Reason | None]]
"""What is odd, JSON text for one field, and what becomes of it."""

DIGITS = "1" * 60_000
DEEP = "[" * 30_000 + "]" * 30_000
HARD_TO_ROUND = "[" + ",".join(["1." + "3" * 760 + "e-300"] * 80) + "]"
"""The dearest that was found: a reader has to look at each digit of each."""
DEEP_OBJECTS = '{"a":' * 10_000 + "1" + "}" * 10_000

IGNORED: Texts = [
    ("deep arrays", DEEP, Reason.NOT_JSON),
    ("deep objects", DEEP_OBJECTS, Reason.NOT_JSON),
    ("nested a hundred deep", "[" * 100 + "]" * 100, TAKEN),
    ("sixty thousand digits", DIGITS, TAKEN),
    ("1e400", "1e400", TAKEN),
    ("a hundred thousand elements", "[" + "0," * 30_000 + "0]", TAKEN),
    ("many keys", "{" + ",".join(f'"{i}":0' for i in range(5_000)) + "}", TAKEN),
    ("one key many times", "{" + ",".join(['"a":0'] * 10_000) + "}", TAKEN),
    ("decimals that are hard to round", HARD_TO_ROUND, TAKEN),
    ("NaN", "NaN", Reason.NOT_FINITE),
    ("NaN behind thirty thousand numbers", "[" + "0," * 30_000 + "NaN]", Reason.NOT_FINITE),
    ("-Infinity deep inside", '[{"a": -Infinity}]', Reason.NOT_FINITE),
    ("a lone surrogate", r'"\ud800"', Reason.NOT_JSON),
    ("a surrogate pair", r'"\ud83d\ude00"', TAKEN),
    ("a NUL escape", r'"\u0000"', TAKEN),
    ("a bad escape", r'"\x41"', Reason.NOT_JSON),
    ("a trailing comma", "[1,]", Reason.NOT_JSON),
    ("a comment", "/* */ 1", Reason.NOT_JSON),
    ("single quotes", "'a'", Reason.NOT_JSON),
    ("undefined", "undefined", Reason.NOT_JSON),
    ("True", "True", Reason.NOT_JSON),
]
IDS: Texts = [
    ("of one character", '"!"', TAKEN),
    ("of 128 characters", f'"{"~" * 128}"', TAKEN),
    ("of 129 characters", f'"{"~" * 129}"', Reason.BAD_EVENT_ID),
    ("of 60,000 characters", f'"{"x" * 60_000}"', Reason.BAD_EVENT_ID),
    ("empty", '""', Reason.BAD_EVENT_ID),
    ("of quotes and backslashes", r'"\"\\\/\"{}[]"', TAKEN),
    ("like a path", '"../../answer/0-1/champion/1/x"', TAKEN),
    ("like SQL", '"\');DELETE--%s$1"', TAKEN),
    ("written in escapes", r'"\u0065\u0073\u0063"', TAKEN),
    ("with a space", '"a b"', Reason.BAD_EVENT_ID),
    ("with a newline", r'"a\n"', Reason.BAD_EVENT_ID),
    ("with a NUL", r'"a\u0000"', Reason.BAD_EVENT_ID),
    ("with DEL", r'"a\u007f"', Reason.BAD_EVENT_ID),
    ("beyond ASCII", '"ø"', Reason.BAD_EVENT_ID),
    ("of digits beyond ASCII", '"\u0661"', Reason.BAD_EVENT_ID),
    ("a lone surrogate", r'"\udfff"', Reason.NOT_JSON),
    ("a number", "7", Reason.WRONG_TYPE),
    ("a boolean", "true", Reason.WRONG_TYPE),
    ("an array", '["a"]', Reason.WRONG_TYPE),
    ("an object", "{}", Reason.WRONG_TYPE),
    ("null", "null", Reason.MISSING_FIELD),
]
TIMES: Texts = [
    ("the least of 64 bits", str(INT64_MIN), TAKEN),
    ("below 64 bits", str(INT64_MIN - 1), Reason.WRONG_TYPE),
    ("the largest of 64 bits", str(INT64_MAX), Reason.FUTURE_TS),
    ("beyond 64 bits", str(INT64_MAX + 1), Reason.WRONG_TYPE),
    ("beyond 64 bits without a sign", str(2**64), Reason.WRONG_TYPE),
    ("negative", "-1", TAKEN),
    ("zero", "0", TAKEN),
    ("minus zero", "-0", TAKEN),
    ("null", "null", TAKEN),
    ("a fraction", "0.5", Reason.WRONG_TYPE),
    ("an exponent", "1e3", Reason.WRONG_TYPE),
    ("text", '"0"', Reason.WRONG_TYPE),
    ("a boolean", "false", Reason.WRONG_TYPE),
    ("an array", "[0]", Reason.WRONG_TYPE),
    ("NaN", "NaN", Reason.NOT_FINITE),
    ("1e400", "1e400", Reason.NOT_FINITE),
    ("sixty thousand digits", DIGITS, Reason.NOT_FINITE),
]
NUMBERS: Texts = [
    ("1e400", "1e400", Reason.NOT_FINITE),
    ("-1e400", "-1e400", Reason.NOT_FINITE),
    ("1e-400", "1e-400", TAKEN),
    ("the largest double", "1.7976931348623157e308", TAKEN),
    ("the smallest double", "5e-324", TAKEN),
    ("minus zero", "-0.0", TAKEN),
    ("minus zero, whole", "-0", TAKEN),
    ("2**64", str(2**64), TAKEN),
    ("three hundred digits", "9" * 300, TAKEN),
    ("four hundred digits", "9" * 400, Reason.NOT_FINITE),
    ("sixty thousand digits", DIGITS, Reason.NOT_FINITE),
    ("sixty thousand decimals", f"0.{DIGITS}", TAKEN),
    ("sixty thousand zeros and a large exponent", f"0.{'0' * 60_000}1e60000", TAKEN),
    ("an exponent of sixty thousand digits", f"1e{DIGITS}", Reason.NOT_FINITE),
    ("a plus sign", "+1", Reason.NOT_JSON),
    ("no digit before the point", ".5", Reason.NOT_JSON),
    ("no digit after the point", "5.", Reason.NOT_JSON),
    ("hexadecimal", "0x10", Reason.NOT_JSON),
    ("a leading zero", "01", Reason.NOT_JSON),
    ("underscores", "1_000", Reason.NOT_JSON),
    ("a minus alone", "-", Reason.NOT_JSON),
    ("nan", "nan", Reason.NOT_JSON),
    ("NaN", "NaN", Reason.NOT_FINITE),
    ("Infinity", "Infinity", Reason.NOT_FINITE),
    ("text", '"1.5"', Reason.WRONG_TYPE),
    ("a boolean", "true", Reason.WRONG_TYPE),
    ("an array", "[1]", Reason.WRONG_TYPE),
    ("an object", "{}", Reason.WRONG_TYPE),
    ("deep", DEEP, Reason.NOT_JSON),
]
OTHERS: dict[str, Texts] = {
    "age": [
        ("the least of 64 bits", str(INT64_MIN), TAKEN),
        ("the largest of 64 bits", str(INT64_MAX), TAKEN),
        ("beyond 64 bits", str(INT64_MAX + 1), Reason.WRONG_TYPE),
        ("sixty thousand digits", DIGITS, Reason.NOT_FINITE),
        ("a fraction of zero", "1.0", Reason.WRONG_TYPE),
        ("minus zero", "-0", TAKEN),
        ("an exponent", "1e2", Reason.WRONG_TYPE),
    ],
    "country": [
        ("unknown", '"DK"', Reason.UNKNOWN_CATEGORY),
        ("with a space", '"NO "', Reason.UNKNOWN_CATEGORY),
        ("in small letters", '"no"', Reason.UNKNOWN_CATEGORY),
        ("empty", '""', Reason.UNKNOWN_CATEGORY),
        ("a number", "1", Reason.WRONG_TYPE),
        ("an object", '{"NO": 1}', Reason.WRONG_TYPE),
    ],
    "shop": [
        ("empty", '""', TAKEN),
        ("a NUL", r'"\u0000"', TAKEN),
        ("of 256 bytes", json.dumps("ø" * 128, ensure_ascii=False), TAKEN),
        ("of 257 bytes", json.dumps("x" * 257), Reason.UNKNOWN_CATEGORY),
        ("of 128 characters of four bytes", json.dumps("😀" * 128), Reason.UNKNOWN_CATEGORY),
        ("beyond the basic plane", '"😀"', TAKEN),
        ("right to left", r'"\u202eabc"', TAKEN),
        ("a lone surrogate", r'"\ud800"', Reason.NOT_JSON),
        ("a surrogate pair the wrong way round", r'"\ude00\ud83d"', Reason.NOT_JSON),
        ("like a class", '"__class__"', TAKEN),
    ],
    "new": [
        ("1", "1", Reason.WRONG_TYPE),
        ("text", '"true"', Reason.WRONG_TYPE),
        ("null", "null", TAKEN),
    ],
    "history": [
        ("too short", "[1]", Reason.WRONG_TYPE),
        ("too long", "[1, 2, 3]", Reason.WRONG_TYPE),
        ("far too long", "[" + "0," * 30_000 + "0]", Reason.WRONG_TYPE),
        ("hard to round", HARD_TO_ROUND, Reason.WRONG_TYPE),
        ("with null", "[1, null]", Reason.WRONG_TYPE),
        ("with an array", "[[1], 2]", Reason.WRONG_TYPE),
        ("with 1e400", "[1, 1e400]", Reason.NOT_FINITE),
        ("text", '"12"', Reason.WRONG_TYPE),
        ("null", "null", TAKEN),
    ],
}  # fmt: skip
LABELS: Texts = [
    ("a number", "1", TAKEN),
    ("a fraction", "2.5", TAKEN),
    ("a fraction in an exponent", "25e-1", TAKEN),
    ("a boolean", "true", TAKEN),
    ("a fraction of a whole class", "1.0", Reason.UNKNOWN_LABEL),
    ("text of a class", '"1"', Reason.UNKNOWN_LABEL),
    ("false", "false", Reason.UNKNOWN_LABEL),
    ("in capitals", '"OK"', Reason.UNKNOWN_LABEL),
    ("sixty thousand characters", f'"{"x" * 60_000}"', Reason.UNKNOWN_LABEL),
    ("sixty thousand digits", DIGITS, Reason.NOT_FINITE),
    ("four hundred digits", "1" * 400, Reason.UNKNOWN_LABEL),
    ("1e400", "1e400", Reason.NOT_FINITE),
    ("NaN", "NaN", Reason.NOT_FINITE),
    ("an array", '["ok"]', Reason.WRONG_TYPE),
    ("an object", '{"ok": 1}', Reason.WRONG_TYPE),
    ("null", "null", Reason.MISSING_FIELD),
    ("a lone surrogate", r'"\ud800"', Reason.NOT_JSON),
]


def event(i: int, **fields: Any) -> dict[str, Any]:
    """A good event."""
    known = {"amount": 12.5, "age": 3, "country": "NO", "shop": "x", "new": True, "history": [0.1, 2]}
    return {"event_id": f"odd-{i}", "features": known, **fields}


def truth(i: int, **fields: Any) -> dict[str, Any]:
    """A good label."""
    return {"event_id": f"odd-{i}", "label": "ok", **fields}


def with_text(record: dict[str, Any], field: str, text: str) -> bytes:
    """The record's JSON with `text` as it is in a field, or in one of its features: `features.age`."""
    *parents, name = field.split(".")
    changed: dict[str, Any] = json.loads(json.dumps(record))
    holder = changed[parents[0]] if parents else changed
    holder[name] = "@@"
    return json.dumps(changed).replace('"@@"', text).encode()


def _fields(good: Any, fields: dict[str, Texts], begin: int) -> Iterator[Odd]:
    for field, texts in fields.items():
        for what, text, reason in texts:
            yield Odd(f"{field}: {what}", with_text(good(begin), field, text), reason)
            begin += 1


def _shapes(good: Any, begin: int) -> Iterator[Odd]:
    """What is odd of a record as a whole."""
    text = json.dumps(good(begin)).encode()
    yield Odd("no value", None, Reason.NOT_JSON)
    yield Odd("an empty value", b"", Reason.NOT_JSON)
    yield Odd("spaces", b" " * 60_000, Reason.NOT_JSON)
    yield Odd("NULs", b"\0" * 60_000, Reason.NOT_JSON)
    yield Odd("a BOM", b"\xef\xbb\xbf" + text, Reason.NOT_JSON)
    yield Odd("a NUL behind", text + b"\0", Reason.NOT_JSON)
    yield Odd("UTF-16", text.decode().encode("utf-16"), Reason.NOT_UTF8)
    yield Odd("an overlong slash", text[:-1] + b', "x": "\xc0\xaf"}', Reason.NOT_UTF8)
    yield Odd("a surrogate in UTF-8", text[:-1] + b', "x": "\xed\xa0\x80"}', Reason.NOT_UTF8)
    yield Odd("UTF-8 cut off in a string", text[:-1] + b', "x": "\xf0\x9f\x98"}', Reason.NOT_UTF8)
    yield Odd("UTF-8 cut off at the end", text + b"\xe2\x82", Reason.NOT_UTF8)
    yield Odd("beyond Unicode", text[:-1] + b', "x": "\xf4\x90\x80\x80"}', Reason.NOT_UTF8)
    yield Odd("Latin-1 in a name", text[:-1] + b', "\xe5": 1}', Reason.NOT_UTF8)
    yield Odd("a tab in a string", text[:-1] + b', "x": "\t"}', Reason.NOT_JSON)
    yield Odd("a NUL in a string", text[:-1] + b', "x": "\0"}', Reason.NOT_JSON)
    yield Odd("cut off", text[:-1], Reason.NOT_JSON)
    yield Odd("two of them", text + b"\n" + text, Reason.NOT_JSON)
    yield Odd("sixty thousand open brackets", b"[" * 60_000, Reason.NOT_JSON)
    yield Odd("ten thousand open objects", b'{"a":' * 10_000, Reason.NOT_JSON)
    yield Odd("an array", b"[" + text + b"]", Reason.NOT_AN_OBJECT)
    yield Odd("text", b'"a"', Reason.NOT_AN_OBJECT)
    yield Odd("null", b"null", Reason.NOT_AN_OBJECT)
    yield Odd("NaN", b"NaN", Reason.NOT_FINITE)
    yield Odd("a number", b"1e300", Reason.NOT_AN_OBJECT)
    yield Odd("a number of sixty thousand digits", DIGITS.encode(), Reason.NOT_FINITE)
    yield Odd("no field", b"{}", Reason.MISSING_FIELD)
    yield Odd("one byte too many", filled(good(begin), LARGEST + 1), Reason.TOO_LARGE)
    yield Odd("ten times too large", filled(good(begin), 10 * LARGEST), Reason.TOO_LARGE)
    yield Odd("as large as may be", filled(good(begin + 1), LARGEST), TAKEN)
    yield Odd("white space all around", b"\r\n\t " + json.dumps(good(begin + 2)).encode() + b" \n", TAKEN)
    yield Odd("a key that is too large", text, Reason.TOO_LARGE, b"k" * (MOST_BYTES - len(text)))
    yield Odd("no key", json.dumps(good(begin + 3)).encode(), TAKEN, None)
    yield Odd("an empty key", json.dumps(good(begin + 4)).encode(), TAKEN, b"")
    yield Odd("a key that is no text", json.dumps(good(begin + 5)).encode(), TAKEN, b"\xff\0" * 100)
    twice = b'{"event_id": 5, "event_id": []}'
    yield Odd("an event_id twice, the last an array", twice, Reason.WRONG_TYPE)
    yield Odd("an event_id twice, the first an array", b'{"event_id": [], ' + _of(good(begin + 6)), TAKEN)


def _of(record: dict[str, Any]) -> bytes:
    """The record's JSON without its first brace."""
    return json.dumps(record).encode()[1:]


def filled(record: dict[str, Any], size: int) -> bytes:
    """The record in so many bytes."""
    text = json.dumps({**record, "note": ""}).encode()
    return text[:-2] + b"x" * (size - len(text)) + text[-2:]


def _events() -> Iterator[Odd]:
    yield from _shapes(event, 0)
    features = {"features.amount": NUMBERS, **{f"features.{name}": texts for name, texts in OTHERS.items()}}
    ignored = {"note": IGNORED, "features.note": IGNORED}
    yield from _fields(event, {"event_id": IDS, "ts": TIMES, **features, **ignored}, 100)
    for what, text, reason in [
        ("null", "null", Reason.MISSING_FIELD), ("an array", "[]", Reason.WRONG_TYPE),
        ("text", '"amount"', Reason.WRONG_TYPE), ("empty", "{}", Reason.MISSING_FIELD),
        ("deep", DEEP, Reason.NOT_JSON),
    ]:  # fmt: skip
        yield Odd(f"features: {what}", with_text(event(50), "features", text), reason)
    yield Odd(
        "a feature's name inside", json.dumps(event(51, f0=1, __class__="x", amount="x")).encode(), TAKEN
    )


def _truths(good: Any, labels: Texts) -> Iterator[Odd]:
    yield from _shapes(good, 1_000)
    yield from _fields(good, {"event_id": IDS, "ts": TIMES, "label": labels, "note": IGNORED}, 1_100)


EVENTS = list(_events())
TRUTHS = list(_truths(truth, LABELS))
AMOUNTS = list(_truths(lambda i: truth(i, label=1.5), NUMBERS))
