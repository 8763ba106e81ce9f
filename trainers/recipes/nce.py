"""A model that knows more of which chunk comes next than a copy: the control ``logit`` plus a small network.

::

    p     = normalise(linear part of logit + alpha * mean of the networks(context))       alpha begins at 0
    loss  = mean of -log softmax_v(beta * cos(p, v) + log w_v)[target]

v runs over the target and its rivals: the rows of its article that could have been it, without the context
(w = 1), and, where they are asked for, the rows of the context and targets of other articles
(:mod:`trainers.recipes.rivals`). It is the score that bits are made of (:mod:`gates.bits`), so what is
minimised is what is measured; beta is learned. van den Oord, Li and Vinyals (2018), "Representation learning
with contrastive predictive coding", with the rivals of a conditional logit.

With ``--cos-budget`` the raw cosine stays that close to the ridge prediction's, which whoever decodes the
answer needs; the mean row then joins the prediction.

The linear part begins as the control was fitted. While the network learns, an article's ridge and whitening
come from articles of other folds. Steps are made of articles, of which each gives so many windows an epoch.
The epochs are chosen by bits, on ``select`` or on articles of train that are held out for it.
"""

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from schemas.errors import UsageError
from schemas.records.splits import TRAIN, selecting
from trainers.contracts import Trained, TrainingJob
from trainers.loop.settings import GradientSettings, check_between
from trainers.registry import architecture

if TYPE_CHECKING:
    from torch import nn

    from gates.contracts import Dataset
    from trainers.loop.parts import Learned, Parts
    from trainers.recipes.choice_objective import ChoiceObjective, Floors
    from trainers.recipes.linear_part import LinearPart

MODEL = "logit_residual"
"""Registered architecture of what is trained; the settings name the network in it."""

ALPHA_PACE = 30.0
"""alpha is one number that must come from 0 to about 1, while each weight of the network moves little."""


@dataclass(frozen=True, kw_only=True)
class NceSettings(GradientSettings):
    """nce's knobs."""

    epochs: int = field(default=20, metadata={"help": "Passes over the articles of train, at most."})
    batch_size: int = field(default=256, metadata={"help": "Windows a step, over all devices together."})
    lr: float = field(default=3e-4, metadata={"help": "Learning rate of AdamW."})
    weight_decay: float = field(default=0.05, metadata={"help": "Weight decay of AdamW on the network."})
    lr_factor: float = field(
        default=0.5, metadata={"help": "Multiplies the learning rate when the bits stall."}
    )
    lr_patience: int = field(default=3, metadata={"help": "Mini-5CATs without more bits that are tolerated."})
    patience: int | None = field(
        default=3,
        metadata={
            "help": "Mini-5CATs without better weights after which the training ends.",
            "otherwise": "never",
        },
    )
    architecture: str = field(
        default="transformer",
        metadata={"help": "Registered architecture of the network.", "listed": "architectures"},
    )
    layers: int | None = field(default=None, metadata={"help": "Its layers.", "otherwise": "2"})
    width: int | None = field(default=None, metadata={"help": "Its width.", "otherwise": "128"})
    heads: int | None = field(default=None, metadata={"help": "Its attention heads.", "otherwise": "4"})
    dropout: float | None = field(default=None, metadata={"help": "Its dropout.", "otherwise": "0.3"})
    members: int = field(
        default=4,
        metadata={"help": "Networks that answer together; each learns from its share of every step."},
    )
    article_windows: int = field(default=32, metadata={"help": "Windows of one article in a step, at most."})
    epoch_windows: int = field(
        default=60, metadata={"help": "Windows of one article in an epoch, at most; others in the next."}
    )
    context_weight: float = field(
        default=0.0, metadata={"help": "Weight of the context's rows as rivals; 0 is none."}
    )
    others_weight: float = field(
        default=0.0, metadata={"help": "Weight of the targets of other articles as rivals; 0 is none."}
    )

    cos_budget: float | None = field(
        default=None,
        metadata={
            "help": "Cosine that may be lost against the ridge prediction, where answers are decoded.",
            "otherwise": "any",
        },
    )

    def __post_init__(self) -> None:
        super().__post_init__()
        for name in ("article_windows", "epoch_windows", "members"):
            value = getattr(self, name)
            if type(value) is not int or value < 1:
                raise UsageError(f"{name} must be a whole number of at least 1; found {value!r}")
        if self.article_windows > self.batch_size:
            raise UsageError(
                f"a batch of {self.batch_size} has no room for {self.article_windows} windows of an article; "
                "lower article_windows"
            )
        for name in ("context_weight", "others_weight"):
            value = getattr(self, name)
            if not 0.0 <= value < float("inf"):
                raise UsageError(f"{name} must be a number of at least 0; found {value!r}")
        if self.cos_budget is not None:
            check_between("cos_budget", self.cos_budget, 0.0, 2.0)
        if self.architecture == MODEL:
            raise UsageError(f"{MODEL} is what this recipe trains; name the network in it")


@dataclass(frozen=True)
class Nce:
    """Implements :class:`trainers.contracts.Trainer`."""

    name: str = "nce"
    summary: str = "The control logit plus a small network, trained to tell the target from its rivals."
    default_horizon: int = 1
    settings: type[NceSettings] = NceSettings

    def architecture_of(self, settings: NceSettings) -> str:
        """That of the network."""
        return settings.architecture

    def check(self, dataset: "Dataset", settings: NceSettings) -> None:
        """Build the module without storage, and refuse a train split that has no folds."""
        import torch

        from gates.ridge import holdout_articles

        with torch.device("meta"):
            architecture(MODEL).build(model_config(dataset, settings))
        articles = dataset.bank.articles[dataset.splits[TRAIN].last_rows]
        holdout_articles(articles, fraction=0.5, seed=0)

    def fit(self, job: TrainingJob, settings: NceSettings) -> Trained:
        """Hold out what chooses the epochs, fit the linear part, then run the loop."""
        from trainers.loop.train import train
        from trainers.recipes.held_out import with_select

        dataset = with_select(job.dataset, job.options, seed=job.seed)
        held_out = len(_articles(job.dataset)) - len(_articles(dataset))
        chooses = f"{held_out} articles of train" if held_out else selecting(dataset.splits)
        job.log(f"{self.name}: what chooses the epochs: {chooses}")
        job = replace(job, dataset=dataset)
        return train(job, settings, self.name, _parts(job, settings, held_out=held_out))


def _articles(dataset: "Dataset") -> set[int]:
    """Those of train."""
    return set(dataset.bank.articles[dataset.splits[TRAIN].last_rows].tolist())


def _parts(job: TrainingJob, settings: NceSettings, *, held_out: int) -> "Parts":
    """What the loop is given: the fitted linear part around a fresh network, and batches made of articles."""
    from trainers.loop.article_batches import ArticleBatches
    from trainers.loop.parts import Parts
    from trainers.recipes.choice_objective import ChoiceObjective
    from trainers.recipes.linear_part import LinearPart
    from trainers.recipes.rivals import Weights

    linear = LinearPart.of(job.dataset, seed=job.seed)
    floors = None if settings.cos_budget is None else _floors(job, linear, settings.cos_budget)
    shared = 0.0 if floors is None else linear.shared_for(job.dataset, floors.train, seed=job.seed)
    objective = ChoiceObjective(
        job.dataset,
        Weights(settings.context_weight, settings.others_weight),
        sharpness=linear.sharpness,
        device=job.device,
        seed=job.seed,
        held_out=held_out,
        floors=floors,
    )
    reading, config = linear.to(job.device), model_config(job.dataset, settings)
    return Parts(
        objective,
        MODEL,
        config,
        build=lambda: linear.fill(architecture(MODEL).build(config), shared=shared),
        batches=lambda dataset, device, seed: ArticleBatches(
            dataset,
            TRAIN,
            device=device,
            seed=seed,
            features=reading.features,
            per_article=settings.epoch_windows,
            together=settings.article_windows,
        ),
        goal="bits",
        groups=lambda module: _groups(module, objective),
    )


def _groups(module: "nn.Module", objective: "ChoiceObjective") -> "tuple[Learned, ...]":
    """Weight decay pulls at the network alone: without it the numbers are what the control would have."""
    from trainers.architectures.logit_residual import LogitResidual
    from trainers.loop.parts import Learned

    assert isinstance(module, LogitResidual)
    return (
        Learned(tuple(module.networks.parameters())),
        Learned((module.numbers, objective.log_sharpness), decays=False),
        Learned(
            (module.alpha,) if objective.floors is None else (module.alpha, module.shared),
            pace=ALPHA_PACE,
            decays=False,
        ),
    )


def _floors(job: TrainingJob, linear: "LinearPart", budget: float) -> "Floors":
    """What the ridge prediction reaches, less the budget."""
    from trainers.recipes.choice_objective import Floors

    reached = [
        linear.ridge_cosine(job.dataset, split, seed=job.seed)
        for split in (TRAIN, selecting(job.dataset.splits))
    ]
    return Floors(*(cosine - budget for cosine in reached))


def model_config(dataset: "Dataset", settings: NceSettings) -> dict[str, object]:
    """Of the linear part around the network that the settings name.

    Raises:
        ModelError: unknown architecture. UsageError: it lacks a size.
    """
    from trainers.architectures.logit_residual import ARCHITECTURE
    from trainers.loop.parts import given_sizes

    return ARCHITECTURE.sized_config(
        dimension=dataset.bank.dimension,
        context=dataset.window.context,
        sizes=given_sizes(settings),
        network=settings.architecture,
        members=settings.members,
    )


TRAINER = Nce()
