"""A report stands alone, says what the model says, and shows names as names."""

from __future__ import annotations

import re
from html.parser import HTMLParser
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest

import neglog as nl
from neglog.data import examples, read
from neglog.derivation.derive import derive
from neglog.errors import DataError
from neglog.families.register import FAMILIES
from neglog.families.verbs import prior_of
from neglog.reports import write_report
from neglog.reports.mathml import to_mathml
from neglog.selection.auto import choose_family

EVIL = "<script>alert('x')</script>"
SETS = {
    "Bernoulli": ("breast_cancer", "diagnosis ~ mean_radius"),
    "Normal": ("diabetes", "progression ~ bmi"),
    "Categorical": ("wine", "cultivar ~ alcohol"),
    "Poisson": ("linnerud", "chins ~ waist"),
    "NegativeBinomial": ("linnerud", "chins ~ waist"),
    "Gamma": ("diabetes", "progression ~ bmi"),
    "LogNormal": ("diabetes", "progression ~ bmi"),
    "Laplace": ("diabetes", "progression ~ bmi"),
}


class Page(HTMLParser):
    """A page as a browser reads it: its elements, their attributes and its text."""

    VOID = frozenset(("meta", "br", "img", "link", "hr", "input"))

    def __init__(self, text: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.open: list[str] = []
        self.words: list[str] = []
        self.feed(text)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Keep an element, and that it is open."""
        self.elements.append((tag, dict(attrs)))
        if tag not in self.VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Keep an element that closes itself."""
        self.elements.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        """Close the element that was opened last."""
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        """Keep the text."""
        self.words.append(data)

    @property
    def text(self) -> str:
        """All text, with single spaces."""
        return " ".join(" ".join(self.words).split())


@pytest.fixture(scope="module", params=SETS)
def page(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> tuple[nl.models.Model, str]:  # type: ignore[name-defined]  # a lazy module
    """The report of families of every kind of target on a real data set."""
    name, formula = SETS[request.param]
    table = examples.load(name)
    model = nl.fit(formula, table, family=request.param)
    path = tmp_path_factory.mktemp("report") / "report.html"
    write_report(model, path, data=table)
    return model, path.read_text("utf-8")


def test_page_is_well_formed(page: tuple[object, str]) -> None:
    """Every element that is opened is closed, in order, and no id occurs twice."""
    read_page = Page(page[1])
    assert read_page.open == []
    ids = [attrs["id"] for _, attrs in read_page.elements if "id" in attrs]
    assert len(ids) == len(set(ids))


def test_page_needs_nothing_else(page: tuple[object, str]) -> None:
    """No script, no address of anything elsewhere, and a policy that forbids both."""
    read_page = Page(page[1])
    tags = {tag for tag, _ in read_page.elements}
    assert not tags & {"script", "link", "iframe", "img", "object", "embed"}
    for _, attrs in read_page.elements:
        for name in ("src", "href", "xlink:href"):
            assert (attrs.get(name) or "#").startswith("#")
    assert not re.search(r"@import|url\((?!#)", page[1])
    assert "default-src 'none'" in page[1]


def test_references_inside_figures_hold(page: tuple[object, str]) -> None:
    """Whatever a figure refers to is in the page."""
    ids = set(re.findall(r'\bid="([^"]+)"', page[1]))
    for target in re.findall(r'(?:href="#|url\(#)([^")]+)', page[1]):
        assert target in ids


def test_page_says_what_the_model_says(page: tuple[object, str]) -> None:
    """Coefficients, statistics, assumption, derivation, figures and the way to repeat it are there."""
    model, text = page
    words = Page(text).text
    for row in model.summary().cells():  # type: ignore[attr-defined]  # a model
        assert all(cell in words for cell in row)
    assert f"{model.aic:.6g}" in words  # type: ignore[attr-defined]  # as above
    for part in (
        "Data",
        "Assumption",
        "Derivation",
        "Coefficients",
        "Fit",
        "Does it fit?",
        "Do it again",
    ):
        assert part in words
    assert "then minimise" in words
    assert text.count('<svg class="figure"') == 3
    assert text.count("<math") >= 10


def test_the_same_fit_gives_the_same_page(page: tuple[object, str], tmp_path: Path) -> None:
    """A report holds no time and no chance: made again it is the same, byte for byte."""
    model, text = page
    name, _ = SETS[model.family.name]  # type: ignore[attr-defined]  # a model
    write_report(model, tmp_path / "again.html", data=examples.load(name))  # type: ignore[arg-type]  # as above
    assert (tmp_path / "again.html").read_text("utf-8") == text


def test_names_from_data_are_names(tmp_path: Path) -> None:
    """Markup in a column name, a label, a level or a command is shown, not obeyed."""
    data = {
        EVIL: [EVIL, "b&b", EVIL, "b&b", EVIL, "b&b", "b&b", EVIL] * 4,
        "x<b>": [1.0, 2, 3, 4, 5, 6, 2, 5] * 4,
        "g": ["<i>u", "v\"'", "<i>u", "v\"'", "v\"'", "<i>u", "v\"'", "<i>u"] * 4,
    }
    formula = f"`{EVIL}` ~ `x<b>` + g"
    table = read(data)
    model = nl.fit(formula, table, family=nl.Bernoulli)
    path = tmp_path / "evil.html"
    choice = choose_family(formula, table)
    write_report(model, path, data=table, choice=choice, command=f"neglog fit {EVIL}")
    read_page = Page(path.read_text("utf-8"))
    assert read_page.open == []
    assert not {"script", "i"} & {tag for tag, attrs in read_page.elements if tag != "i" or attrs}
    assert EVIL in read_page.text
    assert "x<b>" in read_page.text


def test_dropped_rows_are_told(tmp_path: Path) -> None:
    """Rows that were left out are counted, with the columns that missed values."""
    data = {"y": [1.5, 2.5, None, 4.5, 3.5, 1.0], "x": [1.0, None, 3, 4, 5, 2]}
    model = nl.fit("y ~ x", data, family=nl.Normal)
    write_report(model, tmp_path / "r.html", data=data)
    words = Page((tmp_path / "r.html").read_text("utf-8")).text
    assert "4 used of 6; 2 left out" in words
    assert "'x' (1)" in words


def test_recipe_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The Python lines of a report fit the model again, for a family of the user's too."""
    from neglog.math import log
    from neglog.reports.recipe import python_recipe

    @nl.family(y=nl.Positive(), rate=nl.Positive())
    def Waiting(y: object, rate: object) -> object:
        return log(rate) - rate * y  # type: ignore[operator]  # traced values

    monkeypatch.chdir(tmp_path)
    (tmp_path / "t.csv").write_text(
        "t,x\n1.5,1\n2.5,2\n0.3,3\n0.7,1.5\n2.2,2.2\n0.9,0.4\n", encoding="utf-8"
    )
    model = nl.fit("t ~ x", "t.csv", family=Waiting, prior=nl.Normal(mu=0, sigma=1))
    names: dict[str, object] = {}
    exec(python_recipe(model), names)  # noqa: S102 - the recipe is ours, and that it runs is the law
    again = names["model"]
    assert dict(again.params) == pytest.approx(dict(model.params))  # type: ignore[attr-defined]  # a model


def test_report_is_written_whole_or_not_at_all(tmp_path: Path) -> None:
    """Where a report cannot be written there is an error that says so, and no file."""
    data = {"y": [1.5, 2.5, 1.0, 4.5], "x": [1.0, 2, 3, 4]}
    model = nl.fit("y ~ x", data, family=nl.Normal)
    with pytest.raises(DataError, match="cannot be written"):
        write_report(model, tmp_path / "no" / "folder.html", data=data)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("prior", [None, nl.Normal(mu=0, sigma=2)], ids=["flat", "normal"])
@pytest.mark.parametrize("family", FAMILIES)
def test_every_formula_becomes_mathml(family: str, prior: Any) -> None:
    """All lines of all derivations become MathML that is well-formed and has no LaTeX left in it."""
    # What is typeset does not hang on how many points compared the forms.
    law = None if prior is None else prior_of(prior)
    derivation = derive(FAMILIES[family].density, prior=law, points=12)
    lines = [line for step in derivation.steps for line in (step.before.latex, step.after.latex)]
    lines += [derivation.card.conclusion_latex, derivation.card.gradient_latex]
    for line in lines:
        root = ElementTree.fromstring(to_mathml(line, display=True))
        drawn = "".join(root.itertext())
        assert "\\" not in drawn, line
        assert "{" not in drawn or "cases" in line
        assert not {element.text for element in root.iter("mtext")} & {
            "left",
            "right",
            "operatorname",
            "frac",
        }, line


@pytest.mark.parametrize(
    ("latex", "element"),
    [
        (r"\frac{a}{2}", "<mfrac><mrow><mi>a</mi></mrow><mrow><mn>2</mn></mrow></mfrac>"),
        (r"e^{x_1}", "<msup><mi>e</mi>"),
        (r"\sum_i x", "<munder><mo>∑</mo><mi>i</mi></munder>"),
        (r"\left(\frac{a}{b}\right)^2", "<msup><mrow><mo stretchy=\"true\">(</mo>"),
        (r"\operatorname*{arg\,max}_W", "<munder><mi>arg max</mi>"),
        (r"\text{two words}", "two\u00a0words"),
        (r"(-x)", '<mo form="prefix">−</mo>'),
        (r"y - x", '<mo form="infix">−</mo>'),
        (r"\begin{cases} a & b < c \\ d & \text{otherwise} \end{cases}", "<mtr><mtd><mi>d</mi></mtd>"),
        (r"\mathrm{<b>}", "&lt;b&gt;"),
        (r"\unknown x", "<mtext>unknown</mtext>"),
    ],
)  # fmt: skip  # one case a line
def test_mathml_of(latex: str, element: str) -> None:
    """A piece of LaTeX becomes the element that a browser draws."""
    assert element in to_mathml(latex)


@pytest.mark.parametrize(
    "latex",
    ["", "{", "}", r"\frac", r"\frac{a", r"x^", r"\begin{cases} a", r"\left(", "\\", r"\text{"],
)
def test_unfinished_latex_is_no_fault(latex: str) -> None:
    """Whatever the text, the reader ends, and what it returns is well-formed."""
    ElementTree.fromstring(to_mathml(latex))
