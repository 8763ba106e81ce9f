"""The closed-form baseline: a linear map from the flattened context to the target."""

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from schemas.errors import UsageError
from schemas.records.splits import TRAIN
from trainers.contracts import MODEL_FILE, Trained, TrainingJob
from trainers.registry import architecture

if TYPE_CHECKING:
    from gates.contracts import Dataset

STRENGTHS: tuple[float, ...] = (1e-4, 1e-3, 1e-2, 1e-1)
"""Tried by default."""


@dataclass(frozen=True, kw_only=True)
class RidgeSettings:
    """Knobs of the ridge trainer; see each field's help."""

    strengths: tuple[float, ...] = field(
        default=STRENGTHS,
        metadata={"help": "Candidate regularisation strengths, relative to the number of windows."},
    )
    holdout: float = field(
        default=0.2, metadata={"help": "Share of train articles that choose the strength."}
    )
    max_windows: int = field(
        default=100_000, metadata={"help": "Train on at most this many windows, drawn with the seed."}
    )

    def __post_init__(self) -> None:
        if not self.strengths or not all(0 < strength < float("inf") for strength in self.strengths):
            raise UsageError(f"strengths must be positive numbers; found {self.strengths}")
        if not 0.0 < self.holdout < 1.0:
            raise UsageError(f"holdout must lie between 0 and 1; found {self.holdout}")
        if self.max_windows < 2:
            raise UsageError(f"max_windows must be at least 2; found {self.max_windows}")


@dataclass(frozen=True)
class Ridge:
    """Least squares with a penalty; the strength is chosen on held-out train articles."""

    name: str = "ridge"
    summary: str = "Closed-form linear map from the flattened context (horizon 1 unless told otherwise)."
    architecture: str = "linear"
    default_horizon: int = 1
    settings: type[RidgeSettings] = RidgeSettings

    def architecture_of(self, settings: RidgeSettings) -> str:
        """Always the linear map."""
        return self.architecture

    def check(self, dataset: "Dataset", settings: RidgeSettings) -> None:
        """Refuse a train split that leaves nothing to hold out."""
        from gates.ridge import holdout_articles

        rows = dataset.splits[TRAIN].last_rows
        holdout_articles(dataset.bank.articles[rows], fraction=settings.holdout, seed=0)

    def fit(self, job: TrainingJob, settings: RidgeSettings) -> Trained:
        """Choose the strength by mean cosine on held-out articles, then refit on all windows."""
        import torch

        from gates.ridge import fit_ridge, gather_training, holdout_articles
        from gates.windows import draw
        from trainers.checkpoints.checkpoint import save_checkpoint
        from trainers.checkpoints.encoder_fact import encoder_fact

        dataset = job.dataset
        bank, context = dataset.bank, dataset.window.context
        rows = draw(dataset.splits[TRAIN].last_rows, count=settings.max_windows, seed=job.seed)
        contexts, targets = gather_training(bank, rows, dataset.window)
        held = holdout_articles(bank.articles[rows], fraction=settings.holdout, seed=job.seed)
        fit = fit_ridge(contexts, targets, strengths=settings.strengths, holdout=held)

        plugin = architecture(self.architecture)
        config = plugin.default_config(dimension=bank.dimension, context=context)
        module = plugin.build(config)
        module.load_state_dict(
            {
                "projection.weight": torch.from_numpy(fit.weight).T.contiguous(),
                "projection.bias": torch.from_numpy(fit.bias),
            }
        )
        best = fit.scores[fit.strength]
        save_checkpoint(
            job.folder / MODEL_FILE,
            model_type=self.architecture,
            model_config=config,
            module=module.eval(),
            horizon=dataset.window.horizon,
            context=context,
            extra={
                "trainer": self.name,
                "strength": fit.strength,
                "holdout_cosines": {f"{strength:g}": score for strength, score in fit.scores.items()},
                "windows": len(rows),
                **encoder_fact(dataset.bank),
            },
        )
        return Trained(
            f"ridge on {len(rows)} windows: strength {fit.strength:g} chosen on held-out articles "
            f"(mean cosine {best:.4f} at horizon {dataset.window.horizon})"
        )


TRAINER = Ridge()
