"""What a user says of a model file that the file does not say itself. Imports no torch."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from schemas.errors import UsageError
from trainers.own_code import is_spec

Factory = str | Callable[[], Any]
"""``package.module:function``, or what it names: a function or class without arguments."""

AUTO, NONE = "auto", "none"
"""Words for what stands before the names of weights: whatever a wrapper put there, and nothing."""


@dataclass(frozen=True)
class Loading:
    """How a file becomes a module. Nothing in a file has code imported or run; only these words do.

    Attributes:
        allow_code: load TorchScript and torch.export programs, which run code.
        factory: makes the module that the weights of the file are loaded into, or is the class that a
            checkpoint was trained with; None where the file names a registered architecture.
        state_key: the key in the file that the weights lie under; None looks for the one place.
        strip_prefix: taken away before the names of weights, the others left out; :data:`AUTO` by default.
    """

    allow_code: bool = False
    factory: Factory | None = None
    state_key: str | None = None
    strip_prefix: str | None = None

    def __post_init__(self) -> None:
        """Refuse words that go with none.

        Raises:
            UsageError: a key or a prefix without a factory, or a factory that names nothing.
        """
        if self.factory is None and (self.state_key is not None or self.strip_prefix is not None):
            raise UsageError(
                "a state key and a prefix belong to weights for a module of yours; name what makes it too: "
                "--factory module:function, from Python factory="
            )
        if isinstance(self.factory, str) and not is_spec(self.factory):
            raise UsageError(f"a factory is package.module:function; found {self.factory!r:.200}")
        if not (self.factory is None or isinstance(self.factory, str) or callable(self.factory)):
            raise UsageError(
                f"a factory is a function without arguments, or package.module:function; found "
                f"{type(self.factory).__name__}"
            )

    @property
    def prefix(self) -> str | None:
        """As :func:`trainers.checkpoints.fitting.load_into` takes it: None looks for one, "" is none."""
        words = {None: None, AUTO: None, NONE: ""}
        return words.get(self.strip_prefix, self.strip_prefix)


AS_IT_IS = Loading()
"""The file says everything, and no code is run."""
