"""Families written as text: what they mean, and what is refused."""

from __future__ import annotations

import pytest

import neglog as nl
from neglog.errors import UsageError
from neglog.families.register import FAMILIES, ORDERED, resolve
from neglog.families.transformers.spelled import python_of

SPELLED = {
    "Censored(weibull)": nl.Censored(nl.Weibull),
    "censored( log-normal )": nl.Censored(nl.LogNormal),
    "nl.Truncated(nl.Normal, lower=0)": nl.Truncated(nl.Normal, lower=0),
    "Truncated(poisson,lower=1,upper=1e2)": nl.Truncated(nl.Poisson, lower=1, upper=100),
    "Hurdle(Truncated(gamma, upper=9))": nl.Hurdle(nl.Truncated(nl.Gamma, upper=9)),
    "zero_inflated(nb2)": nl.ZeroInflated(nl.NegativeBinomial),
    "Censored(韦布尔)": nl.Censored(nl.Weibull),
}


@pytest.mark.parametrize(("text", "family"), SPELLED.items())
def test_text_is_the_family(text: str, family: nl.Family[...]) -> None:
    """A text means what Python would make, and so does the Python text made of it."""
    assert resolve(text) == family
    assert eval(python_of(resolve(text)) or "", {"nl": nl}) == family  # noqa: S307  # our own text


def test_python_of_built_in_families() -> None:
    """Every built-in family is written by its name; one of a user's has no such text."""
    for name, family in (FAMILIES | ORDERED).items():
        assert python_of(family) == f"nl.{name}"
    assert python_of(nl.StudentT.fix(nu=4)) is None
    assert python_of(nl.Censored(nl.StudentT.fix(nu=4))) is None


REFUSED = {
    "Censored(weibul)": "Did you mean 'Weibull'?",
    "Censor(weibull)": "Did you mean 'Censored'?",
    "Censored(weibull": "not closed",
    "Censored(weibull))": "never opened",
    "Censored()": "no family",
    "Censored(weibull, 3)": "nothing else",
    "Truncated(normal, 0)": "lower= and upper=",
    "Truncated(normal, lower=x)": "no number",
    "Truncated(normal, lower=0, lower=1)": "twice",
    "Truncated(normal, lower=__import__('os'))": "no number",
    "Weibull(mu=1)": "distribution",
    "Censored(weibull).fix(shape=2)": "never opened",
    "__import__('os').system('x')": "no transformer",
    "Censored(" * 9 + "weibull" + ")" * 9: "nested",
    "(" * 600: "600",
    "Censored(categorical)": "one number",
}


@pytest.mark.parametrize(("text", "piece"), REFUSED.items())
def test_other_text_is_refused(text: str, piece: str) -> None:
    """What is no family is refused in one paragraph; nothing is ever run."""
    with pytest.raises(UsageError) as caught:
        resolve(text)
    assert piece in str(caught.value)
    assert "\n" not in str(caught.value)
