"""Value and gradient of a loss, elementwise, against scikit-learn's compiled losses."""

from __future__ import annotations

import numpy as np
from measure import Table, medians

import neglog as nl


def main() -> Table:
    """Race losses on arrays in memory, two threads on both sides."""
    from sklearn._loss import (
        HalfBinomialLoss,
        HalfGammaLoss,
        HalfMultinomialLoss,
        HalfPoissonLoss,
        HalfSquaredError,
    )

    random = np.random.default_rng(0)
    n = 10_000_000
    raw = 3 * random.normal(size=n)
    table = Table("Losses: value and gradient, float64")
    out = np.empty(n)
    (adding,) = medians(lambda: np.add(raw, raw, out=out))
    table.note = (
        "10 million rows (classes: 1 million, 100,000 with 100 classes), 2 threads, preallocated output. "
        f"Adding two such columns into a third takes {1000 * adding:.1f} ms on one thread."
    )
    cases = [
        (nl.Bernoulli, HalfBinomialLoss(), (random.random(n) < 0.5).astype(float), {}),
        (nl.Poisson, HalfPoissonLoss(), random.poisson(2.0, n).astype(float), {}),
        (nl.Normal, HalfSquaredError(), raw + random.normal(size=n), {"sigma": 1.0}),
        (nl.Gamma, HalfGammaLoss(), random.gamma(2.0, size=n), {"shape": 1.0}),
    ]
    for family, peer, y, hyper in cases:
        kernel = nl.compile(family)
        value, gradient = np.empty(n), np.empty(n)
        their_value, their_gradient = np.empty(n), np.empty(n)

        def ours(kernel=kernel, y=y, hyper=hyper, value=value, gradient=gradient):
            kernel.evaluate(y, raw, hyper=hyper, order=1, constants=False, out=(value, gradient))

        def theirs(peer=peer, y=y, value=their_value, gradient=their_gradient):
            peer.loss_gradient(y, raw, None, value, gradient, n_threads=2)

        ours()
        theirs()
        error = float(np.max(np.abs(gradient - their_gradient) / (1 + np.abs(their_gradient))))
        assert error < 1e-10, error
        table.race(
            f"{family.name}, textbook loss",
            "scikit-learn _loss",
            ours,
            theirs,
            agreement=f"gradients within {error:.0e}",
        )
    for classes, rows in ((3, 1_000_000), (10, 1_000_000), (100, 100_000)):
        scores = 3 * random.normal(size=(rows, classes))
        y = random.integers(0, classes, rows).astype(float)
        kernel, peer = nl.compile(nl.Categorical), HalfMultinomialLoss(n_classes=classes)
        value, gradient = np.empty(rows), np.empty((rows, classes))
        their_value, their_gradient = np.empty(rows), np.empty((rows, classes))

        def ours(kernel=kernel, y=y, scores=scores, value=value, gradient=gradient):
            kernel.evaluate(y, scores, order=1, out=(value, gradient))

        def theirs(peer=peer, y=y, scores=scores, value=their_value, gradient=their_gradient):
            peer.loss_gradient(y, scores, None, value, gradient, n_threads=2)

        ours()
        theirs()
        error = float(np.max(np.abs(gradient - their_gradient)))
        assert error < 1e-10, error
        table.race(
            f"Categorical, {classes} classes",
            "scikit-learn _loss",
            ours,
            theirs,
            agreement=f"gradients within {error:.0e}",
        )
    return table


if __name__ == "__main__":
    print(main().markdown())
