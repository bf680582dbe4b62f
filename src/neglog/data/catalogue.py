"""The examples: which data sets, what is in them, how their columns and classes are called."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

__all__ = ["EXAMPLES", "Example"]

_OCCUPATIONS = {
    1: "student",
    2: "worker",
    3: "white_collar",
    4: "teacher_or_artist",
    5: "managerial",
    6: "professional",
}
_PARTIES = {
    0: "strong_democrat",
    1: "weak_democrat",
    2: "independent_democrat",
    3: "independent",
    4: "independent_republican",
    5: "weak_republican",
    6: "strong_republican",
}


@dataclass(frozen=True)
class Example:
    """A data set that an installed package ships.

    Parameters
    ----------
    name : str
        What it is called here and in its package.
    package : str
        The package that ships it: ``scikit-learn`` or ``statsmodels``.
    description : str
        One sentence: what a row is, and what the target is.
    target : str
        The target's column, the last one.
    formula : str
        A formula worth fitting.
    family : str
        The family to fit it with.
    renamed : mapping of str to str
        Columns whose name is more than the original in lower case.
    labels : mapping of str to mapping
        Columns whose codes the documentation names: code to name.
    positive : mapping of str to str
        Columns made of another one: whether it is above zero.
    left_out : tuple of str
        Original columns that are not taken over, being functions of others.
    """

    name: str
    package: str
    description: str
    target: str
    formula: str
    family: str
    renamed: Mapping[str, str] = field(default_factory=dict)
    labels: Mapping[str, Mapping[int, str]] = field(default_factory=dict)
    positive: Mapping[str, str] = field(default_factory=dict)
    left_out: tuple[str, ...] = ()


_SCIKIT_LEARN = (
    Example(
        "breast_cancer",
        "scikit-learn",
        "569 breast tumours, 30 measures of their cell nuclei, and the diagnosis.",
        "diagnosis",
        "diagnosis ~ mean_radius + mean_texture + mean_smoothness",
        "bernoulli",
    ),
    Example(
        "diabetes",
        "scikit-learn",
        "442 diabetes patients, ten scaled measures, and the progression a year later.",
        "progression",
        "progression ~ .",
        "normal",
    ),
    Example(
        "digits",
        "scikit-learn",
        "1,797 handwritten digits as 8 by 8 pixels from 0 to 16, and which digit each one is.",
        "digit",
        "digit ~ pixel_2_4 + pixel_3_3 + pixel_4_2 + pixel_5_4",
        "categorical",
    ),
    Example(
        "iris",
        "scikit-learn",
        "150 iris flowers, four lengths in centimetres, and the species.",
        "species",
        "species ~ sepal_length",
        "categorical",
    ),
    Example(
        "linnerud",
        "scikit-learn",
        "20 men in a fitness club, body measures and exercises, and the number of chin-ups.",
        "chins",
        "chins ~ weight + waist + pulse",
        "poisson",
    ),
    Example(
        "wine",
        "scikit-learn",
        "178 wines, 13 chemical measures, and which of three cultivars each one is from.",
        "cultivar",
        "cultivar ~ alcohol + malic_acid + color_intensity",
        "categorical",
    ),
)

_STATSMODELS = (
    Example(
        "anes96",
        "statsmodels",
        "944 voters of the 1996 American election study, and the party each identifies with.",
        "pid",
        "pid ~ logpopul + self_lr + age + educ + income",
        "categorical",
        renamed={
            "TVnews": "tv_news",
            "selfLR": "self_lr",
            "ClinLR": "clin_lr",
            "DoleLR": "dole_lr",
        },
        labels={"PID": _PARTIES, "vote": {0: "clinton", 1: "dole"}},
    ),
    Example(
        "cancer",
        "statsmodels",
        "301 counties, their population, and the number of breast cancers in each.",
        "cancer",
        "cancer ~ log(population)",
        "poisson",
    ),
    Example(
        "ccard",
        "statsmodels",
        "72 credit card holders, age, income and home ownership, and the average expenditure.",
        "avgexp",
        "avgexp ~ age + ownrent + income + incomesq",
        "normal",
    ),
    Example(
        "committee",
        "statsmodels",
        "20 committees of the US House in 1995, and the number of bills assigned to each.",
        "bills104",
        "bills104 ~ size + subs + log(staff) + prestige + bills103",
        "poisson",
    ),
    Example(
        "copper",
        "statsmodels",
        "The world copper market in 25 years from 1951, and the consumption in 1,000 tons.",
        "world_consumption",
        "world_consumption ~ .",
        "normal",
        renamed={
            "WORLDCONSUMPTION": "world_consumption",
            "COPPERPRICE": "copper_price",
            "INCOMEINDEX": "income_index",
            "ALUMPRICE": "alum_price",
            "INVENTORYINDEX": "inventory_index",
        },
    ),
    Example(
        "cpunish",
        "statsmodels",
        "17 US states in 1997, income, poverty and crime, and the number of executions.",
        "executions",
        "executions ~ scale(income) + perpoverty + perblack + log(vc100k96) + south + degree",
        "poisson",
    ),
    Example(
        "engel",
        "statsmodels",
        "235 Belgian households in 1857, their income, and their expenditure on food in francs.",
        "foodexp",
        "foodexp ~ income",
        "normal",
    ),
    Example(
        "fair",
        "statsmodels",
        "6,366 married women, their marriage and work, and whether any time goes to an affair.",
        "affair",
        "affair ~ rate_marriage + age + yrs_married + religious + educ",
        "bernoulli",
        labels={"occupation": _OCCUPATIONS, "occupation_husb": _OCCUPATIONS},
        positive={"affair": "affairs"},
    ),
    Example(
        "grunfeld",
        "statsmodels",
        "11 US firms in 20 years from 1935, their value and capital, and their investment.",
        "invest",
        "invest ~ value + capital + firm",
        "normal",
    ),
    Example(
        "longley",
        "statsmodels",
        "The US economy in 16 years from 1947, nearly collinear, and the total employment.",
        "totemp",
        "totemp ~ .",
        "normal",
    ),
    Example(
        "modechoice",
        "statsmodels",
        "210 Australian trips, four modes of travel for each, and whether it was chosen.",
        "choice",
        "choice ~ mode + ttme + invc + invt + gc",
        "bernoulli",
        labels={"mode": {1: "air", 2: "train", 3: "bus", 4: "car"}},
        positive={"choice": "choice"},
    ),
    Example(
        "randhie",
        "statsmodels",
        "20,190 person-years of a health insurance experiment, and visits to a doctor.",
        "mdvis",
        "mdvis ~ .",
        "poisson",
    ),
    Example(
        "scotland",
        "statsmodels",
        "32 Scottish districts in 1997, taxes and work, and the per cent voting for tax powers.",
        "yes",
        "yes ~ coutax + unempf + mor + act + gdp + age",
        "normal",
        left_out=("COUTAX_FEMALEUNEMP",),
    ),
    Example(
        "spector",
        "statsmodels",
        "32 economics students, grades and teaching, and whether they improved (1) or not (0).",
        "grade",
        "grade ~ gpa + tuce + psi",
        "bernoulli",
    ),
    Example(
        "stackloss",
        "statsmodels",
        "21 days of a plant that oxidises ammonia, how it was run, and the ammonia that escaped.",
        "stackloss",
        "stackloss ~ .",
        "normal",
        renamed={"AIRFLOW": "air_flow", "WATERTEMP": "water_temp", "ACIDCONC": "acid_conc"},
    ),
    Example(
        "star98",
        "statsmodels",
        "303 Californian school districts in 1998, and the pupils below and above the national "
        "median in mathematics (nbelow, nabove).",
        "nabove",
        "nabove ~ log(nbelow) + lowinc + perasian + perblack + perhisp + ptratio",
        "poisson",
        left_out=(
            "PERMINTE_AVYRSEXP",
            "PERMINTE_AVSAL",
            "AVYRSEXP_AVSAL",
            "PERSPEN_PTRATIO",
            "PERSPEN_PCTAF",
            "PTRATIO_PCTAF",
            "PERMINTE_AVYRSEXP_AVSAL",
            "PERSPEN_PTRATIO_PCTAF",
        ),
    ),
    Example(
        "statecrime",
        "statsmodels",
        "50 US states and Washington in 2009, their people, and the murders per 100,000.",
        "murder",
        "murder ~ hs_grad + poverty + single + white + urban",
        "normal",
    ),
    Example(
        "strikes",
        "statsmodels",
        "62 strikes in US manufacturing, the unexpected part of production, and their days.",
        "duration",
        "duration ~ iprod",
        "normal",
    ),
)

EXAMPLES: dict[str, Example] = {
    example.name: example for example in (*_SCIKIT_LEARN, *_STATSMODELS)
}
"""All examples by name, scikit-learn's first."""
