"""Fits of ordered classes equal statsmodels' OrderedModel; their order, their cutpoints, and what is refused."""

from __future__ import annotations

import warnings

import numpy as np
import pandas as pd
import pytest
import statsmodels.api as sm
from statsmodels.miscmodels.ordinal_model import OrderedModel

import neglog as nl
from neglog.derivation.obtain import obtain
from neglog.errors import CollinearError, DataError, FitWarning, UsageError
from neglog.kernels import Kernel
from neglog.objectives import LikelihoodObjective, OrderedClasses, Rows
from neglog.symbolic.cutpoints import row_law

LAWS = {"logit": nl.Ordinal, "probit": nl.OrdinalProbit}
LEVELS = ["low", "mid", "high", "top"]
DATA = {
    "anes96": ("PID", ["age", "educ", "income", "logpopul"]),
    "fair": ("rate_marriage", ["age", "yrs_married", "religious", "affairs"]),
}


@pytest.fixture(scope="module")
def graded() -> pd.DataFrame:
    """Rows of four ordered classes, as numbers, as text and as an ordered categorical."""
    random = np.random.default_rng(0)
    x, z = random.normal(size=500), random.choice(list("abc"), 500)
    y = np.digitize(1.2 * x + (z == "b") * 0.5 + random.logistic(size=500), [-1.0, 0.5, 2.0])
    grade = pd.Categorical.from_codes(y, LEVELS, ordered=True)
    return pd.DataFrame({"x": x, "z": z, "y": y, "grade": grade, "text": np.array(LEVELS)[y]})


@pytest.mark.parametrize("link", LAWS)
@pytest.mark.parametrize("name", DATA)
def test_statsmodels(name: str, link: str) -> None:
    """Coefficients, cutpoints, standard errors, log-likelihood and predictions, on data sets people know."""
    target, columns = DATA[name]
    data = getattr(sm.datasets, name).load_pandas().data.iloc[:: 1 if name == "anes96" else 4]
    model = nl.fit(f"{target} ~ {' + '.join(columns)}", data, family=LAWS[link])
    their = OrderedModel(data[target], data[columns], distr=link)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        start = their.start_params if name == "anes96" else None
        fitted = their.fit(start, method="bfgs", disp=0, gtol=1e-8, maxiter=2000)
    p = len(columns)
    cuts = their.transform_threshold_params(np.asarray(fitted.params))[1:-1]

    assert model.converged
    assert model.loglik == pytest.approx(fitted.llf, rel=1e-10)
    np.testing.assert_allclose(
        list(model.params.values())[:p], fitted.params[:p], rtol=1e-6, atol=1e-8
    )
    np.testing.assert_allclose(list(model.cutpoints.values()), cuts, rtol=1e-6)
    # Theirs come from differences of the log-likelihood.
    np.testing.assert_allclose(list(model.bse.values())[:p], fitted.bse[:p], rtol=5e-6)
    np.testing.assert_allclose(model.predict(data), their.predict(fitted.params), atol=1e-7)


@pytest.mark.parametrize("link", LAWS)
def test_standard_errors_of_cutpoints(graded: pd.DataFrame, link: str) -> None:
    """Those of the first cutpoint and of the log gaps, by the delta method, are statsmodels' own."""
    model = nl.fit("y ~ x", graded, family=LAWS[link])
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # bfgs stops where float64 does
        their = OrderedModel(graded["y"], graded[["x"]], distr=link).fit(
            method="bfgs", disp=0, gtol=1e-9
        )
    cuts = np.array(list(model.cutpoints.values()))
    jacobian = np.eye(4)
    for k in (1, 2):
        jacobian[1 + k, k : k + 2] = np.array([-1.0, 1.0]) / (cuts[k] - cuts[k - 1])
    moved = jacobian @ np.asarray(model.cov_params()) @ jacobian.T
    np.testing.assert_allclose(np.sqrt(np.diag(moved)), their.bse, rtol=5e-6)


@pytest.mark.parametrize(("family", "link"), [(nl.Ordinal, "logit"), (nl.OrdinalProbit, "probit")])
def test_two_classes_are_bernoulli(graded: pd.DataFrame, family: nl.Family, link: str) -> None:
    """With one cutpoint c the model is the binary one with the intercept -c."""
    data = graded.assign(b=(graded["y"] > 1) * 1)
    ours = nl.fit("b ~ x + z", data, family=family)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        binary = nl.fit("b ~ x + z", data, family=nl.Bernoulli.link(p=link))

    assert ours.loglik == pytest.approx(binary.loglik, rel=1e-14)
    assert ours.params["0|1"] == pytest.approx(-binary.params["Intercept"], rel=1e-10)
    assert ours.bse["0|1"] == pytest.approx(binary.bse["Intercept"], rel=1e-10)
    for name in ("x", "z[T.b]", "z[T.c]"):
        assert ours.params[name] == pytest.approx(binary.params[name], rel=1e-10)


def objective(family: nl.Family, weighted: bool = True) -> LikelihoodObjective:
    """Return an objective of 60 rows, two columns and four classes."""
    random = np.random.default_rng(3)
    X, y = random.normal(size=(60, 2)), random.integers(0, 4, 60).astype(float)
    kernel = Kernel(obtain(family.density, row_law(family.density).free), engine="numpy")
    ends = tuple(name.rpartition("_")[2] for name in kernel.names[1:])
    weights = random.integers(0, 3, 60).astype(float) if weighted else None
    return LikelihoodObjective(
        Rows((X,), y, weights, 0.1 * random.normal(size=60)),
        OrderedClasses(("a", "b", "c", "d"), ("x0", "x1"), ends),
        kernel,
    )


@pytest.mark.parametrize("family", LAWS.values(), ids=LAWS)
def test_derivatives(family: nl.Family) -> None:
    """Gradient, Hessian, its diagonal and its products are the derivatives of the value."""
    j, theta = objective(family), np.array([0.4, -0.3, -0.9, 0.2, 1.1])
    at = j.evaluate(theta, 2)
    steps = 1e-5 * np.eye(5)
    slopes = [
        (j.evaluate(theta + h, 0).value - j.evaluate(theta - h, 0).value) / 2e-5 for h in steps
    ]
    curves = [
        (j.evaluate(theta + h, 1).gradient - j.evaluate(theta - h, 1).gradient) / 2e-5
        for h in steps
    ]
    by_rows = LikelihoodObjective(j.rows, j.scores, j.kernel, dense_limit=0).evaluate(theta, 2)
    v = np.array([0.3, -1.0, 0.5, 2.0, -0.7])

    np.testing.assert_allclose(at.gradient, slopes, atol=1e-7)
    np.testing.assert_allclose(at.curvature.dense(), curves, atol=1e-7)
    np.testing.assert_allclose(
        by_rows.curvature.dense(), at.curvature.dense(), rtol=1e-12, atol=1e-12
    )
    np.testing.assert_allclose(
        by_rows.curvature.diagonal(), np.diag(at.curvature.dense()), rtol=1e-12
    )
    np.testing.assert_allclose(by_rows.curvature.matvec(v), at.curvature.dense() @ v, rtol=1e-11)


def test_cutpoints_out_of_order_are_infinitely_bad() -> None:
    """Beyond the order of the cutpoints the objective is infinite, so that a line search turns back."""
    for family in LAWS.values():
        assert (
            objective(family, weighted=False).evaluate(np.array([0, 0, 1.0, 0.5, 2.0]), 0).value
            == np.inf
        )


def test_an_order_is_taken_as_meant(graded: pd.DataFrame) -> None:
    """Numbers, an ordered categorical, and text with order= give one model; the summary says the order."""
    fits = [
        nl.fit("y ~ x + z", graded, family="ordinal"),
        nl.fit("grade ~ x + z", graded, family="ordinal"),
        nl.fit("text ~ x + z", graded, family="ordered logit", order=LEVELS),
    ]
    for model in fits[1:]:
        np.testing.assert_array_equal(model.table.estimates, fits[0].table.estimates)
        assert tuple(model.cutpoints) == ("low|mid", "mid|high", "high|top")
        assert "in this order: low < mid < high < top" in " ".join(str(model.summary()).split())
    backwards = nl.fit("text ~ x", graded, family="ordinal", order=LEVELS[::-1])
    assert backwards.params["x"] == pytest.approx(
        -nl.fit("y ~ x", graded, family="ordinal").params["x"]
    )


def test_without_an_order_text_is_refused(graded: pd.DataFrame) -> None:
    """Sorted text would put high below low."""
    with pytest.raises(UsageError, match="does not say which class is lower"):
        nl.fit("text ~ x", graded, family="ordinal")
    with pytest.raises(UsageError, match="leaves out 'high', 'top'"):
        nl.fit("text ~ x", graded, family="ordinal", order=["low", "mid"])
    with pytest.raises(UsageError, match="twice"):
        nl.fit("text ~ x", graded, family="ordinal", order=[*LEVELS, "low"])
    with pytest.raises(UsageError, match="knows none"):
        nl.fit("y ~ x", graded, family="poisson", order=[0, 1, 2, 3])


def test_empty_classes_are_refused(graded: pd.DataFrame) -> None:
    """Nothing determines a cutpoint beside a class without rows."""
    more = graded.assign(grade=graded["grade"].cat.add_categories(["never"]))
    with pytest.raises(DataError, match="'never'"):
        nl.fit("grade ~ x", more, family="ordinal")
    with pytest.raises(DataError, match="'mid' has no row that counts"):
        nl.fit("grade ~ x", graded, family="ordinal", sample_weight=(graded["y"] != 1) * 1.0)
    with pytest.raises(DataError, match="only one class"):
        nl.fit(
            "grade ~ x",
            graded[graded["y"] == 1].assign(grade="mid"),
            family="ordinal",
            order=["mid"],
        )


def test_a_constant_is_the_cutpoints() -> None:
    """Columns that add up to 1 are collinear with the cutpoints; an intercept is none."""
    data = {"g": list("ababab"), "y": [0, 1, 2, 2, 1, 0]}
    with pytest.raises(CollinearError, match="the cutpoints"):
        nl.fit("y ~ 0 + g", data, family="ordinal")
    assert "Intercept" not in nl.fit("y ~ g", data, family="ordinal").names


@pytest.mark.parametrize("family", LAWS.values(), ids=LAWS)
def test_separated_classes_have_no_maximum(family: nl.Family) -> None:
    """The fit says so, and which coefficients run off; a prior gives finite ones."""
    x = np.linspace(-3, 3, 60)
    data = {"x": x, "y": np.digitize(x, [-1.02, 1.02]), "w": (x > 1.5) * 1.0, "u": np.sin(9 * x)}
    with pytest.warns(FitWarning, match="separation"):
        all_rows = nl.fit("y ~ x", data, family=family)
    with pytest.warns(FitWarning, match="moving 'w'"):
        some_rows = nl.fit("y ~ u + w", data, family=family)

    assert all_rows.status == some_rows.status == "separated"
    assert nl.fit("y ~ x", data, family=family, prior=nl.Normal(mu=0, sigma=1)).converged


def test_no_columns_are_the_shares(graded: pd.DataFrame) -> None:
    """Without columns the cutpoints are the logits of the shares below them."""
    model = nl.fit("y ~ 1", graded, family="ordinal")
    below = np.cumsum(np.bincount(graded["y"]))[:-1] / len(graded)
    np.testing.assert_allclose(
        list(model.cutpoints.values()), np.log(below / (1 - below)), rtol=1e-9
    )


def test_weights_are_rows(graded: pd.DataFrame) -> None:
    """Weight 2 is the row twice, weight 0 the row left out."""
    weights = np.random.default_rng(5).integers(0, 3, len(graded))
    weighted = nl.fit("y ~ x", graded, family="ordinalprobit", sample_weight=weights)
    repeated = nl.fit("y ~ x", graded.loc[graded.index.repeat(weights)], family="ordinalprobit")
    np.testing.assert_allclose(weighted.table.estimates, repeated.table.estimates, rtol=1e-9)
    np.testing.assert_allclose(
        weighted.table.standard_errors, repeated.table.standard_errors, rtol=1e-9
    )


@pytest.mark.parametrize("solver", ["lbfgs", "gradient"])
def test_other_solvers_get_there(graded: pd.DataFrame, solver: str) -> None:
    """First-order solvers stay within the order of the cutpoints too."""
    found = nl.fit("y ~ x", graded, family="ordinal", solver=solver)
    newton = nl.fit("y ~ x", graded, family="ordinal")
    assert found.converged
    np.testing.assert_allclose(found.table.estimates, newton.table.estimates, atol=1e-6)


def test_far_columns_keep_standard_errors(graded: pd.DataFrame) -> None:
    """A column far from 0 has the slope and the standard error of the same column near 0."""
    near = nl.fit("y ~ x", graded, family="ordinal")
    far = nl.fit("y ~ x", graded.assign(x=graded["x"] + 1e6), family="ordinal")
    assert far.bse["x"] == pytest.approx(near.bse["x"], rel=1e-6)
    cut = near.cutpoints["1|2"] + 1e6 * near.params["x"]
    assert far.cutpoints["1|2"] == pytest.approx(cut, rel=1e-6)


def test_stored_models_predict_the_same(graded: pd.DataFrame, tmp_path: object) -> None:
    """Order, cutpoints and family survive a file."""
    model = nl.fit("grade ~ x + z", graded, family="ordinal")
    model.save(f"{tmp_path}/grade.neglog")
    again = nl.load(f"{tmp_path}/grade.neglog")
    assert again.family is nl.Ordinal
    assert again.coding == model.coding
    assert again.cutpoints == model.cutpoints
    probabilities = again.predict(graded)
    np.testing.assert_array_equal(probabilities, model.predict(graded))
    np.testing.assert_allclose(probabilities.sum(axis=1), 1.0, rtol=1e-14)
    drawn = again.predict_distribution(graded).sample(seed=1)
    assert set(np.unique(drawn)) <= {0, 1, 2, 3}


def test_classifier(graded: pd.DataFrame) -> None:
    """The estimator gives the probabilities of the fit, and refuses labels whose order it cannot know."""
    X = graded[["x"]].to_numpy()
    found = nl.LikelihoodClassifier(family=nl.Ordinal).fit(X, graded["y"])
    model = nl.fit("y ~ x", graded, family="ordinal")

    np.testing.assert_allclose(found.cutpoints_, list(model.cutpoints.values()), rtol=1e-12)
    np.testing.assert_allclose(found.predict_proba(X), model.predict(graded), rtol=1e-12)
    np.testing.assert_array_equal(found.predict(X), found.predict_proba(X).argmax(axis=1))
    assert found.log_likelihood(X, graded["y"]) * len(X) == pytest.approx(model.loglik)
    with pytest.raises(UsageError, match="number the classes"):
        found.fit(X, graded["text"])


@pytest.mark.laws
def test_a_users_own_law_of_ordered_classes(graded: pd.DataFrame) -> None:
    """A density with other tails is derived and fitted likewise; one that does not sum to 1 is refused."""
    from scipy.stats import cauchy

    from neglog.math import atan, log, pi

    @nl.family(y=nl.Label("K"), mu=nl.Real(), cut=nl.Ordered("K-1"))
    def Cauchit(y, mu, cut):
        return log(atan(cut[y] - mu) - atan(cut[y - 1] - mu)) - log(pi)

    @nl.family(y=nl.Label("K"), mu=nl.Real(), cut=nl.Ordered("K-1"))
    def Unnormalised(y, mu, cut):
        return log(atan(cut[y] - mu) - atan(cut[y - 1] - mu))

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        model = nl.fit("y ~ x", graded, family=Cauchit)
        their = OrderedModel(graded["y"], graded[["x"]], distr=cauchy).fit(
            method="bfgs", disp=0, gtol=1e-9
        )
        assert model.loglik == pytest.approx(their.llf, rel=1e-9)
        assert model.params["x"] == pytest.approx(their.params["x"], rel=1e-5)
        with pytest.raises(nl.errors.DensityError, match="sums to"):
            nl.fit("y ~ x", graded, family=Unnormalised)
