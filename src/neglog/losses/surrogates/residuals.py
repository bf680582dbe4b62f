"""Losses of a number y and its prediction f, most of them through the residual r = y - f."""

from typing import Any

from neglog.losses.surrogates.surrogate import Bridge, loss
from neglog.math import exp, expm1, log, log1p, maximum, sqrt, where
from neglog.symbolic.supports import Hyper, NonNegative, Positive, Real, UnitInterval

__all__ = [
    "EpsilonInsensitive",
    "Expectile",
    "Huber",
    "LogCosh",
    "MeanAbsolutePercentage",
    "MeanSquaredLog",
    "PseudoHuber",
    "Quantile",
    "SmoothL1",
    "SquaredEpsilonInsensitive",
    "ZeroOneThreshold",
]  # fmt: skip  # one screen of names reads better than a column


@loss(
    y=Real(),
    f=Real(),
    T=Hyper(Positive(), default=1.0),
    aliases=("zero one threshold", "thresholded 0-1", "阈值0-1损失"),
)
def ZeroOneThreshold(y: Any, f: Any, T: Any) -> Any:
    """1 where the prediction misses by T or more, else 0. For evaluation: its derivative is 0 almost everywhere."""
    return where(abs(y - f) < T, 0, 1)


@loss(
    y=Real(),
    f=Real(),
    delta=Hyper(Positive(), default=1.35),
    aliases=("huber loss", "休伯损失", "胡贝尔损失"),
    bridge=Bridge(
        "a law that is Normal in the middle and Laplace in the tails",
        "The constant depends on delta: keep it where delta, or a scale, is estimated.",
        "log(sqrt(2*pi)*(1 - 2*ndtr(-delta)) + 2*exp(-delta**2/2)/delta)",
    ),
)
def Huber(y: Any, f: Any, delta: Any) -> Any:
    """r^2/2 where |r| <= delta, and delta (|r| - delta/2) beyond. As delta grows it becomes half the squared error."""
    r = y - f
    return where(abs(r) <= delta, r**2 / 2, delta * (abs(r) - delta / 2))


@loss(
    y=Real(),
    f=Real(),
    beta=Hyper(Positive(), default=1.0),
    aliases=("smooth l1 loss", "平滑L1损失"),
    bridge=Bridge(
        "a law that is Normal in the middle and Laplace in the tails, Huber's with delta = sqrt(beta) for r/sqrt(beta)",
        "The constant depends on beta: keep it where beta, or a scale, is estimated.",
        "log(sqrt(2*pi*beta)*(1 - 2*ndtr(-sqrt(beta))) + 2*exp(-beta/2))",
    ),
)
def SmoothL1(y: Any, f: Any, beta: Any) -> Any:
    """r^2/(2 beta) where |r| < beta, and |r| - beta/2 beyond: Huber's loss with delta = beta, divided by beta."""
    r = y - f
    return where(abs(r) < beta, r**2 / (2 * beta), abs(r) - beta / 2)


@loss(
    y=Real(),
    f=Real(),
    delta=Hyper(Positive(), default=1.0),
    aliases=("charbonnier", "伪休伯损失"),
    bridge=Bridge(
        "the hyperbolic law",
        "The constant, log(2 delta exp(delta^2) K1(delta^2)) with a Bessel function K1, depends on delta.",
    ),
)
def PseudoHuber(y: Any, f: Any, delta: Any) -> Any:
    """delta^2 (sqrt(1 + (r/delta)^2) - 1), written without the difference; delta |r| where a square would overflow."""
    r = y - f
    return where(abs(r) < 1e150 * delta, r**2 / (1 + sqrt(1 + (r / delta) ** 2)), delta * abs(r))


@loss(
    y=Real(),
    f=Real(),
    aliases=("log cosh loss", "对数双曲余弦损失"),
    bridge=Bridge(
        "the hyperbolic secant law, 1/(pi cosh(r))", "The constant is log(pi).", "log(pi)"
    ),
)
def LogCosh(y: Any, f: Any) -> Any:
    """log(cosh(r)): about r^2/2 near 0 and |r| - log(2) far out."""
    r = abs(y - f)
    return where(r < 1, log1p(expm1(r) ** 2 * exp(-r) / 2), r + log1p(exp(-2 * r)) - log(2))


@loss(
    y=Real(),
    f=Real(),
    tau=Hyper(UnitInterval(), default=0.5),
    aliases=("quantile loss", "pinball", "pinball loss", "check loss", "分位数损失"),
    bridge=Bridge(
        "AsymmetricLaplace with b = 1",
        "The constant is -log(tau (1 - tau)).",
        "-log(tau*(1 - tau))",
    ),
)
def Quantile(y: Any, f: Any, tau: Any) -> Any:
    """Tau r where r > 0, else (tau - 1) r: its minimum is the tau-quantile."""
    r = y - f
    return where(r > 0, tau, tau - 1) * r


@loss(
    y=Real(),
    f=Real(),
    tau=Hyper(UnitInterval(), default=0.5),
    aliases=("expectile loss", "asymmetric squared error", "期望分位数损失"),
    bridge=Bridge(
        "a Normal law in two halves of different width",
        "The constant depends on tau.",
        "log(sqrt(pi/tau)/2 + sqrt(pi/(1 - tau))/2)",
    ),
)
def Expectile(y: Any, f: Any, tau: Any) -> Any:
    """Tau r^2 where r > 0, else (1 - tau) r^2: its minimum is the tau-expectile, the mean for tau = 1/2."""
    r = y - f
    return where(r > 0, tau, 1 - tau) * r**2


@loss(
    y=Real(),
    f=Real(),
    epsilon=Hyper(Positive(), default=0.1),
    aliases=("epsilon insensitive loss", "eps insensitive", "svr", "不敏感损失"),
    bridge=Bridge(
        "a law that is flat where |r| < epsilon, with Laplace tails",
        "The constant is log(2 (epsilon + 1)).",
        "log(2*(epsilon + 1))",
    ),
)
def EpsilonInsensitive(y: Any, f: Any, epsilon: Any) -> Any:
    """max(|r| - epsilon, 0): a residual within epsilon costs nothing."""
    return maximum(abs(y - f) - epsilon, 0)


@loss(
    y=Real(),
    f=Real(),
    epsilon=Hyper(Positive(), default=0.1),
    aliases=("squared epsilon insensitive loss", "平方不敏感损失"),
    bridge=Bridge(
        "a law that is flat where |r| < epsilon, with Normal tails",
        "The constant is log(2 epsilon + sqrt(pi)).",
        "log(2*epsilon + sqrt(pi))",
    ),
)
def SquaredEpsilonInsensitive(y: Any, f: Any, epsilon: Any) -> Any:
    """max(|r| - epsilon, 0)^2."""
    return maximum(abs(y - f) - epsilon, 0) ** 2


@loss(
    y=Positive(),
    f=Real(),
    aliases=("mape", "mean absolute percentage error", "平均绝对百分比误差"),
)
def MeanAbsolutePercentage(y: Any, f: Any) -> Any:
    """|y - f|/y, as a fraction. It prefers predictions that are too low: a law's minimum is not its median."""
    return abs(y - f) / y


@loss(
    y=NonNegative(),
    f=Positive(link="log"),
    aliases=("msle", "mean squared logarithmic error", "squared log error", "均方对数误差"),
    bridge=Bridge(
        "a Normal law of log(1 + y), y > -1",
        "The Jacobian log(1 + y) and log(pi)/2 complete it; for targets from 0 on the law is truncated, and its "
        "constant depends on f.",
    ),
)
def MeanSquaredLog(y: Any, f: Any) -> Any:
    """(log(1 + y) - log(1 + f))^2, f > 0 through the log link."""
    return (log1p(y) - log1p(f)) ** 2
