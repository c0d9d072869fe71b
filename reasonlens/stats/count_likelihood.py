"""Maximum likelihood for counts with a log link, and its delete-one-problem jackknife."""

from __future__ import annotations

import numpy as np
from scipy import optimize, special

from reasonlens.core.errors import StatisticsError
from reasonlens.stats.arrays import Floats
from reasonlens.stats.estimate import Codes

__all__ = ["delete_one", "fit", "fit_nb2", "log_likelihood"]

_STEPS = 100
_CLOSE = 1e-10
_FLAT = 1e-7  # the largest dispersion that counts as none
_SINGULAR = 1e12
_REFIT = 100_000_000
_BLOCK = 4_000_000  # numbers held at once


def fit(y: Floats, x: Floats, offset: Floats, alpha: float, start: Floats | None) -> Floats:
    """Fisher scoring for fixed alpha, with step halving."""
    if start is None:
        scale = np.log(max(float(y.sum()), 0.5)) - np.log(float(np.exp(offset).sum()))
        start = np.linalg.lstsq(x, np.full(len(y), scale), rcond=None)[0]
    beta = np.asarray(start, dtype=np.float64)
    best = log_likelihood(y, np.exp(offset + x @ beta), alpha)
    for _ in range(_STEPS):
        mu = np.exp(offset + x @ beta)
        weight, residual = mu / (1 + alpha * mu), (y - mu) / (1 + alpha * mu)
        try:
            step = np.linalg.solve((x * weight[:, None]).T @ x, x.T @ residual)
        except np.linalg.LinAlgError:
            break
        for _ in range(30):
            with np.errstate(over="ignore", invalid="ignore"):
                found = log_likelihood(y, np.exp(offset + x @ (beta + step)), alpha)
            if found >= best - abs(best) * 1e-14:
                break
            step = step / 2
        beta, best = beta + step, found
        if float(np.max(np.abs(step))) < _CLOSE:
            return beta
    raise StatisticsError(
        "the count model has no finite estimate: probably a group or a covariate level has no hits at all"
    )


def fit_nb2(y: Floats, x: Floats, offset: Floats, start: Floats) -> tuple[Floats, float]:
    """Maximize the likelihood profile over log alpha."""
    held = [start]

    def loss(log_alpha: float) -> float:
        held[0] = fit(y, x, offset, float(np.exp(log_alpha)), held[0])
        return -log_likelihood(y, np.exp(offset + x @ held[0]), float(np.exp(log_alpha)))

    best = optimize.minimize_scalar(
        loss, bounds=(np.log(_FLAT), 6.0), method="bounded", options={"xatol": 1e-8}
    )
    poisson = log_likelihood(y, np.exp(offset + x @ start), 0.0)
    if -float(best.fun) <= poisson:
        return start, 0.0
    alpha = float(np.exp(best.x))
    return fit(y, x, offset, alpha, held[0]), alpha


def log_likelihood(y: Floats, mu: Floats, alpha: float) -> float:
    """Poisson (alpha 0) or NB2 log-likelihood with all constants."""
    with np.errstate(divide="ignore"):
        log_mu = np.log(mu)
    constant = float(np.sum(special.gammaln(y + 1)))
    if alpha == 0:
        return float(np.sum(special.xlogy(y, mu) - mu)) - constant
    size = 1 / alpha
    terms = special.gammaln(y + size) - special.gammaln(size) - (y + size) * np.log1p(alpha * mu)
    terms = terms + np.where(y > 0, y * (np.log(alpha) + log_mu), 0.0)
    return float(np.sum(terms)) - constant


def delete_one(
    y: Floats, x: Floats, offset: Floats, alpha: float, beta: Floats, where: Codes, problems: int
) -> Floats:
    """Change of the coefficients when a problem is left out, shape (P, k); NaN if one decides them."""
    size, k = problems, x.shape[1]
    mu = np.exp(offset + x @ beta)
    weight, residual = mu / (1 + alpha * mu), (y - mu) / (1 + alpha * mu)
    scores, parts = np.zeros((size, k)), np.zeros((size, k, k))
    np.add.at(scores, where, x * residual[:, None])
    np.add.at(parts, where, weight[:, None, None] * x[:, :, None] * x[:, None, :])
    without = parts.sum(axis=0) - parts
    if problems < 2 or np.any(np.linalg.cond(without) > _SINGULAR):
        return np.full((size, k), np.nan)
    betas = beta - np.linalg.solve(without, scores[:, :, None])[:, :, 0]
    if len(y) * size <= _REFIT:  # beyond, a problem weighs so little that one step is enough
        betas = _refit(y, x, offset, alpha, betas, where)
    change: Floats = betas - beta
    return change


def _refit(y: Floats, x: Floats, offset: Floats, alpha: float, betas: Floats, where: Codes) -> Floats:
    """Two more Newton steps for each left-out problem, a block of problems at a time."""
    k = x.shape[1]
    squares = (x[:, :, None] * x[:, None, :]).reshape(len(x), -1)
    result = betas.copy()
    rows = max(1, _BLOCK // len(y))
    for first in range(0, len(betas), rows):
        block = slice(first, min(first + rows, len(betas)))
        members = np.arange(block.start, block.stop)
        others = (where[:, None] != members).astype(np.float64)
        for _ in range(2):
            mu = np.exp(offset[:, None] + x @ result[block].T)
            weight = others * mu / (1 + alpha * mu)
            info = (weight.T @ squares).reshape(-1, k, k)
            score = (others * (y[:, None] - mu) / (1 + alpha * mu)).T @ x
            if np.any(np.linalg.cond(info) > _SINGULAR):
                return np.full(betas.shape, np.nan)
            result[block] += np.linalg.solve(info, score[:, :, None])[:, :, 0]
    return result
