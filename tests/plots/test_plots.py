"""Figures draw the numbers they were given, at every size, and survive the names that data have."""

from __future__ import annotations

import io
from types import SimpleNamespace

import matplotlib as mpl
import numpy as np
import pytest
from matplotlib.axes import Axes
from matplotlib.figure import Figure

import neglog as nl
from neglog.plots import (
    calibration,
    coefficients,
    convergence,
    counts,
    diagnostic,
    fitted_residuals,
    normal_quantiles,
    quantile_residuals,
    styled,
)
from neglog.plots.calibration import reliability
from neglog.plots.counts import observed_and_expected
from neglog.plots.style import shorten

ODD_NAMES = [
    "cost in $ and $",
    "<script>alert(1)</script>",
    "价格",
    "a\nb",
    "x" * 200,
    r"\frac{1",
    "",
]


def drawn(what: Axes | Figure) -> bytes:
    """Render a figure; a warning of any kind is an error in these tests."""
    figure = what.get_figure(root=True) if isinstance(what, Axes) else what
    assert figure is not None
    buffer = io.BytesIO()
    with styled():
        figure.savefig(buffer, format="svg")
    return buffer.getvalue()


def records(values: list[float]) -> list[SimpleNamespace]:
    """Return the trace of a solver."""
    return [
        SimpleNamespace(iteration=i, mean_objective=v, gradient_norm=v / 2)
        for i, v in enumerate(values)
    ]


def test_odd_names_are_drawn_as_they_are() -> None:
    """A name is text, not a formula nor a control character, and a long one is cut."""
    estimates = np.arange(len(ODD_NAMES), dtype=float)
    ax = coefficients(ODD_NAMES, estimates, np.column_stack([estimates - 1, estimates + 1]))
    drawn(ax)
    labels = [label.get_text() for label in ax.get_yticklabels()]
    assert labels[0] == "cost in $ and $"
    assert len(labels[4]) <= 36
    classes = calibration([0, 1, 2] * 9, np.full((27, 3), 1 / 3), labels=ODD_NAMES[:3])
    drawn(classes)


def test_coefficients_are_drawn_in_order_with_their_intervals() -> None:
    """The first coefficient stands on top, each dot at its estimate, each line over its interval."""
    ax = coefficients(["a", "b", "c"], [1.0, 2.0, -0.5], [[0.5, 1.5], [-1, 5], [-0.6, -0.4]])
    (lines,) = (each for each in ax.collections if hasattr(each, "get_segments"))
    assert [segment[:, 0].tolist() for segment in lines.get_segments()] == [
        [0.5, 1.5],
        [-1, 5],
        [-0.6, -0.4],
    ]
    clear, hollow = (
        each.get_offsets()[:, 0].tolist() for each in ax.collections if each is not lines
    )
    assert (clear, hollow) == ([1.0, -0.5], [2.0])
    assert ax.get_yticks().tolist() == [2, 1, 0]


def test_many_coefficients_are_cut_and_it_is_said() -> None:
    """Of many coefficients those clearest from zero are drawn, and the title counts them."""
    estimates = np.linspace(0, 10, 200)
    ax = coefficients(
        [f"x{i}" for i in range(200)], estimates, np.column_stack([estimates - 1, estimates + 1])
    )
    assert (
        ax.get_title(loc="left")
        == "Coefficients with 95% intervals: 30 of 200, those clearest from zero"
    )
    assert next(label.get_text() for label in ax.get_yticklabels()) == "x170"
    drawn(ax)


@pytest.mark.parametrize("n", [1, 2, 40])
def test_coefficients_without_intervals(n: int) -> None:
    """A fit that has no standard errors still has estimates to draw."""
    drawn(coefficients([str(i) for i in range(n)], np.ones(n), np.full((n, 2), np.nan)))


@pytest.mark.parametrize(
    "values", [[0.7], [0.7, 0.2], [0.7, np.inf, 0.2], [0.5] * 5, list(0.2 + 0.9 ** np.arange(300))]
)
def test_convergence_of_any_length(values: list[float]) -> None:
    """A trace of one point, a constant one and one with infinities are drawn on a logarithmic scale."""
    ax = convergence(records(values))
    assert ax.get_yscale() == "log"
    drawn(ax)


def test_convergence_shows_the_excess() -> None:
    """The first line is the mean objective above its lowest value, the second the gradient."""
    excess, gradient = convergence(records([0.7, 0.3, 0.2])).lines
    assert np.asarray(excess.get_ydata()) == pytest.approx([0.5, 0.1])
    assert np.asarray(gradient.get_ydata()) == pytest.approx([0.35, 0.15, 0.1])


def test_reliability_groups_all_rows() -> None:
    """Groups hold every row once; their mean prediction and share are weighted means of the whole."""
    random = np.random.default_rng(1)
    p = random.beta(0.5, 0.5, 500)
    y = (random.random(500) < p).astype(float)
    bins = reliability(y, p)
    assert bins.sizes.sum() == 500
    assert bins.predicted @ bins.sizes == pytest.approx(p.sum())
    assert bins.observed @ bins.sizes == pytest.approx(y.sum())
    assert np.all((bins.low <= bins.observed) & (bins.observed <= bins.high))
    assert np.all((bins.low >= 0) & (bins.high <= 1))


def test_reliability_is_the_wilson_interval() -> None:
    """The interval of a group is Wilson's, as statsmodels has it."""
    proportion = pytest.importorskip("statsmodels.stats.proportion")
    y = np.array([1.0, 0, 0, 1, 0, 0, 0])
    bins = reliability(y, np.full(7, 0.3))
    assert (bins.low[0], bins.high[0]) == pytest.approx(
        proportion.proportion_confint(2, 7, method="wilson")
    )


def test_reliability_keeps_ties_together() -> None:
    """Rows with the same prediction are in the same group, whatever their order."""
    p = np.repeat([0.2, 0.8], [30, 30])
    assert reliability(p > 0.5, p).sizes.tolist() == [30, 30]


@pytest.mark.parametrize("n", [1, 3, 50])
@pytest.mark.parametrize("classes", [1, 2, 3, 12])
def test_calibration_of_any_size(n: int, classes: int) -> None:
    """A few rows, one class and many classes are drawn."""
    random = np.random.default_rng(n)
    if classes == 1:
        drawn(calibration(random.integers(0, 2, n), random.random(n)))
    else:
        drawn(calibration(random.integers(0, classes, n), random.dirichlet(np.ones(classes), n)))


def test_expected_counts_are_those_of_scipy() -> None:
    """The line of a rootogram is the sum over the rows of each row's probabilities."""
    from scipy.stats import poisson

    mu = np.array([0.5, 2.0, 3.5])
    _, observed, expected = observed_and_expected(np.array([0.0, 2.0, 2.0]), nl.Poisson(mu=mu).cdf)
    assert observed.tolist() == [1, 0, 2]
    assert expected == pytest.approx([poisson.pmf(k, mu).sum() for k in range(3)])


@pytest.mark.parametrize("top", [0, 1, 30, 5000])
def test_counts_of_any_size(top: int) -> None:
    """Zeros alone, small counts and large ones are drawn; large ones in ranges that hold every row."""
    y = np.linspace(0, top, 25).round()
    _, observed, _ = observed_and_expected(y, nl.Poisson(mu=np.full(25, 1.0 + top / 2)).cdf)
    assert observed.sum() == 25
    assert len(observed) <= 41
    drawn(counts(y, nl.Poisson(mu=np.full(25, 1.0 + top / 2)).cdf))


def test_quantile_residuals_of_a_normal_are_standardised() -> None:
    """For the Normal law a quantile residual is (y - mu)/sigma."""
    y = np.array([1.0, 5.0, -3.0])
    assert quantile_residuals(y, nl.Normal(mu=np.zeros(3), sigma=2.0)) == pytest.approx(y / 2)


def test_quantile_residuals_stay_finite() -> None:
    """A target that the law calls impossible has a large residual, not an infinite one."""
    far = quantile_residuals(np.array([1e9, -1e9]), nl.Normal(mu=np.zeros(2), sigma=1.0))
    assert np.isfinite(far).all()
    assert np.abs(far).min() > 8


@pytest.mark.parametrize("n", [1, 2, 300])
def test_residuals_of_any_size(n: int) -> None:
    """Both residual figures are drawn for one row as for many."""
    values = np.random.default_rng(n).normal(size=n)
    drawn(normal_quantiles(values))
    drawn(fitted_residuals(np.arange(n), values))


@pytest.mark.parametrize(
    ("law", "y", "axes"),
    [
        (nl.Bernoulli(p=np.full(20, 0.4)), np.arange(20) % 2, 1),
        (nl.Bernoulli(p=0.4), np.arange(20) % 2, 1),
        (nl.Categorical(p=np.full((20, 4), 0.25)), np.arange(20) % 4, 1),
        (nl.Poisson(mu=np.full(20, 2.0)), np.arange(20) % 5, 1),
        (nl.Normal(mu=np.zeros(20), sigma=1.0), np.linspace(-2, 2, 20), 2),
    ],
    ids=["bernoulli", "bernoulli-constant", "categorical", "poisson", "normal"],
)
def test_each_kind_of_target_has_its_diagnostic(law: object, y: np.ndarray, axes: int) -> None:
    """Classes get calibration, counts a rootogram, measurements two residual figures."""
    figure = diagnostic(y, law)
    assert len(figure.axes) == axes
    drawn(figure)


def test_drawing_on_given_axes() -> None:
    """With ``ax=`` a figure of the caller's is drawn on and returned."""
    ax = Figure().add_subplot()
    assert coefficients(["a"], [1.0], [[0.0, 2.0]], ax=ax) is ax
    assert convergence(records([1.0, 0.5]), ax=ax) is ax


def test_settings_of_the_caller_are_left_alone() -> None:
    """Drawing changes no setting of matplotlib, and makes no figure of pyplot's."""
    before = dict(mpl.rcParams)
    drawn(coefficients(["a"], [1.0], [[0.0, 2.0]]))
    assert dict(mpl.rcParams) == before


def test_shortened_names_differ() -> None:
    """A long name keeps both its ends, and loses what cannot be printed."""
    assert shorten("short") == "short"
    assert shorten("a" * 50 + "1") != shorten("a" * 50 + "2")
    assert shorten("two\nlines") == "two?lines"
