"""Knobs that all gradient recipes share; a field's ``help`` is its line in ``--help``."""

import math
from dataclasses import dataclass, field
from typing import Literal

from schemas.errors import UsageError

Precision = Literal["fp32", "bf16"]
OnCollapse = Literal["stop", "rollback", "ignore"]

SIZES = ("layers", "width", "heads", "hidden", "dropout")
"""Fields that override a size of the architecture where they are not None."""


@dataclass(frozen=True, kw_only=True)
class GradientSettings:
    """Training by gradient descent; the defaults are the seed's."""

    epochs: int = field(default=12, metadata={"help": "Passes over the train windows."})
    batch_size: int = field(default=32, metadata={"help": "Windows a step, over all devices together."})
    lr: float = field(default=5e-4, metadata={"help": "Learning rate of AdamW."})
    weight_decay: float = field(default=0.01, metadata={"help": "Weight decay of AdamW."})
    clip: float = field(default=1.0, metadata={"help": "Largest length of the gradient."})
    lr_factor: float = field(
        default=0.5, metadata={"help": "Multiplies the learning rate when the val cosine stalls."}
    )
    lr_patience: int = field(
        default=3, metadata={"help": "Mini-5CATs without a better val cosine that are tolerated."}
    )
    architecture: str = field(
        default="transformer",
        metadata={
            "help": "A registered one, or module:Class of your own, which is run.",
            "listed": "architectures",
        },
    )
    patience: int | None = field(
        default=None,
        metadata={
            "help": "Mini-5CATs without better weights after which the training ends.",
            "otherwise": "never",
        },
    )
    layers: int | None = field(default=None, metadata={"help": "Its layers."})
    width: int | None = field(default=None, metadata={"help": "Its width."})
    heads: int | None = field(default=None, metadata={"help": "Its attention heads."})
    hidden: int | None = field(default=None, metadata={"help": "Its hidden width."})
    dropout: float | None = field(default=None, metadata={"help": "Its dropout."})
    mini_every: int = field(default=1, metadata={"help": "Epochs from one Mini-5CAT to the next."})
    mini_samples: int = field(default=2000, metadata={"help": "Windows a split in a Mini-5CAT."})
    log_every: int = field(default=200, metadata={"help": "Steps from one log line and watch to the next."})
    save_every: int = field(
        default=2000, metadata={"help": "Steps between checkpoints inside an epoch; 0 is only at its end."}
    )
    on_collapse: OnCollapse = field(
        default="stop",
        metadata={"help": "stop and restore the best weights, rollback and go on softer, or ignore."},
    )
    precision: Precision = field(default="fp32", metadata={"help": "Arithmetic of the forward pass."})
    compile: bool = field(default=False, metadata={"help": "Compile the module with torch.compile."})
    accumulate: int = field(default=1, metadata={"help": "Parts a batch is cut into to save memory."})

    def __post_init__(self) -> None:
        whole = {"epochs": 1, "batch_size": 1, "lr_patience": 0, "mini_every": 1, "mini_samples": 1}
        whole |= {"log_every": 1, "save_every": 0, "accumulate": 1}
        for name, least in whole.items():
            value = getattr(self, name)
            if type(value) is not int or value < least:
                raise UsageError(f"{name} must be a whole number of at least {least}; found {value!r}")
        if self.patience is not None and (type(self.patience) is not int or self.patience < 1):
            raise UsageError(f"patience must be a whole number of at least 1; found {self.patience!r}")
        for name, low, high in (
            ("lr", 0.0, math.inf),
            ("weight_decay", -math.ulp(0.0), math.inf),
            ("clip", 0.0, math.inf),
            ("lr_factor", 0.0, 1.0),
        ):
            check_between(name, getattr(self, name), low, high)
        if self.accumulate > self.batch_size:
            raise UsageError(
                f"a batch of {self.batch_size} cannot be cut into {self.accumulate} parts; lower accumulate"
            )
        for name, choices in (
            ("on_collapse", ("stop", "rollback", "ignore")),
            ("precision", ("fp32", "bf16")),
        ):
            if getattr(self, name) not in choices:
                raise UsageError(f"{name} must be one of {', '.join(choices)}; found {getattr(self, name)!r}")


def check_between(name: str, value: float, low: float, high: float) -> None:
    """Refuse what is not strictly between two bounds.

    Raises:
        UsageError: it is not, or it is NaN.
    """
    if not low < value < high:
        raise UsageError(f"{name} must lie above {max(low, 0.0):g} and below {high:g}; found {value!r}")
