"""Losses: being closer to the target than to chunks that are not the target."""

from dataclasses import dataclass

import torch
from torch import nn


@dataclass(frozen=True, eq=False)
class DirectionalLoss:
    """A directional loss and what it is made of; all are means over the batch, 0-dimensional.

    Attributes:
        loss: at least 0; differentiable.
        pos: mean cosine to the target, in [-1, 1].
        neg: mean cosine to the negative, in [-1, 1].
        gap: pos - neg.
    """

    loss: torch.Tensor
    pos: torch.Tensor
    neg: torch.Tensor
    gap: torch.Tensor


def directional_margin_loss(
    pred: torch.Tensor, y_next: torch.Tensor, y_prev: torch.Tensor, *, margin: float
) -> DirectionalLoss:
    """Hinge on the gap between the cosine to the target and the cosine to a negative.

    ::

        gap_i = cos(pred_i, next_i) - cos(pred_i, prev_i)
        loss  = mean_i max(0, margin - gap_i)

    Args:
        pred: (B, D) predictions of any length.
        y_next: (B, D) targets.
        y_prev: (B, D) negatives.
        margin: gap asked for, in [0, 2].

    Returns:
        Means over the batch; ``loss`` carries the gradient of ``pred``, which is 0 for windows whose gap is
        ample. A vector of length 0 has cosine 0 to everything. An empty batch gives NaN.

    Example:
        >>> x = torch.eye(2)
        >>> print(f"{directional_margin_loss(x[:1], x[1:], x[:1], margin=0.01).loss:.2f}")
        1.01
    """
    pos = nn.functional.cosine_similarity(pred, y_next, dim=-1)
    neg = nn.functional.cosine_similarity(pred, y_prev, dim=-1)
    gap = pos - neg
    return DirectionalLoss((margin - gap).relu().mean(), pos.mean(), neg.mean(), gap.mean())


def anti_copy_loss(
    pred: torch.Tensor, y_next: torch.Tensor, contexts: torch.Tensor, *, margin: float
) -> torch.Tensor:
    """Hinge on the gaps between the cosine to the target and the cosines to all chunks of the context.

    ::

        loss = mean over windows i and places j of max(0, margin - cos(pred_i, next_i) + cos(pred_i, c_ij))

    Args:
        pred: (B, D) predictions of any length.
        y_next: (B, D) targets.
        contexts: (B, L, D) what was read.
        margin: gap asked for, in [0, 2].

    Returns:
        () at least 0; carries the gradient of ``pred``. An empty batch gives NaN.

    Example:
        >>> x = torch.eye(2)
        >>> print(f"{anti_copy_loss(x[:1], x[1:], x[None], margin=0.01):.2f}")  # of 1.01 and 0.01
        0.51
    """
    to_target = nn.functional.cosine_similarity(pred, y_next, dim=-1)
    to_context = nn.functional.cosine_similarity(pred[:, None], contexts, dim=-1)
    return (margin - to_target[:, None] + to_context).relu().mean()


def directional_margin_loss_smooth(
    pred: torch.Tensor,
    y_next: torch.Tensor,
    y_prev: torch.Tensor,
    *,
    margin: float = 0.05,
    gamma: float = 8.0,
) -> DirectionalLoss:
    """Smooth hinge on the gap between the cosine to the target and the cosine to a negative.

    ::

        gap_i = cos(pred_i, next_i) - cos(pred_i, prev_i)
        loss  = mean_i softplus(gamma * (margin - gap_i)) / gamma

    It tends to the hinge max(0, margin - gap) for large ``gamma`` and is never 0: at gap = margin it
    is ln 2 / gamma, and its slope against the gap is -sigmoid(gamma * (margin - gap)), from -1 to 0.

    Args:
        pred: (B, D) predictions of any length.
        y_next: (B, D) targets.
        y_prev: (B, D) negatives.
        margin: gap asked for, in [0, 2].
        gamma: sharpness, above 0.

    Returns:
        Means over the batch; ``loss`` carries the gradient of ``pred``. A vector of length 0 has
        cosine 0 to everything. An empty batch gives NaN.

    Source: P6b specification ("P6b: Smooth directional margin loss using softplus").

    Example:
        >>> x = torch.eye(2)
        >>> result = directional_margin_loss_smooth(x[:1], x[:1], x[1:], margin=0.05)
        >>> print(f"{result.loss:.6f} {result.pos:.1f} {result.neg:.1f} {result.gap:.1f}")
        0.000063 1.0 0.0 1.0
    """
    pos = nn.functional.cosine_similarity(pred, y_next, dim=-1)
    neg = nn.functional.cosine_similarity(pred, y_prev, dim=-1)
    gap = pos - neg
    loss = nn.functional.softplus(gamma * (margin - gap)).mean() / gamma
    return DirectionalLoss(loss, pos.mean(), neg.mean(), gap.mean())


def choice_loss(
    cosines: torch.Tensor, weight: torch.Tensor, target: torch.Tensor, log_sharpness: torch.Tensor
) -> torch.Tensor:
    """How surprised a softmax of the cosines is of the target, in nats; the mean over windows.

    ::

        loss = mean_i -log( w_it exp(beta c_it) / sum_v w_iv exp(beta c_iv) )       t the target of i

    It is 0 for a target without rivals, and log(number of candidates) where all cosines are the same.

    Args:
        cosines: (B, U) of the predictions to the candidates.
        weight: (B, U) at least 0: 1 of the target, 0 where a row is no rival.
        target: (B,) the column of each target.
        log_sharpness: () log beta.

    Example:
        >>> cosines = torch.tensor([[1.0, 0.0, 0.5]])
        >>> loss = choice_loss(cosines, torch.tensor([[1.0, 1.0, 0.0]]), torch.tensor([0]), torch.tensor(0.0))
        >>> print(f"{loss:.6f}")  # log(1 + exp(-1))
        0.313262
    """
    return nn.functional.cross_entropy(log_sharpness.exp() * cosines + weight.log(), target)
