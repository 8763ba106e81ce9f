"""What a command is configured to do, and who said so."""

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from gatekeeper.config.sections import DataConfig, EvalConfig
from gatekeeper.config.window import WindowClaim


@dataclass(frozen=True, kw_only=True)
class Config:
    """Everything a command needs to know.

    Attributes:
        data: which data. eval: how to evaluate.
        train: recipe -> its settings as the file holds them.
        file: the file it was read from, or None.
        flags: keys of either section that a flag gave.
    """

    data: DataConfig = field(default_factory=DataConfig)
    eval: EvalConfig = field(default_factory=EvalConfig)
    train: Mapping[str, Mapping[str, object]] = field(default_factory=dict)
    file: Path | None = None
    flags: frozenset[str] = frozenset()

    def window_claims(self) -> tuple[WindowClaim, WindowClaim]:
        """What flags and file say of the shape of a window; a flag replaces the file's value."""
        named = {"context": self.data.context, "horizon": self.data.horizon}
        flag = {name: value for name, value in named.items() if name in self.flags}
        file = {name: value for name, value in named.items() if name not in self.flags}
        return WindowClaim("flag", **flag), WindowClaim("config", **file)

    @property
    def shown(self) -> str | None:
        """The file as reports name it: the way up to it, or else its name; None where none was read."""
        if self.file is None:
            return None
        way = Path(os.path.relpath(self.file))
        return str(way) if set(way.parts[:-1]) <= {".."} else way.name

    def inputs(self) -> tuple[Path, ...]:
        """Every file and folder that is read for it, so that none is overwritten."""
        named = (self.file, self.data.bank, *self.data.splits.values(), Path(self.eval.policy))
        return tuple(path for path in named if isinstance(path, Path) and path.exists())
