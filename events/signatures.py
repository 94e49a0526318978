"""Ed25519 signatures of the records of `models`: what is signed, and by whom it may be.

    signed     the topic's full name, a newline, the record's canonical JSON without `signature`; UTF-8
    signature  the 64 bytes of RFC 8032, in Base64
    canonical  RFC 8785; a whole number of any size in full

The topic's name keeps one stream's records out of another's. What a record is about stands in it: a version's
number, an epoch.
"""

import base64
import binascii
import json
from collections.abc import Callable
from decimal import Decimal
from typing import Any, NoReturn, Self, TypeVar

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from events.errors import ScoreloopError
from events.records import Record
from events.settings import PUBLIC_KEY_PREFIX, Settings
from events.topics import MODELS

FIELD = "signature"

_MOST_DIGITS, _LEAST_POINT = 21, -6
"""Where ECMAScript goes over to exponents."""

Signed = TypeVar("Signed", bound=Record)


class SignatureError(ScoreloopError):
    """A record that none of the stream's keys has signed; the sentence says what is wrong."""


class Trust:
    """The public keys that the records of a stream must be signed by; without any, anyone may write them."""

    def __init__(self, settings: Settings) -> None:
        self._topic = MODELS.of(settings.name)
        self._keys = [
            Ed25519PublicKey.from_public_bytes(base64.b64decode(key.removeprefix(PUBLIC_KEY_PREFIX)))
            for key in settings.registry.public_keys
        ]

    def check(self, value: bytes | str) -> None:
        """Refuse a record's JSON that no key has signed.

        Raises:
            SignatureError: it is not signed, by none of the keys, or changed since.
        """
        if not self._keys:
            return
        try:
            record = json.loads(value, object_pairs_hook=_each_once, parse_constant=_refused)
            signature = base64.b64decode(record.pop(FIELD, None) or b"", validate=True)
            message = _message(self._topic, record)
        except (ValueError, TypeError, AttributeError, RecursionError, binascii.Error):
            raise SignatureError("is no record that could be signed") from None
        if not signature:
            raise SignatureError("is not signed, and [registry] public_keys asks for that")
        if not any(_by(key, signature, message) for key in self._keys):
            raise SignatureError("has a signature of none of [registry] public_keys")

    @staticmethod
    def signed(value: bytes) -> bool:
        """Whether a record claims to be signed, by whomever."""
        try:
            return bool(json.loads(value)[FIELD])
        except (ValueError, TypeError, KeyError, RecursionError):
            return False

    def genuine(self, value: bytes) -> bool:
        """Whether `check` lets a record through."""
        try:
            self.check(value)
        except SignatureError:
            return False
        return True


class Signer:
    """Signs the records of a stream.

    Raises:
        ScoreloopError: `pem` is no Ed25519 private key in PEM, or one with a password.
    """

    def __init__(self, pem: bytes, stream: str) -> None:
        try:
            key = serialization.load_pem_private_key(pem, password=None)
        except (ValueError, TypeError, UnsupportedAlgorithm):
            key = None
        if not isinstance(key, Ed25519PrivateKey):
            raise ScoreloopError("the signing key is no Ed25519 private key in PEM without a password")
        self._key, self._topic = key, MODELS.of(stream)

    @classmethod
    def new(cls, stream: str) -> tuple[Self, bytes]:
        """One with a new key, and the key in PEM."""
        pem = Ed25519PrivateKey.generate().private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
        return cls(pem, stream), pem

    @property
    def public_key(self) -> str:
        """The public key, as `[registry] public_keys` has it."""
        raw = self._key.public_key().public_bytes_raw()
        return PUBLIC_KEY_PREFIX + base64.b64encode(raw).decode()

    def __call__(self, record: Signed) -> Signed:
        """`record` with its signature in place of any that it has."""
        stated = json.loads(record.encoded())
        stated.pop(FIELD, None)
        signature = base64.b64encode(self._key.sign(_message(self._topic, stated))).decode()
        return record.model_copy(update={FIELD: signature})


Sign = Callable[[Record], Record]


def unsigned(record: Record) -> Record:
    """`record` as it is: what writes where the stream has no key."""
    return record


def canonical(value: Any) -> str:
    """`value`, as `json` reads it, in RFC 8785's canonical JSON; a whole number of any size in full."""
    match value:
        case float():
            return _number(value)
        case dict():
            keys = sorted(value, key=lambda key: key.encode("utf-16-be"))
            return "{" + ",".join(f"{_text(key)}:{canonical(value[key])}" for key in keys) + "}"
        case list():
            return "[" + ",".join(map(canonical, value)) + "]"
        case _:
            return _text(value)


def _text(value: object) -> str:
    return json.dumps(value, ensure_ascii=False)


def _number(value: float) -> str:
    """The shortest decimal that reads back as `value`, as ECMA-262's Number::toString writes it."""
    sign, digits, exponent = Decimal(repr(value)).normalize().as_tuple()
    if not value:
        return "0"
    if not isinstance(exponent, int):
        raise TypeError(value)
    figures, minus = "".join(map(str, digits)), "-" * sign
    point = len(figures) + exponent
    if len(figures) <= point <= _MOST_DIGITS:
        return minus + figures.ljust(point, "0")
    if 0 < point <= _MOST_DIGITS:
        return f"{minus}{figures[:point]}.{figures[point:]}"
    if _LEAST_POINT < point <= 0:
        return f"{minus}0.{'0' * -point}{figures}"
    fraction = f".{figures[1:]}" if len(figures) > 1 else ""
    return f"{minus}{figures[0]}{fraction}e{point - 1:+d}"


def _message(topic: str, record: dict[str, Any]) -> bytes:
    return f"{topic}\n{canonical(record)}".encode()


def _by(key: Ed25519PublicKey, signature: bytes, message: bytes) -> bool:
    try:
        key.verify(signature, message)
    except InvalidSignature:
        return False
    return True


def _each_once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """The pairs as an object: with a key given twice, readers could differ on what was signed."""
    if len(found := dict(pairs)) < len(pairs):
        raise ValueError("a key is given twice")
    return found


def _refused(constant: str) -> NoReturn:
    raise ValueError(constant)
