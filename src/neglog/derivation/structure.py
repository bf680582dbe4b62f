"""The first rules: from the weights that are most probable given the data to a sum over observations.

Nothing here knows a density; the instance of each line, three rows of it, does, so that these steps too are checked.
"""

from __future__ import annotations

from neglog.derivation.step import Claim, Statement, Step, product, total
from neglog.derivation.workings import ROWS, Workings
from neglog.losses import Dropped
from neglog.symbolic.expression import Call, Node, Symbol, as_node, call

__all__ = ["bayes", "condition", "iid", "logarithm", "negate", "prior", "risk"]

_ROWS = range(1, ROWS + 1)


def _exp(node: Node) -> Node:
    return Call("exp", (node,))


def _log(node: Node) -> Node:
    return Call("log", (node,))


def _times(a: Node, b: Node) -> Node:
    return Call("mul", (a, b))


def _row_density(w: Workings, i: int) -> Node:
    return _exp(w.row(call("neg", w.linked()), i))


def _prior_density(w: Workings) -> Node:
    if w.prior is None:
        return Symbol("p(W)")
    return _exp(total([w.prior.log_density(Symbol(name)) for name in w.weights()]))


def _inputs(i: int) -> Node:
    return Symbol(f"p(x.{i})")


def _log_joint(w: Workings) -> Node:
    """The logarithm of p(D | W): targets given inputs, and the inputs."""
    return total([Call("add", (_log(_row_density(w, i)), _log(_inputs(i)))) for i in _ROWS])


def _maximise(text: str, latex: str, *instance: Node) -> Statement:
    return Statement(
        f"maximise over W: {text}", rf"\operatorname*{{arg\,max}}_W\; {latex}", instance
    )


def _minimise(text: str, latex: str, *instance: Node) -> Statement:
    return Statement(
        f"minimise over W: {text}", rf"\operatorname*{{arg\,min}}_W\; {latex}", instance
    )


def _with_prior(w: Workings, text: str, latex: str, node: Node, join: str = "times") -> Statement:
    """Carry p(W) along where the prior is not flat."""
    if w.prior is None:
        return _maximise(text, latex, node)
    if join == "times":
        return _maximise(f"{text} p(W)", rf"{latex}\; p(W)", _times(node, _prior_density(w)))
    log_prior = _log(_prior_density(w))
    return _maximise(f"{text} + log p(W)", rf"{latex} + \log p(W)", Call("add", (node, log_prior)))


def bayes(w: Workings) -> Step:
    """Write the posterior of the weights as likelihood times prior over evidence."""
    logs = Call("add", (_log_joint(w), _log(_prior_density(w))))
    joint = _exp(Call("sub", (logs, _log(Symbol("p(D)")))))
    before = _maximise("p(W | D)", r"p(W \mid D)", joint)
    fraction = Call("div", (_times(_exp(_log_joint(w)), _prior_density(w)), Symbol("p(D)")))
    after = _maximise("p(D | W) p(W) / p(D)", r"\frac{p(D \mid W)\, p(W)}{p(D)}", fraction)
    w.line = after
    return Step(
        "bayes", "Bayes' theorem", before, after,
        "Wanted are the weights W with the highest posterior density given the data D, the pairs (x_i, y_i). The "
        "theorem writes it as likelihood p(D | W) times prior p(W) over evidence p(D).",
        Claim("same"),
    )  # fmt: skip


def prior(w: Workings) -> Step:
    """Drop the evidence, and the prior where it is flat."""
    evidence = Call("div", (as_node(1), Symbol("p(D)")))
    dropped = [Dropped("factor", evidence, "it does not contain W", "1/p(D)", r"1/p(D)")]
    if w.prior is None:
        after = _maximise("p(D | W)", r"p(D \mid W)", _exp(_log_joint(w)))
        flat = Dropped(
            "factor", Symbol("p(W)"), "a flat prior is the same number for every W", "p(W)", "p(W)"
        )
        dropped.append(flat)
        why = (
            "The same W maximises what is left, at another height: this is maximum likelihood. What counts as flat "
            "depends on how the weights are written; the estimate of maximum likelihood does not."
        )
    else:
        after = _maximise(
            "p(D | W) p(W)", r"p(D \mid W)\, p(W)", _times(_exp(_log_joint(w)), _prior_density(w))
        )
        why = f"The prior, {w.prior} for each slope, contains W and stays: this is maximum a posteriori (MAP)."
    step = Step(
        "prior", "The prior", w.line, after, why, Claim("same", free_of=w.moving), tuple(dropped)
    )
    w.line = after
    return step


def iid(w: Workings) -> Step:
    """Write the likelihood as a product over observations."""
    node = product([_times(_row_density(w, i), _inputs(i)) for i in _ROWS])
    after = _with_prior(w, "prod_i p(x_i, y_i | W)", r"\prod_i p(x_i, y_i \mid W)", node)
    step = Step(
        "iid", "Independent observations", w.line, after,
        "Given W the pairs (x_i, y_i) are independent and follow one law, so their joint density is a product.",
        Claim("same"),
    )  # fmt: skip
    w.line = after
    return step


def condition(w: Workings) -> Step:
    """Drop the density of the inputs."""
    node = product([_row_density(w, i) for i in _ROWS])
    after = _with_prior(w, "prod_i p(y_i | x_i, W)", r"\prod_i p(y_i \mid x_i, W)", node)
    inputs = Dropped(
        "factor", product([_inputs(i) for i in _ROWS]), "it does not contain W", "prod_i p(x_i)", r"\prod_i p(x_i)"
    )  # fmt: skip
    step = Step(
        "condition", "Only the target is modelled", w.line, after,
        "p(x, y | W) = p(y | x, W) p(x): the inputs may follow any law that shares no parameter with W. Where it "
        "shares one (missing inputs, rows without a target), p(x) must stay.",
        Claim("same", free_of=w.moving), (inputs,),
    )  # fmt: skip
    w.line = after
    return step


def logarithm(w: Workings) -> Step:
    """Take the logarithm."""
    node = total([_log(_row_density(w, i)) for i in _ROWS])
    after = _with_prior(
        w, "sum_i log p(y_i | x_i, W)", r"\sum_i \log p(y_i \mid x_i, W)", node, "plus"
    )
    step = Step(
        "logarithm", "Logarithm", w.line, after,
        "The logarithm increases, so the same W maximises. The product becomes a sum: it does not underflow, and the "
        "mean over a random mini-batch estimates the mean over all rows without bias.",
        Claim("log"),
    )  # fmt: skip
    w.line = after
    return step


def negate(w: Workings) -> Step:
    """Turn the maximum into a minimum."""
    node = total([call("neg", _log(_row_density(w, i))) for i in _ROWS])
    text, latex = "sum_i -log p(y_i | x_i, W)", r"\sum_i \bigl(-\log p(y_i \mid x_i, W)\bigr)"
    if w.prior is not None:
        node = Call("sub", (node, _log(_prior_density(w))))
        text, latex = text + " - log p(W)", latex + r" - \log p(W)"
    after = _minimise(text, latex, node)
    below = "" if w.density.support.discrete else ", and negative where a density exceeds 1"
    step = Step(
        "negate", "Minus sign", w.line, after,
        f"What maximises a number minimises its negative. Each term is the loss of one observation, in nats{below}.",
        Claim("negate"),
    )  # fmt: skip
    w.line = after
    return step


def risk(w: Workings) -> Step:
    """Where no density is assumed: minimise the mean loss of the rows in place of the expected loss."""
    total_loss = total([w.row(w.linked(), i) for i in _ROWS])
    share = call("div", as_node(1), as_node(ROWS))
    before = _minimise(
        "(1/n) sum_i loss(y_i, f(x_i))",
        r"\frac{1}{n} \sum_i \ell(y_i, f(x_i))",
        _times(share, total_loss),
    )
    after = _minimise("sum_i loss(y_i, f(x_i))", r"\sum_i \ell(y_i, f(x_i))", total_loss)
    w.line = after
    return Step(
        "risk", "Empirical risk", before, after,
        "Wanted are the weights W with the least expected loss of a new observation. The mean over the rows estimates "
        "it without bias. No law of the target is assumed, so this is no likelihood: there is no log-likelihood, no "
        "AIC, and standard errors are robust ones. The factor 1/n moves no minimum; against a penalty it counts.",
        Claim("same", free_of=w.moving), (Dropped("factor", share, "it does not contain W", "1/n", r"1/n"),),
    )  # fmt: skip
