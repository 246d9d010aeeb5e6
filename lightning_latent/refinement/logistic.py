"""Logistic regression, as a pure function: convex, so it is solved rather than trained.

Legend: N questions, F features.
"""

from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from scipy.optimize import minimize
from torch import Tensor

from lightning_latent.errors import UserError

PENALTIES = (1e-1, 1e-2, 1e-3, 1e-4, 1e-5)
HELD_BACK = 10  # one in so many chooses the penalty


class Logistic(NamedTuple):
    """`p(right) = sigmoid(weight x + bias)`, of features as they come."""

    weight: Tensor  # [F], float64
    bias: Tensor  # scalar, float64
    penalty: float  # the one that was chosen


def fit_logistic(features: Tensor, right: Tensor) -> Logistic:
    """Fit `right` `[N]` (0 or 1) by features `[N, F]`.

    Features are standardised, and the mean log-loss plus `penalty / 2 ||weight||^2` is minimised by L-BFGS in double
    precision. The penalty is the one of `PENALTIES` with the least log-loss on every tenth row, held back; with it all
    rows are fitted.

    Raises:
        UserError: There are fewer than ten rows, or all of one kind.
    """
    x, y = features.detach().double().cpu().numpy(), right.detach().double().cpu().numpy()
    held = np.arange(len(y)) % HELD_BACK == HELD_BACK - 1
    if not held.any() or y[~held].min() == y[~held].max():
        raise UserError(
            f"of {len(y)} train questions {int(y.sum())} were answered right, which does not show what tells right "
            "from wrong; give more train questions"
        )
    center, spread = x.mean(0), x.std(0)
    spread[spread == 0] = 1.0
    x = (x - center) / spread
    theta = np.zeros(x.shape[1] + 1)
    losses = {}
    for penalty in PENALTIES:  # from strong to weak, each from where the last one ended
        theta = _solve(x[~held], y[~held], penalty, start=theta)
        losses[penalty] = _loss(theta, x[held], y[held])[0]
    best = min(losses, key=losses.__getitem__)
    theta = _solve(x, y, best, start=theta)
    weight = theta[:-1] / spread
    return Logistic(torch.from_numpy(weight), torch.tensor(theta[-1] - weight @ center), best)


def _solve(x: NDArray, y: NDArray, penalty: float, *, start: NDArray) -> NDArray:
    def objective(theta: NDArray) -> tuple[float, NDArray]:
        loss, gradient = _loss(theta, x, y)
        weight = np.append(theta[:-1], 0.0)  # the bias is free
        return loss + penalty / 2 * float(weight @ weight), gradient + penalty * weight

    found = minimize(objective, start, jac=True, method="L-BFGS-B", options={"maxiter": 5000, "ftol": 0, "gtol": 1e-8})
    return found.x


def _loss(theta: NDArray, x: NDArray, y: NDArray) -> tuple[float, NDArray]:
    """The mean log-loss and its gradient with respect to `theta` `[F + 1]`, the bias last."""
    logits = x @ theta[:-1] + theta[-1]
    loss = np.logaddexp(0.0, np.where(y > 0, -logits, logits)).mean()
    error = (1.0 / (1.0 + np.exp(-np.clip(logits, -500, 500))) - y) / len(y)
    return float(loss), np.append(error @ x, error.sum())
