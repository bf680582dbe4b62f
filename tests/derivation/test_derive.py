"""Laws of derivations: they end where the lectures end, keep their digits, and give the same every time."""

from __future__ import annotations

import os
import subprocess
import sys
from itertools import pairwise

import mpmath as mp
import numpy as np
import pytest
from derivation.derived import derived, ridge, step
from symbolic.register import CASES, DENSITIES, density
from symbolic.trees import meaning_of

from neglog.derivation.derive import derive
from neglog.derivation.exact import exact
from neglog.derivation.points import draw
from neglog.derivation.rules import RULES
from neglog.errors import DensityError, UsageError
from neglog.families.register import FAMILIES
from neglog.losses.surrogates.register import SURROGATES
from neglog.symbolic.calculus import differentiate
from neglog.symbolic.expression import Node, call, evaluate, plus, substitute
from neglog.symbolic.heads import numpy_meaning, numpy_number
from neglog.symbolic.supports import Positive, Real
from neglog.symbolic.text import parse, to_text

# Formulas of the lectures: textbook loss, stable loss, gradient, Hessian.
ENDS = {
    "Normal": ("(y - eta)**2/2", "(y - eta)**2/2", "eta - y", "1"),
    "Bernoulli": (
        "softplus(eta) - y*eta",
        "y*softplus(-eta) + (1 - y)*softplus(eta)",
        "sigmoid(eta) - y",
        "sigmoid(eta)*sigmoid(-eta)",
    ),
    "Poisson": ("exp(eta) - y*eta", "exp(eta) - y*minimum(eta, 746)", "exp(eta) - y", "exp(eta)"),
    "Categorical": (
        "logsumexp(eta) - eta[y]",
        "logsumexp_excess(eta, y)",
        "softmax(eta, j) - delta(j, y)",
        "(delta(j, k) - softmax(eta, k))*softmax(eta, j)",
    ),
    "Exponential": (
        "y*exp(eta) - eta",
        "y*exp(eta) - minimum(eta, 746)",
        "y*exp(eta) - 1",
        "y*exp(eta)",
    ),
    "Gamma": (
        "eta + y*exp(-eta)",
        "where(eta < -15, eta + exp(log(y) - eta), eta + y*exp(-eta))",
        "1 - y*exp(-eta)",
        "y*exp(-eta)",
    ),
    "Laplace": ("abs(eta - y)", "abs(eta - y)", "sign(eta - y)", "0"),
}
# Which of two forms keeps its digits at the points measured is also up to the processor's exponential.
ELSEWHERE = {"Gamma": "eta + exp(log(y) - eta)"}


@pytest.mark.parametrize("name", ENDS)
def test_ends_where_the_lecture_ends(name: str) -> None:
    """The textbook form, the stable form, the gradient and the Hessian are the documented ones."""
    derivation = derived(name)
    rules = ("shorten", "stable", "gradient", "hessian")
    found = tuple(step(derivation, rule).after.text for rule in rules)
    textbook, stable, gradient, hessian = ENDS[name]
    assert found[0] == textbook
    # Where both keep their digits the shorter one wins.
    assert found[1] in (stable, textbook, ELSEWHERE.get(name))
    assert found[2:] == (gradient, hessian)


def test_bernoulli_and_poisson_are_computed_in_their_stable_form() -> None:
    """What cancels or overflows in the textbook form is compiled in the other."""
    for name in ("Bernoulli", "Poisson"):
        assert to_text(derived(name).loss.textbook.value) == ENDS[name][1]
    assert derived("Bernoulli").loss.complete.value == derived("Bernoulli").loss.textbook.value
    assert (
        to_text(derived("Bernoulli").loss.complete.gradient[0])
        == "(1 - y)*sigmoid(eta) - y*sigmoid(-eta)"
    )
    assert to_text(derived("Categorical").loss.complete.gradient[0]) == "softmax_excess(eta, j, y)"


def test_a_complete_count_is_its_deviance_and_what_stirling_leaves() -> None:
    """Value and constant of a count, large numbers that nearly cancel, are split anew: both become small."""
    complete = derived("Poisson").loss.complete
    assert to_text(complete.value) == "where(y == 0, exp(eta), y*expm1mx(eta - log(y)))"
    assert to_text(complete.constant) == "stirling(y)"
    certificate = derived("Poisson").loss.certificates[-1]
    assert certificate.output == "value with its constant"
    assert certificate.error <= 1


def test_normal_names_every_constant() -> None:
    """Squared error has lost log(sigma), log(2*pi)/2 and the factor 1/sigma**2, and says so with reasons."""
    dropped = {(d.kind, to_text(d.expression)): d.reason for d in derived("Normal").loss.dropped}
    assert set(dropped) == {
        ("term", "log(sigma)"),
        ("term", "log(2*pi)/2"),
        ("factor", "1/sigma**2"),
    }
    assert "as long as sigma is constant and not estimated" in dropped["term", "log(sigma)"]
    assert "as long as" not in dropped["term", "log(2*pi)/2"]
    assert "prior" in dropped["factor", "1/sigma**2"]


def test_modelled_parameters_are_not_dropped() -> None:
    """Where sigma is modelled too, its logarithm stays in the textbook loss."""
    derivation = derived("Normal: mu and sigma")
    assert [to_text(d.expression) for d in derivation.loss.dropped] == ["log(2*pi)/2"]
    assert "eta_sigma" in step(derivation, "shorten").after.text


# Class vectors have no elementwise arithmetic: their heads are checked in the steps themselves.
ELEMENTWISE = [case for case in CASES if case != "Categorical"]


@pytest.mark.parametrize("case", ELEMENTWISE)
def test_complete_loss_is_the_negative_log_density(case: str) -> None:
    """The complete loss is minus the log-density at the parameters that the raw predictions stand for."""
    loss = derived(case).loss
    want = substitute(call("neg", loss.density.expression), loss.inverse_links())
    got = plus(loss.complete.value, loss.complete.constant)
    for values in random_values(case, 12):
        with mp.workdps(60):
            assert mp.almosteq(meaning_of(got, values), meaning_of(want, values), 1e-40)


@pytest.mark.parametrize("case", ELEMENTWISE)
@pytest.mark.parametrize("form", ["complete", "textbook"])
def test_derivatives_are_those_of_the_value(case: str, form: str) -> None:
    """Gradient and Hessian of each form are the exact derivatives of its value."""
    loss = derived(case).loss
    chosen, raws = getattr(loss, form), [slot.raw for slot in loss.slots]
    wrt = [(raw,) for raw in raws]
    wrt += [(a, b) for i, a in enumerate(raws) for b in raws[i:]]
    for values in random_values(case, 4):
        for names, node in zip(wrt, (*chosen.gradient, *chosen.hessian), strict=True):
            with mp.workdps(60):
                at = [values[name] for name in dict.fromkeys(names)]

                def moved(
                    *raw: object, names: tuple[str, ...] = names, values: dict = values
                ) -> object:
                    return meaning_of(
                        chosen.value, values | dict(zip(dict.fromkeys(names), raw, strict=True))
                    )

                orders = [names.count(name) for name in dict.fromkeys(names)]
                want = mp.diff(moved, tuple(at), tuple(orders))
                assert mp.almosteq(meaning_of(node, values), want, 1e-15, 1e-25)


def random_values(case: str, number: int) -> list[dict[str, mp.mpf]]:
    """Draw moderate values of everything in a loss, off the kinks."""
    loss, random = derived(case).loss, np.random.default_rng(5)
    rows = []
    for _ in range(number):
        row = {slot.raw: mp.mpf(random.normal()) for slot in loss.slots}
        row |= {name: mp.mpf(random.uniform(0.3, 2)) for name in loss.hyper}
        y = loss.density.support.points(random, 1)[0]
        row[loss.density.target] = (
            mp.mpf(min(float(y), 50.0)) if loss.density.support.discrete else mp.mpf(float(y))
        )
        rows.append(row)
    return rows


BUILT_IN = ("Normal", "Bernoulli", "Categorical", "Poisson", "Normal: mu and sigma")
ACCURATE = [case for case in CASES if case != "Gamma: mu and shape"]


@pytest.mark.parametrize("case", ACCURATE)
def test_certificates_are_within_their_bound(case: str) -> None:
    """Every output of the compiled form keeps its digits at points held out from the choice."""
    certificates = derived(case).loss.certificates
    assert [c.output for c in certificates if c.error > c.bound] == []
    assert all(c.points >= 20 for c in certificates)


@pytest.mark.parametrize("case", [case for case in ACCURATE if case in ELEMENTWISE])
def test_digits_are_kept_at_new_points(case: str) -> None:
    """So it does at points that no choice and no certificate has seen."""
    loss = derived(case).loss
    raws = {slot.raw: slot.parameter for slot in loss.slots}
    points = draw(loss.density, raws, loss.hyper, 60, seed=99)
    inputs = [
        n
        for n in points.values
        if n != loss.density.target or loss.density.support.kind != "Binary"
    ]
    symbols = workings_symbols(case)
    nodes = [loss.complete.value, *loss.complete.gradient, *loss.complete.hessian]
    # The built-in ones everywhere, the others where exp(raw) is a number of float64.
    reach = np.inf if case in BUILT_IN else 700.0
    usual = np.all([np.abs(points.values[raw]) < reach for raw in raws], axis=0)
    plain = derivatives_of_plain(case)
    outputs = [[node, *(differentiate(node, n, symbols) for n in inputs)] for node in plain]
    for node, truth in zip(nodes, exact(outputs, inputs, points), strict=True):
        with np.errstate(all="ignore"):
            got = np.broadcast_to(
                evaluate(node, points.values, numpy_meaning(), numpy_number), (points.size,)
            )
        errors = truth.errors(np.asarray(got, dtype=float))[usual]
        assert np.nanmax(errors) <= 4
        assert np.sum(~np.isnan(errors)) >= 25


def workings_symbols(case: str) -> dict[str, object]:
    """Return the SymPy symbols of a derivation."""
    from neglog.derivation.workings import Workings

    density_, modelled = CASES[case]
    return Workings.begin(density_, modelled, None, 8).symbols


def derivatives_of_plain(case: str) -> list[Node]:
    """Return value, gradient and Hessian of the part of the loss that moves, differentiated with no rewriting."""
    loss, symbols = derived(case).loss, workings_symbols(case)
    opened = loss.complete.value
    raws = [slot.raw for slot in loss.slots]
    gradient = [differentiate(opened, raw, symbols) for raw in raws]
    hessian = [differentiate(gradient[i], b, symbols) for i in range(len(raws)) for b in raws[i:]]
    return [opened, *gradient, *hessian]


@pytest.mark.parametrize(("scale", "penalty"), [(1.0, "w**2/2"), (2.0, "w**2/8"), (0.5, "2*w**2")])
def test_normal_prior_is_ridge(scale: float, penalty: str) -> None:
    """A Normal prior of scale tau adds w**2/(2 tau**2) for each slope, in the last step and on the card."""
    derivation = derived("Bernoulli", scale)
    last = derivation.steps[-1]
    assert last.rule == "penalty"
    assert last.after.text == penalty
    with mp.workdps(20):
        weight = mp.mpf("0.7")
        assert mp.almosteq(
            meaning_of(last.after.instance[0], {"w": weight}), weight**2 / (2 * scale**2)
        )
    assert f"plus the sum of {penalty} over the slopes" in derivation.card.conclusion
    assert f"Normal(mu=0, sigma={scale:g})" in str(derivation.card)


def test_prior_is_weighed_against_the_whole_data_term() -> None:
    """Against a prior, squared error keeps its factor 1/sigma**2."""
    assert derived("Normal", 2.0).card.conclusion.startswith(
        "the sum of ((y - eta)/sigma)**2/2 plus"
    )
    assert derived("Normal").card.conclusion == "the sum of (y - eta)**2/2"


def test_flat_prior_has_no_penalty() -> None:
    """Without a prior there is no penalty step, and every other rule has one step, in order."""
    assert [made.rule for made in derived("Bernoulli").steps] == [
        rule for rule in RULES if rule not in ("ends", "penalty")
    ]
    with_prior = [rule for rule in RULES if rule != "ends"]  # of ordered classes alone
    assert [made.rule for made in derived("Bernoulli", 1.0).steps] == with_prior


@pytest.mark.parametrize("case", CASES)
def test_what_is_printed_is_what_was_checked(case: str) -> None:
    """From the density on, the text of every formula parses to the expressions that the check evaluated."""
    shown = {"density", "link", "constants", "shorten", "stable", "gradient", "hessian", "penalty"}
    for made in derived(case, 2.0 if case == "Normal" else None).steps:
        for statement in (made.after, made.computed):
            if made.rule in shown and statement is not None:
                texts = [to_text(node) for node in statement.instance]
                assert statement.text == (texts[0] if len(texts) == 1 else f"({', '.join(texts)})")
                assert [parse(text) for text in texts] == list(statement.instance)


def test_steps_join() -> None:
    """Each structural step starts from the line in which the one before ended."""
    steps = derived("Bernoulli", 1.0).steps[:6]
    for before, after in pairwise(steps):
        assert after.before == before.after


def test_cases_of_few_values_are_checked() -> None:
    """The density of a binary target is shown for both of its values."""
    assert step(derived("Bernoulli"), "density").notes[:2] == (
        "y = 1: p(y) = p",
        "y = 0: p(y) = 1 - p",
    )


def test_common_factor_must_be_positive() -> None:
    """A factor that may be negative is kept: dropping it would turn the minimum into a maximum."""
    tilted = density(
        "Tilted", "a*mu*y - (a*mu)**2/2 - y**2/2 - log(2*pi)/2", Real(), mu=Real(), a=Real()
    )
    derivation = derive(tilted, points=24)
    assert [d.kind for d in derivation.loss.dropped] == ["term", "term"]


NAMES = ("eta", "j", "k", "w", "flat", "evidence", "q1", "x11", "E", "S")


@pytest.mark.parametrize("name", NAMES)
def test_any_name_may_be_a_parameter(name: str) -> None:
    """No name of a parameter collides with those that a derivation uses itself."""
    declared = density(
        "Normal", f"-((y - mu)/{name})**2/2 - log({name}) - log(2*pi)/2", Real(), mu=Real(), **{name: Positive()}
    )  # fmt: skip
    derivation = derive(declared, points=24)
    raw = "raw_eta" if name == "eta" else "eta"
    assert step(derivation, "shorten").after.text == f"(y - {raw})**2/2"
    assert step(derivation, "gradient").after.text == f"{raw} - y"


def test_modelled_parameters_are_free_and_different() -> None:
    """What is fixed, unknown or named twice cannot be modelled, and the message names it."""
    normal = DENSITIES["Normal"]
    with pytest.raises(UsageError, match="no parameter 'sigm'"):
        derive(normal, modelled=("sigm",))
    with pytest.raises(UsageError, match="mu, mu"):
        derive(normal, modelled=("mu", "mu"))
    with pytest.raises(UsageError, match="nothing left to model"):
        derive(normal, modelled=())


def test_what_has_no_head_is_refused() -> None:
    """A density whose derivatives need a function without a head is a DensityError that names the function."""
    odd = density("Odd", "log(trigamma(mu)) - trigamma(mu)*y", Positive(), mu=Positive())
    with pytest.raises(DensityError, match="polygamma"):
        derive(odd, points=12)


SCRIPT = """
from derivation.derived import derived
for case in ("Bernoulli", "InverseGaussian: mu and lam"):
    print(derived(case))
"""


def test_derivations_are_deterministic() -> None:
    """Another process with another hash seed prints the same derivation, digit for digit."""
    printed = set()
    environment = {
        **os.environ,
        "PYTHONHASHSEED": "1",
        "PYTHONPATH": os.pathsep.join(sys.path),
    }
    run = subprocess.run(
        [sys.executable, "-c", SCRIPT],
        env=environment,
        capture_output=True,
        text=True,
        check=True,
    )
    printed.add(run.stdout)
    printed.add(f"{derived('Bernoulli')}\n{derived('InverseGaussian: mu and lam')}\n")
    assert len(printed) == 1


def test_prior_names_itself() -> None:
    """A prior prints as it is written in Python."""
    assert str(ridge(0.5)) == "Normal(mu=0, sigma=0.5)"


def test_a_prior_keeps_the_factor() -> None:
    """Against a prior 1/sigma**2 counts: it is not dropped, and the pull on the card belongs to the objective there."""
    derivation = derive(CASES["Normal"][0], prior=ridge(2.0))
    assert [dropped.kind for dropped in derivation.loss.dropped] == ["term", "term"]
    assert derivation.card.conclusion.startswith("the sum of ((y - eta)/sigma)**2/2 plus")
    assert derivation.card.gradient == "(1/sigma)**2*(eta - y)"


def test_a_kink_gives_no_standard_errors() -> None:
    """The Hessian step of a loss with a kink does not promise Newton's steps or standard errors."""
    why = step(derived("Laplace"), "hessian").why
    assert "kink" in why
    assert "cannot be taken" in why


@pytest.mark.parametrize(
    ("name", "says"),
    [
        ("LogCosh", "curvature of the loss"),
        ("PseudoHuber", "curvature of the loss"),
        ("Huber", "slopes meet"),
        ("SquaredHinge", "slopes meet"),
        ("Hinge", "cannot be taken"),
        ("Quantile", "cannot be taken"),
    ],
)
def test_what_a_second_derivative_is_good_for(name: str, says: str) -> None:
    """Smooth losses that are written in pieces are told from those whose curvature jumps, and these from kinks."""
    derivation = derive(SURROGATES[name].density, points=12)
    assert says in step(derivation, "hessian").why


def test_no_fraction_stands_in_a_denominator() -> None:
    """Student's gradient is written as in books, not as 2/(eta - y + nu/(eta - y))."""
    gradient = step(derive(FAMILIES["StudentT"].density, points=12), "gradient").after.text
    assert gradient.count("/") == 1
