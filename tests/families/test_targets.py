"""Laws of distributions whose outcomes are more than one number: counts out of n, ordered classes."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import scipy.stats

import neglog as nl
from neglog.errors import SupportError, UsageError
from neglog.math import log, loggamma, sigmoid


@nl.family(y=nl.CountOf(), a=nl.Positive(), b=nl.Positive())
def BetaBinomial(y: Any, a: Any, b: Any) -> Any:
    """Counts out of n whose probability varies: known here by its density alone."""
    k, n = y.k, y.n
    ways = loggamma(n + 1) - loggamma(k + 1) - loggamma(n - k + 1)
    top = loggamma(k + a) + loggamma(n - k + b) - loggamma(n + a + b)
    return top - loggamma(a) - loggamma(b) + loggamma(a + b) + ways


@nl.family(y=nl.Label("K"), eta=nl.Real(), c=nl.Ordered("K-1"))
def Graded(y: Any, eta: Any, c: Any) -> Any:
    """Ordered classes."""
    return log(sigmoid(c[y] - eta) - sigmoid(c[y - 1] - eta))


CASES = {
    "binomial": (nl.Binomial(p=0.3), lambda n: scipy.stats.binom(n, 0.3)),
    "by its density": (BetaBinomial(a=2.0, b=0.7), lambda n: scipy.stats.betabinom(n, 2.0, 0.7)),
}


@pytest.mark.parametrize("n", [1, 2, 17])
@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
def test_counts_of_n_agree_with_scipy(case: Any, n: int) -> None:
    """With n given every method says what SciPy says; without it pairs are asked for."""
    law, theirs = case[0].given(n=n), case[1](n)
    k = np.arange(-1.0, n + 2)
    np.testing.assert_allclose(law.log_prob(k), theirs.logpmf(k), rtol=1e-12)
    np.testing.assert_allclose(law.cdf(k), theirs.cdf(k), rtol=1e-12)
    np.testing.assert_allclose(case[0].cdf((k, n)), theirs.cdf(k), rtol=1e-12)
    levels = np.array([0.01, 0.4, 0.99])
    np.testing.assert_array_equal(law.quantile(levels), theirs.ppf(levels))
    np.testing.assert_allclose((law.mean, law.variance), theirs.stats(), rtol=1e-12)
    drawn = law.sample(4000, seed=2)
    assert np.isin(drawn, k[1:-1]).all()
    assert abs(drawn.mean() - theirs.mean()) < 5 * theirs.std() / np.sqrt(4000)


def test_trials_are_said_or_asked_for() -> None:
    """Where the number of trials is needed and not given, the error says how to give it."""
    with pytest.raises(UsageError, match="given"):
        _ = nl.Binomial(p=0.3).mean
    with pytest.raises(SupportError, match="whole number"):
        nl.Binomial(p=0.3).given(n=2.5)
    with pytest.raises(UsageError, match="no n"):
        nl.Poisson(mu=1.0).given(n=2)
    assert nl.Binomial(p=0.3).log_prob((3, 2)) == -np.inf


def test_probabilities_of_ordered_classes() -> None:
    """They sum to 1, follow from the cutpoints, and samples follow them; two classes are a Bernoulli law."""
    law = Graded(eta=[0.3, -1.0], c=[-1.0, 0.5, 2.0])
    ends = np.array([-np.inf, -1.0, 0.5, 2.0, np.inf])
    cumulative = scipy.stats.logistic.cdf(ends - np.array([[0.3], [-1.0]]))
    np.testing.assert_allclose(law.probabilities, np.diff(cumulative, axis=1), rtol=1e-12)
    np.testing.assert_allclose(law.probabilities.sum(axis=1), 1.0, rtol=1e-15)
    assert law.log_prob(4).tolist() == [-np.inf, -np.inf]
    drawn = law.sample((5000, 2), seed=1)
    shares = [np.bincount(drawn[:, i], minlength=4) / 5000 for i in range(2)]
    np.testing.assert_allclose(shares, law.probabilities, atol=0.03)
    two = Graded(eta=0.7, c=[0.2])
    np.testing.assert_allclose(two.probabilities[1], 1 / (1 + np.exp(-0.5)), rtol=1e-15)
    with pytest.raises(SupportError, match="increasing"):
        Graded(eta=0.0, c=[1.0, 0.5])
