"""Laws of verdicts: what books say is found, certificates are accepted, spoiled ones are not."""

from __future__ import annotations

import ast
import copy
import inspect
import json
import subprocess
import sys

import mpmath as mp
import pytest
from derivation.losses_to_judge import DECIDED, loss

from neglog.derivation.derive import derive
from neglog.derivation.verdicts import Verdict, judge, verdicts
from neglog.derivation.verdicts import check as checker
from neglog.derivation.verdicts.shipped import shipped_verdicts
from neglog.derivation.workings import Workings
from neglog.families.register import FAMILIES
from neglog.symbolic.expression import substitute
from neglog.symbolic.heads import mpmath_meaning
from neglog.symbolic.supports import Binary, Positive, Real
from neglog.symbolic.tape import Tape

_CONVEX = {
    "Normal", "Laplace", "AsymmetricLaplace", "Bernoulli", "Binomial", "Categorical", "Poisson", "NegativeBinomial",
    "Gamma", "LogNormal", "Weibull", "Tweedie", "Ordinal", "OrdinalProbit",
}  # fmt: skip
_NOT_CONVEX = {"StudentT", "InverseGaussian", "Beta"}


@pytest.mark.parametrize(
    ("density", "convex", "lipschitz", "smooth"), DECIDED, ids=lambda v: getattr(v, "name", "")
)
def test_what_books_say_is_decided(density, convex, lipschitz, smooth):
    """Convexity, the Lipschitz constant and the constant of smoothness of a loss are those of the books."""
    found = judge(density)

    assert [v.property.split()[0] for v in found] == ["convex", "Lipschitz", "smooth"]
    assert [v.verdict == "proved" for v in found] == [
        convex, lipschitz is not None, smooth is not None
    ]  # fmt: skip
    assert all(v.verdict != "open" for v in found)
    for verdict, constant in zip(found[1:], (lipschitz, smooth), strict=True):
        if constant is not None:
            assert verdict.statement == f"constant {constant}"


@pytest.mark.parametrize("name", FAMILIES)
def test_every_family_is_decided(name):
    """Whether a family's loss is convex in its first raw prediction is proved or refuted, and the checker agrees."""
    found = verdicts(FAMILIES[name].density)

    expected = "proved" if name in _CONVEX else "refuted"
    assert name in _CONVEX | _NOT_CONVEX
    assert found[0].property.startswith("convex")
    assert found[0].verdict == expected
    assert all(verdict.check() for verdict in found)


@pytest.mark.parametrize(
    ("link", "expected"),
    [("probit", "proved"), ("cloglog", "proved"), ("loglog", "proved"), ("cauchit", "refuted")],
)
def test_links_of_a_probability_are_decided(link, expected):
    """The Bernoulli loss is convex through every usual link but cauchit."""
    convex = judge(FAMILIES["Bernoulli"].link(p=link).density)[0]

    assert convex.verdict == expected
    assert convex.check()


def test_ordered_classes_are_decided():
    """Through logit and probit the loss of a class between two cutpoints is convex in the raw prediction.

    For probit: its second derivative is (b - m) p(b) + (m - a) p(a), where p is the normal density cut to [a, b] and m its
    mean, which lies between a and b. Written with u from 0 to 1 in place of the normal variable, all of it is positive.
    """
    logit = loss("ordinal", "-log(sigmoid(hi - f) - sigmoid(hi - y - f))", Positive(), hi=Real())
    term = {u: f"exp(-(lo + gap*{u} - eta)**2/2)" for u in "01u"}
    integral = {part: f"total({term['u']}*({part}), u)" for part in ("1", "u", "1 - u")}
    probit = {
        "loss": "-log(ndtr(lo + gap - eta) - ndtr(lo - eta))", "variable": "eta", "order": 2, "low": "0",
        "high": "inf", "scale": "1", "breaks": [],
        "expressions": [
            f"({term['1']}*{integral['1 - u']} + {term['0']}*{integral['u']})/{integral['1']}**2"
        ],
        "domain": {
            "eta": ["-inf", "inf"], "lo": ["-inf", "inf"], "gap": ["0", "inf"], "u": ["0", "1", "integral"],
        },
    }  # fmt: skip

    assert judge(logit)[0].verdict == "proved"
    assert checker.check(probit)
    assert not checker.check({**probit, "loss": probit["loss"] + " - eta**2/100"})


@pytest.mark.parametrize("name", sorted(_CONVEX & set(FAMILIES)))
def test_certificates_speak_of_the_family(name):
    """The loss in a certificate is the family's negative log-density, up to terms without the raw prediction."""
    density = FAMILIES[name].density
    certificate = verdicts(density)[0].certificates[-1]  # of several, that of an ordinary target
    if any(len(d) > 2 for d in certificate["domain"].values()) or "y.rest" in certificate["domain"]:
        return
    w = Workings.begin(density, None, None, 1)
    ours = Tape([substitute(w.linked(), {})])
    theirs = checker.read(certificate["loss"])

    def gap(values):
        mine = ours.run(values, mpmath_meaning(), lambda v: mp.mpf(v.numerator) / v.denominator)[0]
        return mine - checker.value(theirs, values)

    for number in range(3):
        values = w.sample(number)
        moved = {**values, "eta": values["eta"] + mp.mpf("0.37")}
        assert mp.almosteq(gap(values), gap(moved), 1e-9, 1e-9)


def test_squared_error_through_a_sigmoid():
    """Its least second derivative is about -0.060: the reason for cross-entropy."""
    convex = judge(loss("squared_sigmoid", "(y - sigmoid(f))**2/2", Binary()))[0]

    assert convex.verdict == "refuted"
    assert "-0.0601" in convex.statement


def test_focal_loss():
    """Focal loss with gamma = 2 bends down, least second derivative about -0.047."""
    text = "sigmoid(-(2*y - 1)*f)**2*softplus(-(2*y - 1)*f)"
    convex = judge(loss("focal", text, Binary()))[0]

    assert convex.verdict == "refuted"
    assert "-0.0472" in convex.statement


def test_a_joint_question_is_answered_along_lines():
    """The Normal loss in mean and scale together is convex in each alone at best: a line says so."""
    joint = judge(FAMILIES["Normal"].density, ("mu", "sigma"))[-1]

    assert joint.property == "convex in eta_mu, eta_sigma jointly"
    assert joint.verdict == "refuted"
    assert joint.check()


def _spoilings(certificate):
    """Yield copies of a certificate, each with one thing changed that matters."""
    for key, change in {
        "loss": lambda text: f"({text}) + {certificate['variable']}**2/1000",
        "expressions": lambda texts: [f"({text}) + 1/1000" for text in texts],
        "scale": lambda text: f"({text})*1.001 + 0.001",
        "order": lambda order: 3 - order,
        "breaks": lambda pairs: [[place, f"({jump}) + 0.01"] for place, jump in pairs] or None,
        "quotient": lambda text: mp.nstr(mp.mpf(text) * mp.mpf("1.001"), 20),
        "point": lambda point: {name: mp.nstr(mp.mpf(v) + mp.mpf("0.37"), 20) for name, v in point.items()},
    }.items():  # fmt: skip
        if key in certificate and change(certificate[key]) is not None:
            yield key, {**copy.deepcopy(certificate), key: change(certificate[key])}


@pytest.mark.parametrize("name", ["hinge", "logistic", "huber", "squared_sigmoid", "gumbel"])
def test_a_spoiled_certificate_is_rejected(name):
    """Whatever is changed in a certificate, the loss, a form, a bound, a jump, a number, the checker says no."""
    density = next(entry[0] for entry in DECIDED if entry[0].name == name)
    for verdict in judge(density):
        for certificate in verdict.certificates:
            assert checker.check(certificate)
            for key, spoiled in _spoilings(certificate):
                if key == "scale" and certificate["expressions"] == ["0"]:
                    continue  # any multiple of 0 is 0
                assert not checker.check(spoiled), (verdict.property, key, spoiled)


@pytest.mark.parametrize(
    "change",
    [
        {"high": "0.2"},
        {"low": "0.01"},
        {"expressions": ["exp(eta)"]},
        {"domain": {"eta": ["-inf", "inf"], "y": ["0", "1"]}, "expressions": ["y"]},
    ],
)
def test_bounds_that_are_too_good_are_rejected(change):
    """A form has to show the bounds that are claimed, and it has to be the derivative."""
    certificate = next(
        v for v in judge(FAMILIES["Bernoulli"].density) if v.property[:6] == "smooth"
    )

    assert certificate.check()
    assert not checker.check({**certificate.certificates[0], **change})


def test_a_kink_cannot_be_hidden():
    """A concave kink, or a jump of the loss, is no convex loss whatever the certificate leaves out."""
    base = {
        "variable": "f", "order": 2, "low": "0", "high": "inf", "scale": "1",
        "expressions": ["0"], "domain": {"f": ["-inf", "inf"]},
    }  # fmt: skip

    assert not checker.check({**base, "loss": "-abs(f)", "breaks": []})
    assert not checker.check({**base, "loss": "-abs(f)", "breaks": [["0", "-2"]]})
    assert not checker.check({**base, "loss": "where(f > 0, 0, 1)", "breaks": [["0", "0"]]})
    assert checker.check({**base, "loss": "abs(f)", "breaks": [["0", "2"]]})


def test_the_checker_stands_alone(tmp_path):
    """The checker imports the standard library and mpmath only, is short, and runs on a file."""
    source = inspect.getsource(checker)
    tree = ast.parse(source)
    imported = {
        alias.name
        for part in ast.walk(tree)
        if isinstance(part, ast.Import)
        for alias in part.names
    }
    logic = [checker.bounds, checker.check]
    lines = [
        line
        for function in logic
        for line in inspect.getsource(function).splitlines()
        if line.strip() and not line.strip().startswith(("#", '"""'))
    ]
    file = tmp_path / "certificates.json"
    certificates = verdicts(FAMILIES["Bernoulli"].density)[0].certificates
    file.write_text(json.dumps(list(certificates)), encoding="utf-8")
    run = subprocess.run(
        [sys.executable, "-I", checker.__file__, str(file)],
        capture_output=True,
        text=True,
        check=True,
    )

    assert imported == {
        "ast",
        "itertools",
        "json",
        "operator",
        "pathlib",
        "random",
        "sys",
        "mpmath",
    }
    assert [p.module for p in ast.walk(tree) if isinstance(p, ast.ImportFrom)] == ["typing"]
    assert len(lines) < 40
    assert run.stdout.startswith("True")


@pytest.mark.parametrize("name", FAMILIES)
def test_verdicts_of_built_in_families_ship(name):
    """Every family's verdicts ship as data for just its density."""
    density = FAMILIES[name].density

    assert shipped_verdicts(density, density.free[:1]) is not None


@pytest.mark.laws
@pytest.mark.parametrize("name", FAMILIES)
def test_shipped_verdicts_are_found_again(name):
    """Judging a family anew gives the verdicts that ship."""
    density = FAMILIES[name].density
    found, shipped = judge(density), shipped_verdicts(density, density.free[:1])

    assert [(v.property, v.verdict) for v in found] == [(v.property, v.verdict) for v in shipped]


def test_a_derivation_tells_its_verdicts():
    """The text of a derivation lists what is proved and refuted before the card, and how much is open."""
    derivation = derive(FAMILIES["Poisson"].density)
    text = derivation.to_text()

    assert "convex in eta: proved" in text
    assert "Open: 0." in text
    assert text.index("What is known of it") < text.index("In one breath")
    assert "convex in eta: proved" in derivation.to_latex()


def test_a_verdict_comes_back_from_data():
    """What is written as data is read back as it was."""
    for verdict in judge(loss("absolute", "abs(y - f)", Real())):
        assert Verdict.from_json(json.loads(json.dumps(verdict.to_json()))) == verdict
