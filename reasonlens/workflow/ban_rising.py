"""Which words a model writes more often when others are banned."""

from __future__ import annotations

from collections.abc import Collection

import numpy as np
import pandas as pd
import scipy

from reasonlens.stats.multiplicity import benjamini_hochberg

__all__ = ["rising"]

_COLUMNS = ["word", "baseline", "value", "low", "high", "p_value", "p_adjusted", "n_problems", "n_tested"]
_HITS, _PROBLEMS = 20, 5  # fewer say nothing


def rising(
    before: pd.DataFrame, under: pd.DataFrame, banned: Collection[str], *, level: float = 0.95
) -> pd.DataFrame:
    """Return the words whose rate rises, the surest first.

    Parameters
    ----------
    before, under
        Hits of each word in the responses to each problem, words x problems, at baseline and under the
        ban; as `reasonlens.workflow.ban_words.problem_words` returns them.
    banned
        Words that are not looked at.

    Returns
    -------
    pandas.DataFrame
        ``baseline`` per 1,000 words that are not banned; ``value low high`` the ratio of rates under
        the ban and before, the geometric mean over problems; p of a paired t test of log rates by
        problem, two-sided, adjusted (Benjamini-Hochberg) over all ``n_tested`` words,
        those that fall included.

    Notes
    -----
    Rates are among the words that are not banned: else all of them would rise as the banned are gone.
    Half a hit per mean length of the two sides is added to each rate, so that a word that a problem has
    on neither side counts as unchanged although one side is longer.
    """
    problems = before.columns.intersection(under.columns)
    words = before.index.union(under.index)
    one, two = (
        side.reindex(index=words, columns=problems).fillna(0.0).to_numpy(np.float64)
        for side in (under, before)
    )
    skipped = {word.lower() for word in banned}
    others = np.array([str(word) not in skipped for word in words], dtype=np.bool_)
    sizes = np.stack([one[others].sum(axis=0), two[others].sum(axis=0)])
    used = (sizes > 0).all(axis=0)
    one, two, sizes = one[:, used], two[:, used], sizes[:, used]
    hits = one + two
    enough = (hits.sum(axis=1) >= _HITS) & ((hits > 0).sum(axis=1) >= _PROBLEMS)
    kept = enough & others
    if sizes.shape[1] < 2 or not kept.any():
        return pd.DataFrame(columns=_COLUMNS)
    part = 0.5 / sizes.mean(axis=0)
    change = np.log(one[kept] / sizes[0] + part) - np.log(two[kept] / sizes[1] + part)
    n = change.shape[1]
    mean, error = change.mean(axis=1), change.std(axis=1, ddof=1) / np.sqrt(n)
    with np.errstate(divide="ignore", invalid="ignore"):
        p = np.where(error > 0, 2 * scipy.stats.t.sf(np.abs(mean / error), n - 1), np.nan)
    half = scipy.stats.t.ppf((1 + level) / 2, n - 1) * error
    table = pd.DataFrame(
        {
            "word": words[kept].astype("str"),
            "baseline": 1000 * two[kept].sum(axis=1) / sizes[1].sum(),
            "value": np.exp(mean),
            "low": np.exp(mean - half),
            "high": np.exp(mean + half),
            "p_value": p,
            "p_adjusted": benjamini_hochberg(p),
            "n_problems": n,
            "n_tested": int(np.isfinite(p).sum()),
        }
    )
    up = table[(table["value"] > 1) & table["p_value"].notna()]
    return up.sort_values(["p_value", "word"], kind="stable").reset_index(drop=True)
