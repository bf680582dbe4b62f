"""Targets of two columns through a fit: k of n, times with events, intervals, against statsmodels and SciPy."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import statsmodels.api as sm
from models.tables import relative
from scipy.optimize import minimize
from scipy.stats import norm, weibull_min

import neglog as nl
from neglog.derivation.obtain import obtain
from neglog.errors import (
    DataError,
    FitWarning,
    NeglogError,
    SupportError,
    UsageError,
)
from neglog.families.transformers.censored import for_rows
from neglog.reports.recipe import python_recipe

INF = np.inf
EVENT = "Event(survival, censors) ~ age"


@pytest.fixture(scope="module")
def schools() -> pd.DataFrame:
    """Return statsmodels' star98: pupils above and below a median, by school district."""
    data = sm.datasets.star98.load_pandas().data
    return data.assign(total=data.NABOVE + data.NBELOW)


@pytest.fixture(scope="module")
def heart() -> pd.DataFrame:
    """Return statsmodels' heart transplants: days survived, whether death was seen, age."""
    return sm.datasets.heart.load_pandas().data


@pytest.fixture(scope="module")
def survival(heart: pd.DataFrame) -> nl.Model:
    """Return a Weibull fit of the right-censored times."""
    return nl.fit(EVENT, heart, family="Censored(weibull)")


def test_k_of_n_is_statsmodels_binomial(schools: pd.DataFrame) -> None:
    """Binomial on star98 has statsmodels' coefficients, standard errors and log-likelihood."""
    columns = [c for c in schools if c not in ("NABOVE", "NBELOW", "total")]
    peer = sm.GLM(
        schools[["NABOVE", "NBELOW"]],
        sm.add_constant(schools[columns]),
        family=sm.families.Binomial(),
    ).fit(tol=1e-14)
    model = nl.fit("NABOVE | total ~ " + " + ".join(columns), schools, family="binomial")
    assert model.converged
    assert relative(model.table.estimates, peer.params) < 1e-8
    assert relative(model.table.standard_errors, peer.bse) < 1e-8
    assert relative(model.llf, peer.llf) < 1e-8
    np.testing.assert_allclose(model.predict(schools), peer.predict(), rtol=1e-9)
    assert "108,418 of 267,611" in model.coding.sentence
    assert model.coding.sentence in " ".join(str(model.summary()).split())


def test_k_of_n_is_the_trials_one_by_one(schools: pd.DataFrame) -> None:
    """The coefficients are those of a Bernoulli model with weights; without family= it is found."""
    data = schools.iloc[:40]
    model = nl.fit("NABOVE | total ~ LOWINC", data)
    assert model.family == nl.Binomial
    long = pd.DataFrame(
        {
            "y": np.repeat([1, 0], 40),
            "x": np.tile(data.LOWINC, 2),
            "w": np.concatenate([data.NABOVE, data.NBELOW]),
        }
    )
    other = nl.fit("y ~ x", long, family="bernoulli", sample_weight="w")
    assert relative(model.table.estimates, other.table.estimates) < 1e-9
    assert relative(model.table.standard_errors, other.table.standard_errors) < 1e-9


def weibull_loss(theta: Any, X: Any, time: Any, event: Any) -> float:
    """Return minus the log-likelihood of right-censored Weibull times, from SciPy's density and tail."""
    law = weibull_min(np.exp(theta[-1]), scale=np.exp(X @ theta[:-1]))
    return -float(np.where(event == 1, law.logpdf(time), law.logsf(time)).sum())


def optimum(loss: Any, start: Any, *data: Any) -> Any:
    """Minimise a function without derivatives, then polish with its differences."""
    found = minimize(
        loss, start, data, "Nelder-Mead", options={"xatol": 1e-9, "fatol": 1e-12, "maxiter": 9999}
    )
    return minimize(loss, found.x, data, "BFGS", options={"gtol": 1e-8})


def test_events_have_scipys_optimum(survival: nl.Model, heart: pd.DataFrame) -> None:
    """Censored(Weibull) of the heart data lies at the optimum of a likelihood written with SciPy."""
    X = np.column_stack([np.ones(len(heart)), heart.age])
    best = optimum(weibull_loss, [5.0, 0.0, 0.0], X, heart.survival, heart.censors)
    assert survival.converged
    assert survival.llf == pytest.approx(-best.fun, rel=1e-12)
    assert relative(survival.table.estimates, best.x) < 1e-6
    gradient = [
        weibull_loss(survival.table.estimates + step, X, heart.survival, heart.censors)
        - weibull_loss(survival.table.estimates - step, X, heart.survival, heart.censors)
        for step in np.diag([1e-5, 1e-7, 1e-5])
    ]
    assert np.max(np.abs(gradient)) < 1e-7
    law = weibull_min(survival.constants["shape"], scale=np.exp(X @ survival.table.estimates[:2]))
    np.testing.assert_allclose(survival.predict(heart), law.mean(), rtol=1e-10)
    new = survival.predict_distribution(heart)
    np.testing.assert_allclose(new.quantile(0.3), law.ppf(0.3), rtol=1e-10)
    np.testing.assert_allclose(new.cdf(100.0), law.cdf(100.0), rtol=1e-10)


# Of scales far beyond the data.
@pytest.mark.filterwarnings("ignore::neglog.errors.AccuracyWarning")
@pytest.mark.parametrize(
    "base", [nl.Weibull, nl.LogNormal, nl.Normal, nl.Laplace], ids=lambda f: f.name
)
def test_the_law_of_seen_and_running_rows_is_exact_and_small(
    base: nl.Family[...], heart: pd.DataFrame
) -> None:
    """Rows that are exact or still running have the log-density of the interval, derived within its bounds."""
    family = nl.Censored(base)
    y = np.column_stack([heart.survival, np.where(heart.censors == 1, heart.survival, INF)])
    law, events = for_rows(family, y)
    np.testing.assert_array_equal(events[:, 1], heart.censors)
    values = dict(zip(family.density.free, (5.0, 1.2), strict=True))
    np.testing.assert_allclose(
        law(**values).log_prob(events), family(**values).log_prob(y), rtol=1e-14
    )
    loss = obtain(law.density, law.density.free)
    assert all(certificate.error <= certificate.bound for certificate in loss.certificates)
    assert for_rows(family, np.vstack([y, [1.0, 2.0]]))[0] is family
    assert for_rows(base, y[:, 0])[0] is base


def test_an_event_is_an_interval_without_an_end(survival: nl.Model, heart: pd.DataFrame) -> None:
    """Event(time, died) and Interval(time, inf) say the same; booleans are 0 and 1; weight 2 is the row twice."""
    ends = heart.assign(upper=np.where(heart.censors == 1, heart.survival, INF))
    model = nl.fit("Interval(survival, upper) ~ age", ends, family=nl.Censored(nl.Weibull))
    assert relative(model.table.estimates, survival.table.estimates) < 1e-12
    twice = nl.fit(
        EVENT, heart.assign(censors=heart.censors == 1), family="Censored(weibull)",
        sample_weight=np.full(len(heart), 2.0),
    )  # fmt: skip  # one call
    assert relative(twice.table.estimates, survival.table.estimates) < 1e-9
    assert relative(twice.table.standard_errors * np.sqrt(2), survival.table.standard_errors) < 1e-9


def interval_loss(theta: Any, X: Any, lower: Any, upper: Any) -> float:
    """Return minus the log-likelihood of intervals of a normal law, each in its smaller tail."""
    mu, sigma = X @ theta[:-1], np.exp(theta[-1])
    a, b = (lower - mu) / sigma, (upper - mu) / sigma
    a, b = np.where(a > 0, -b, a), np.where(a > 0, -a, b)
    with np.errstate(all="ignore"):
        inside = norm.logcdf(b) + np.log1p(-np.exp(norm.logcdf(a) - norm.logcdf(b)))
        exact = norm.logpdf(lower, mu, sigma)
    return -float(np.where(lower == upper, exact, inside).sum())


# Of scales far beyond the data.
@pytest.mark.filterwarnings("ignore::neglog.errors.AccuracyWarning")
def test_intervals_have_scipys_optimum() -> None:
    """Censored(Normal) of exact rows, intervals and rows without an end lies at SciPy's optimum."""
    random = np.random.default_rng(1)
    x = random.normal(size=200)
    y = 2 + 1.5 * x + 0.8 * random.normal(size=200)
    kind = np.arange(200) % 5
    lower, upper = np.floor(2 * y) / 2, np.floor(2 * y) / 2 + 0.5
    lower, upper = np.where(kind == 0, y, lower), np.where(kind == 0, y, upper)
    lower, upper = np.where(kind == 1, -INF, lower), np.where(kind == 2, INF, upper)
    data = {"lo": lower, "hi": upper, "x": x}
    model = nl.fit("Interval(lo, hi) ~ x", data, family="Censored(normal)")
    best = optimum(interval_loss, [0.0, 0.0, 0.0], np.column_stack([np.ones(200), x]), lower, upper)
    assert model.converged
    assert model.llf == pytest.approx(-best.fun, rel=1e-12)
    assert relative(model.table.estimates, best.x) < 1e-6
    for words in (
        "40 exact",
        "40 without an upper end",
        "40 without a lower end",
        "80 between two",
    ):
        assert words in model.coding.sentence
    shifted = nl.fit(
        "Interval(lo, hi) ~ x",
        {**data, "lo": 1000 + 50 * lower, "hi": 1000 + 50 * upper},
        family=model.family,
    )
    assert shifted.converged  # far from 0 an interval is no free ride either way
    assert shifted.params["x"] == pytest.approx(50 * model.params["x"], rel=1e-6)


@pytest.mark.parametrize("unit", [1e-6, 1.0, 1e3, 1e6, 1e9])
@pytest.mark.parametrize(
    ("formula", "family"), [("t ~ x", "weibull"), ("Event(t, d) ~ x", "Censored(weibull)")]
)
def test_the_unit_of_time_changes_no_verdict(unit: float, formula: str, family: str) -> None:
    """Times in large units are neither a perfect fit nor separated, censored or not."""
    random = np.random.default_rng(0)
    x = random.normal(size=60)
    time = np.exp(5 + 0.5 * x) * random.weibull(1.5, 60)
    end = 180 * random.uniform(0, 2, 60) if family != "weibull" else np.full(60, INF)
    data = {"t": np.minimum(time, end) * unit, "d": time <= end, "x": x}
    model = nl.fit(formula, data, family=family)
    assert model.status == "converged"
    plain = nl.fit(formula, {**data, "t": data["t"] / unit}, family=family)
    assert model.params["x"] == pytest.approx(plain.params["x"], rel=1e-9)


def test_a_group_without_an_event_is_separated(heart: pd.DataFrame) -> None:
    """Where no event was seen in a group, its coefficient runs off, and the fit says so."""
    group = np.arange(len(heart)) % 2
    data = heart.assign(g=group, censors=heart.censors * group)
    with pytest.warns(FitWarning, match="separation"):
        model = nl.fit("Event(survival, censors) ~ g", data, family="Censored(weibull)")
    assert model.status == "separated"


def test_a_model_of_events_is_kept(survival: nl.Model, heart: pd.DataFrame, tmp_path: Path) -> None:
    """Saved and loaded it says and predicts the same, its family is what Python makes, and its recipe runs."""
    survival.save(tmp_path / "m.neglog")
    loaded = nl.load(tmp_path / "m.neglog")
    assert loaded.family == nl.Censored(nl.Weibull)
    assert str(loaded.summary()) == str(survival.summary())
    assert loaded.design.side == survival.design.side
    np.testing.assert_array_equal(loaded.predict(heart), survival.predict(heart))
    heart.to_csv(tmp_path / "heart.csv", index=False)
    recipe = python_recipe(nl.fit(EVENT, tmp_path / "heart.csv", family=loaded.family))
    assert EVENT in recipe
    assert "family=nl.Censored(nl.Weibull)" in recipe
    space: dict[str, Any] = {}
    exec(recipe.replace("'heart.csv'", repr(str(tmp_path / "heart.csv"))), space)  # noqa: S102  # our own recipe
    assert space["model"].params == pytest.approx(dict(survival.params), rel=1e-12)


def test_the_summary_names_the_side(survival: nl.Model, schools: pd.DataFrame) -> None:
    """The target is written as in the formula, and what was seen is counted."""
    text = str(survival.summary())
    assert "Event(survival, censors)" in text
    assert "45 events were seen, 24 times are censored" in text
    assert "NABOVE | total" in str(nl.fit("NABOVE | total ~ LOWINC", schools).summary())


LO, HI = [1.0, 2.0, 3.0, 4.0], [2.0, 3.0, 4.0, 5.0]
BAD = {
    "k above n": ("k | n", {"k": [1, 5, 2, 0], "n": [4, 4, 4, 4]}, "binomial", ("row 2", "'k'", "holds 5", "failures")),
    "k no count": ("k | n", {"k": [1, 0.5, 2, 0], "n": [4] * 4}, "binomial", ("row 2", "0.5", "counted")),
    "k negative": ("k | n", {"k": [1, 2, -2, 0], "n": [4] * 4}, "binomial", ("row 3", "-2")),
    "no trial": ("k | n", {"k": [1, 0, 2, 0], "n": [4, 0, 4, 0]}, "binomial", ("row 2", "'n'", "1 other row")),
    "all succeed": ("k | n", {"k": [4] * 4, "n": [4] * 4}, "binomial", ("every trial succeeded",)),
    "no time": ("Event(t, d)", {"t": [1, 0, 2, 3], "d": [1, 0, 1, 0]}, "Censored(weibull)", ("row 2", "'t'", "holds 0")),
    "negative time": ("Event(t, d)", {"t": [1, 2, -2, 3], "d": [1, 0, 1, 0]}, "Censored(weibull)", ("row 3", "-2")),
    "infinite time": ("Event(t, d)", {"t": [1, INF, 2, 3], "d": [1, 0, 1, 0]}, "Censored(weibull)", ("row 2", "inf")),
    "R's codes": ("Event(t, d)", {"t": [1, 2, 3, 4], "d": [1, 2, 1, 2]}, "Censored(weibull)", ("row 2", "'d'", "subtract 1")),
    "half an event": ("Event(t, d)", {"t": [1, 2, 3, 4], "d": [1, 0.5, 1, 0]}, "Censored(weibull)", ("0.5", "had not")),
    "no event": ("Event(t, d)", {"t": [1, 2, 3, 4], "d": [0] * 4}, "Censored(weibull)", ("no event was seen", "'d'")),
    "exchanged": ("Interval(a, b)", {"a": [1, 5, 3, 4], "b": HI}, "Censored(normal)", ("row 2", "'a'", "Exchange")),
    "negative end": ("Interval(a, b)", {"a": [1, -2, 3, 4], "b": HI}, "Censored(weibull)", ("row 2", "greater than 0", "-inf")),
    "upper -inf": ("Interval(a, b)", {"a": [-INF, 2, 3, 4], "b": [-INF, 3, 4, 5]}, "Censored(normal)", ("row 1", "'b'")),
    "nothing known": ("Interval(a, b)", {"a": [-INF, 2, 3, 4], "b": [INF, 3, 4, 5]}, "Censored(normal)", ("row 1", "says nothing")),
    "0 exactly": ("Interval(a, b)", {"a": [0, 2, 3, 4], "b": [0, 3, 4, 5]}, "Censored(weibull)", ("row 1", "exact observation")),
    "no upper end": ("Interval(a, b)", {"a": LO, "b": [INF] * 4}, "Censored(normal)", ("no row has an upper end",)),
    "no lower end": ("Interval(a, b)", {"a": [-INF] * 4, "b": HI}, "Censored(normal)", ("no row has a lower end",)),
    "one threshold": ("Interval(a, b)", {"a": [-INF, 2, -INF, 2], "b": [2, INF, 2, INF]}, "Censored(normal)", ("which side of 2", "sigma")),
}  # fmt: skip  # one case a line


@pytest.mark.parametrize(("side", "data", "family", "words"), BAD.values(), ids=BAD)
def test_bad_rows_are_told(
    side: str, data: dict[str, Any], family: str, words: tuple[str, ...]
) -> None:
    """A row that is no such target is refused in one paragraph with row, column, value and remedy."""
    with pytest.raises(DataError) as caught:
        nl.fit(f"{side} ~ x", {**data, "x": [1.0, 2.0, 4.0, 3.0]}, family=family)
    message = str(caught.value)
    assert all(word.casefold() in message.casefold() for word in words), message
    assert "\n" not in message


MISMATCHED = {
    ("k ~ x", "binomial"): "'k | n ~ x'",
    ("k ~ x", "Censored(weibull)"): "'Interval(k, hi) ~ x' or 'Event(k, died) ~ x'",
    ("k | n ~ x", "Censored(weibull)"): "Event(k, died) ~ x",
    ("Event(k, d) ~ x", "binomial"): "'k | n ~ x'",
    ("Interval(k, n) ~ x", "weibull"): "family=nl.Censored(nl.Weibull)",
    ("Event(k, d) ~ x", "normal"): "family=nl.Censored(nl.Normal)",
    ("k | n ~ x", "poisson"): "family=nl.Binomial",
    ("k | n ~ x", "bernoulli"): "family=nl.Binomial",
    ("Event(k, d) ~ x", "categorical"): "nl.Censored(nl.Weibull)",
    ("Event(k, d) ~ x", "auto"): "nl.Censored(nl.Weibull)",
}


@pytest.mark.parametrize(("pair", "words"), MISMATCHED.items())
def test_a_side_that_the_family_does_not_take(pair: tuple[str, str], words: str) -> None:
    """A family given other columns than its target has shows the formula, or the family, that fits."""
    data = {"k": [1, 2, 1, 3], "n": [4] * 4, "d": [1, 0, 1, 0], "x": [1.0, 2.0, 4.0, 3.0]}
    with pytest.raises(UsageError) as caught:
        nl.fit(pair[0], data, family=pair[1])
    assert words in str(caught.value)


def test_other_options_with_a_side() -> None:
    """positive= and a loss without a density have no meaning there; a vector target has no side."""
    data = {"k": [1, 2, 1, 3], "n": [4] * 4, "x": [1.0, 2.0, 4.0, 3.0]}
    with pytest.raises(UsageError, match="positive="):
        nl.fit("k | n ~ x", data, family="binomial", positive=1)
    with pytest.raises(UsageError, match="one value"):
        nl.fit("k | n ~ x", data, loss="huber")

    @nl.family(y=nl.RealVector(2), a=nl.Real())
    def Pair(y: Any, a: Any) -> Any:
        return -((y[0] - a) ** 2) / 2 - (y[1] - a) ** 2 / 2 - nl.math.log(2 * nl.math.pi)

    with pytest.raises(UsageError, match=r"nl\.compile"):
        nl.fit("k ~ x", data, family=Pair)


@pytest.mark.filterwarnings("ignore::neglog.errors.AccuracyWarning")
def test_a_family_of_ones_own_takes_events(tmp_path: Path) -> None:
    """A density of an event fits, predicts by the density of a seen event, and is kept as text."""

    @nl.family(y=nl.Event(), rate=nl.Positive())
    def Waiting(y: Any, rate: Any) -> Any:
        return y.event * nl.math.log(rate) - rate * y.time

    random = np.random.default_rng(2)
    time = random.exponential(2.0, 80)
    data = {"t": np.minimum(time, 3.0), "d": time < 3.0}
    model = nl.fit("Event(t, d) ~ 1", data, family=Waiting)
    rate = data["d"].sum() / data["t"].sum()
    assert np.exp(model.params["Intercept"]) == pytest.approx(rate, rel=1e-9)
    np.testing.assert_allclose(model.predict(data), 1 / rate, rtol=1e-7)
    model.save(tmp_path / "m.neglog")
    assert nl.load(tmp_path / "m.neglog").params == model.params
    assert "nl.Event()" in python_recipe(model)


def test_long_losses_are_read_back() -> None:
    """A loss whose text is longer than any density a person writes comes back from JSON."""
    from neglog.losses import Loss

    loss = obtain(nl.Poisson.density)
    data = json.loads(json.dumps(loss.to_json()))
    term = "*".join(["exp(eta)"] * 20)
    data["complete"]["hessian"] = [" + ".join([term] * 80)]
    assert len(data["complete"]["hessian"][0]) > 10_000
    assert Loss.from_json(data).complete.value == loss.complete.value


def test_estimators_take_fields(
    survival: nl.Model, heart: pd.DataFrame, schools: pd.DataFrame
) -> None:
    """The regressor takes the columns of such a target, predicts and scores."""
    y = np.column_stack([heart.survival, np.where(heart.censors == 1, heart.survival, INF)])
    X = heart[["age"]]
    model = nl.LikelihoodRegressor("Censored(weibull)").fit(X, y)
    assert model.coef_[0] == pytest.approx(survival.params["age"], rel=1e-9)
    np.testing.assert_allclose(model.predict(X), survival.predict(heart), rtol=1e-9)
    assert model.score(X, y) == pytest.approx(survival.llf / len(heart), rel=1e-12)
    with pytest.raises(UsageError, match="fields lower, upper"):
        model.fit(X, heart.survival)
    with pytest.raises(SupportError, match="Row 0"):
        model.fit(X, y[:, ::-1] - 20)
    counts = schools[["NABOVE", "total"]].to_numpy()
    shares = nl.LikelihoodRegressor("binomial").fit(schools[["LOWINC"]], counts)
    assert 0.5 < shares.score(schools[["LOWINC"]], counts) < 1
    with pytest.raises(NeglogError, match="no label"):
        nl.LikelihoodClassifier("binomial").fit(schools[["LOWINC"]], counts)
