"""The key that a stream's trainer, and who makes versions by hand, signs with."""

from pathlib import Path

from events.errors import ScoreloopError
from events.settings import SIGNING_KEY_VARIABLE, Settings
from events.signatures import Sign, Signer, unsigned


def signing(settings: Settings) -> Sign:
    """What signs the stream's records; without any key in the settings they are left as they are.

    Raises:
        ScoreloopError: there is no key here, or one whose signatures every scorer would refuse.
    """
    registry = settings.registry
    if registry.signing_key is None:
        if not registry.public_keys:
            return unsigned
        raise ScoreloopError(
            "[registry] public_keys asks for signatures, and there is no key to sign with: set "
            f"[registry] signing_key, or {SIGNING_KEY_VARIABLE}, to the private key's file"
        )
    try:
        pem = Path(registry.signing_key).read_bytes()
    except OSError as error:
        raise ScoreloopError(
            f"the signing key {registry.signing_key} cannot be read: {error.strerror}; `scoreloop keys init` "
            "makes one"
        ) from None
    signer = Signer(pem, settings.name)
    if registry.public_keys and signer.public_key not in registry.public_keys:
        raise ScoreloopError(
            f"the signing key {registry.signing_key} is {signer.public_key}, which is not among [registry] "
            "public_keys: every scorer would refuse what it signs"
        )
    return signer
