"""Where artefacts are kept, and who may say which of them serve."""

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from events.schema import Section


class Registry(Section):
    """Where artefacts are kept, and who may say which of them serve."""

    url: Annotated[str, Field(min_length=1)] = "registry"
    """A folder beside the file, or an fsspec URL."""
    signing_key: str | None = None
    """A file beside this one, with the private key that the trainer signs with; `SCORELOOP_SIGNING_KEY` names
    another. `scoreloop keys init` makes one. Only who runs the trainer or `train` needs it."""
    public_keys: tuple[str, ...] = ()
    """Who may sign versions and roles: keys (`ed25519:…`), or files beside this one with a key a line.
    Without any nothing is signed or checked; with one, what is not signed by any of them is refused."""
    environment: Literal["warn", "refuse"] = "warn"
    """What a scorer does with a version that was made with other packages, or on another kind of machine."""
    allow_pickle: bool = False
    """Whether signed artefacts in joblib's format, which can run any code as they are opened, may be."""

    @model_validator(mode="after")
    def _pickle_is_signed(self) -> Self:
        if self.allow_pickle and not self.public_keys:
            raise ValueError("`allow_pickle` needs `public_keys`: only what is signed is opened")
        return self
