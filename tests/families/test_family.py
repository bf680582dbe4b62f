"""A family is its log-density: laws over the register and over families a user writes."""

import copy
import inspect
import pickle
import subprocess
import sys

import numpy as np
import pytest
from families.written import WRITTEN, InverseGaussian

import neglog as nl
from neglog.errors import DensityError, SupportError, UsageError
from neglog.families.family import Family
from neglog.families.laws import ScipyLaw
from neglog.families.register import FAMILIES, resolve
from neglog.math import where

EVERY = [
    *FAMILIES.values(),
    *WRITTEN.values(),
    nl.Normal.fix(sigma=2.0),
    nl.Poisson.link(mu="identity"),
]


@pytest.mark.parametrize("family", EVERY, ids=str)
def test_copies_and_pickles_are_the_family(family):
    """A family survives pickle, copy and deepcopy, by reference where it can be imported and by value elsewhere."""
    assert pickle.loads(pickle.dumps(family)) == family
    assert copy.deepcopy(family) is family
    assert hash(copy.copy(family)) == hash(family)


@pytest.mark.parametrize("name", FAMILIES)
def test_built_in_families_pickle_by_reference(name):
    """A built-in family unpickles to the very object."""
    assert pickle.loads(pickle.dumps(FAMILIES[name])) is FAMILIES[name]


def test_a_family_of_main_pickles_by_value():
    """A family defined in a script loads in a process that never ran the script."""
    script = (
        "import pickle, sys, neglog as nl\n"
        "from neglog.math import log\n"
        "@nl.family(y=nl.Positive(), rate=nl.Positive())\n"
        "def Exponential(y, rate):\n"
        "    return log(rate) - rate*y\n"
        "sys.stdout.buffer.write(pickle.dumps(Exponential))\n"
    )
    data = subprocess.run([sys.executable, "-c", script], capture_output=True, check=True).stdout
    family = pickle.loads(data)
    assert family.density.text == "log(rate) - rate*y"
    assert family(rate=2.0).log_prob(1.0) == pytest.approx(np.log(2) - 2)


@pytest.mark.parametrize("family", FAMILIES.values(), ids=str)
def test_every_alias_leads_to_its_family(family):
    """Names and aliases in both languages resolve, whatever their case and spacing."""
    for alias in (family.name, *family.aliases):
        assert resolve(alias) is family
        assert resolve(alias.upper().replace(" ", "_")) is family


def test_no_alias_is_claimed_twice():
    """No alias leads to two families."""
    names = [
        alias.casefold() for family in FAMILIES.values() for alias in (family.name, *family.aliases)
    ]
    assert len(names) == len(set(names))


def test_signature_leaves_out_the_target():
    """A family is called with its parameters: its signature does not show y."""
    assert list(inspect.signature(InverseGaussian).parameters) == ["mu", "lam"]
    assert InverseGaussian.__doc__.startswith("First-passage")
    assert InverseGaussian.__wrapped__ is not None


def test_fix_and_link_are_families_of_their_own():
    """fix and link return new families and leave the old one alone."""
    fixed = nl.Normal.fix(sigma=2)
    assert fixed.density.free == ("mu",)
    assert fixed != nl.Normal
    assert fixed(mu=1).log_prob(1) == nl.Normal(mu=1, sigma=2).log_prob(1)
    assert nl.Poisson.link(mu="identity").parameters[0].link.name == "identity"
    assert nl.Poisson.parameters[0].link.name == "log"


@pytest.mark.parametrize(
    ("call", "error", "part"),
    [
        (lambda: nl.Normal(mu=0), UsageError, "needs a value for sigma"),
        (lambda: nl.Normal(mu=0, sigma=1, nu=3), UsageError, "no parameter 'nu'"),
        (lambda: nl.Normal(0, 1, 2), UsageError, "not 3"),
        (lambda: nl.Normal(0, mu=1, sigma=1), UsageError, "'mu' twice"),
        (lambda: nl.Normal(mu=0, sigma=-1), SupportError, "greater than 0"),
        (lambda: nl.Normal(mu="x", sigma=1), UsageError, "numbers are wanted"),
        (lambda: nl.Bernoulli(p=1.5), SupportError, "from 0 to 1"),
        (lambda: nl.Categorical(p=[0.5, 0.6]), SupportError, "sum to 1"),
        (lambda: nl.Normal.fix(sigma=0), SupportError, "greater than 0"),
        (lambda: nl.Normal.fix(mu=0, sigma=1), UsageError, "distribution"),
        (lambda: nl.Normal.link(mu="lgo"), UsageError, "Did you mean 'log'"),
        (lambda: nl.Categorical.link(p="logit"), UsageError, "does not suit"),
        (lambda: resolve("poison"), UsageError, "Did you mean 'Poisson'"),
        (lambda: resolve(nl.Normal(0, 1)), UsageError, "family=nl.Normal"),
        (lambda: resolve(3), UsageError, "not int"),
        (
            lambda: nl.derive(nl.Normal, prior=nl.Normal),
            UsageError,
            "prior=nl.Normal(mu=..., sigma=...)",
        ),
        (lambda: nl.derive(nl.Normal, prior=3), UsageError, "A prior is a distribution"),
        (lambda: nl.derive(nl.Normal, prior=nl.Poisson(mu=1)), UsageError, "real number"),
        (lambda: nl.derive(nl.Normal, modelled="nu"), UsageError, "no parameter 'nu'"),
    ],
)
def test_mistakes_are_named(call, error, part):
    """The mistakes everyone makes get one line that says what was meant."""
    with pytest.raises(error) as caught:
        call()
    assert part in str(caught.value)
    assert "\n" not in str(caught.value)


def _broken(body):
    @nl.family(y=nl.Real(), mu=nl.Real())
    def Broken(y, mu):
        return body(y, mu)

    return Broken


@pytest.mark.parametrize(
    ("body", "part"),
    [
        (lambda y, mu: np.log(y - mu), "neglog.math.log"),
        (lambda y, mu: __import__("math").log(y - mu), "neglog.math"),
        (lambda y, mu: y if y > mu else mu, "where(condition, a, b)"),
        (lambda y, mu: None, "returns nothing"),
        (lambda y, mu: y.foo + mu, "cannot be traced"),
        (lambda y, mu: -(y**2), "does not use it"),
        (lambda y, mu: -(mu**2), "does not depend on its target"),
        (lambda y, mu: sum(y) + mu, "cannot be iterated"),
        (lambda y, mu: y + "x", "cannot"),
    ],
)
def test_densities_that_cannot_be_traced_say_why(body, part):
    """Inside a density NumPy, math, if and loops are refused with the remedy."""
    with pytest.raises(DensityError, match="Broken") as caught:
        _ = _broken(body).density
    assert part in str(caught.value)


def test_where_traces_a_decision():
    """A decision inside a density is written with where."""
    family = _broken(lambda y, mu: where(y == 0, -mu, -mu - y))
    assert family.density.text == "where(y == 0, -mu, -mu - y)"


def test_from_density_keeps_the_law_text():
    """A family rebuilt from its density is equal to the original."""
    again = Family.from_density(InverseGaussian.density, ScipyLaw("norm"))
    assert again == InverseGaussian
