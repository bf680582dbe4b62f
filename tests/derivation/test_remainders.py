"""Laws of the rules that name what is left of large terms: the value is kept, and the digits where it is small."""

from __future__ import annotations

import mpmath as mp
import numpy as np
import pytest
import sympy as sp
from symbolic.trees import meaning_of

from neglog.derivation.remainders import named_remainders
from neglog.symbolic.calculus import from_sympy, to_sympy
from neglog.symbolic.expression import evaluate
from neglog.symbolic.heads import numpy_meaning, numpy_number
from neglog.symbolic.text import parse

# An expression, what one of its forms must name, and where the expression as it is written loses all digits.
CASES = {
    "log(sigmoid(a + exp(b)) - sigmoid(a))": ("lexprel", {"a": 0.3, "b": -50.0}),
    "log(sigmoid(a) + sigmoid(-a)*exp(-exp(b)))": ("expm1", {"a": 0.3, "b": -50.0}),
    "exp(b)*cos(a) - log_bessel_i0(exp(b))": ("log_bessel_i0mx", {"a": 1e-9, "b": 45.0}),
    "loggamma(exp(b) + 3) - loggamma(exp(b)) - 3*b": ("lgd", {"a": 0.0, "b": 45.0}),
}


@pytest.mark.parametrize("text", CASES)
def test_a_rule_keeps_the_value_and_one_form_the_digits(text: str) -> None:
    """All forms mean the same in 200 digits; in float64 the one that is named is right where the plain one is not."""
    named, place = CASES[text]
    symbols = {name: sp.Symbol(name, real=True) for name in place}
    forms = [form for _, form in named_remainders(to_sympy(parse(text), symbols))]
    nodes = [from_sympy(form) for form in forms]
    errors = {}
    for values in (place, {"a": -0.7, "b": 1.1}):
        with mp.workdps(200):
            exact = {name: mp.mpf(value) for name, value in values.items()}
            true = meaning_of(parse(text), exact)
            for node in nodes:
                assert mp.almosteq(meaning_of(node, exact), true, 1e-60), node
        if values is place:
            for node in nodes:
                with np.errstate(all="ignore"):
                    got = evaluate(node, values, numpy_meaning(), numpy_number)
                errors[str(node)] = abs(float(got) / float(true) - 1)
    plain, *others = errors
    assert not errors[plain] < 1e-3
    assert min(errors[form] for form in others if named in form) < 1e-14
