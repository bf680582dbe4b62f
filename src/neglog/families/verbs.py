"""``derive`` and ``compile`` as users call them: with a family or a declared loss, or with any of their names."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from neglog.errors import UsageError, nearest
from neglog.families.distribution import Distribution
from neglog.families.family import Family
from neglog.families.register import FAMILIES, resolve
from neglog.losses.declared import Declared
from neglog.losses.surrogates.register import SURROGATES, named
from neglog.losses.surrogates.surrogate import Surrogate
from neglog.symbolic.cutpoints import cutpoints_of, row_law

if TYPE_CHECKING:
    from neglog.derivation.derive import Derivation
    from neglog.derivation.workings import Prior
    from neglog.kernels import Kernel

__all__ = ["compile", "derive", "meant", "prior_of"]


def derive(
    family: Declared[...] | str,
    prior: Distribution | None = None,
    modelled: Sequence[str] | str | None = None,
) -> Derivation:
    """Derive the loss that follows from assuming that the target has a given law.

    A loss that was declared without a density (``nl.loss("hinge")``) is derived as empirical risk: no likelihood is
    claimed, the rest is the same.

    Parameters
    ----------
    family : Family, declared loss or str
        The law assumed of the target given the inputs; names and aliases work (``"mse"``, ``"交叉熵"``, ``"hinge"``).
    prior : Distribution, optional
        A law of each slope: ``nl.Normal(mu=0, sigma=1)`` turns maximum likelihood into MAP and gives the ridge penalty.
        Flat by default.
    modelled : str or sequence of str, optional
        The parameters that receive a raw prediction; the first by default. The others are constants of the derivation.

    Returns
    -------
    Derivation
        ``print`` it; ``.steps``, ``.loss``, ``.card``, ``.to_latex()``.

    Raises
    ------
    DerivationError
        If a step fails its check; the message names the step.
    UsageError, DensityError
        If the family, the prior or a parameter is not what it should be.

    Examples
    --------
    >>> import neglog as nl
    >>> nl.derive(nl.Poisson).loss.textbook.gradient[0]
    exp(eta) - y
    """
    from neglog.derivation.derive import derive as run

    declared = meant(family)
    return run(
        declared.density,
        modelled=_names(modelled),
        prior=None if prior is None else prior_of(prior),
        remark=declared.label if isinstance(declared, Surrogate) else "",
    )


def compile(  # noqa: A001  # named as in re.compile and torch.compile
    family: Declared[...] | str, modelled: Sequence[str] | str | None = None
) -> Kernel:
    """Compile the loss of a family, or a declared loss, into a fused kernel of value, gradient and Hessian.

    At a kink the gradient is that of one of the two sides.

    Parameters
    ----------
    family : Family, declared loss or str
        The law assumed of the target, or the loss.
    modelled : str or sequence of str, optional
        The parameters that receive a raw prediction; the first by default. The others are run-time scalars:
        ``kernel.value(y, raw, hyper={"sigma": 2.0})``. Of ordered classes all by default: beside the first the ends of
        the class observed and the gap between them, ``kernel.value(y, [[mu, lower, upper, gap]])``; an end that is not
        there is -1e30 or 1e30.

    Returns
    -------
    Kernel
        ``evaluate``, ``value``, ``gradient``, ``hessian``, ``total``, ``source``.

    Examples
    --------
    >>> import neglog as nl
    >>> kernel = nl.compile(nl.Bernoulli)
    >>> round(kernel.value(1, 0.6, scale="response"), 4)
    0.5108
    """
    from neglog.derivation.obtain import obtain
    from neglog.kernels import Kernel

    density = meant(family).density
    names = _names(modelled)
    if names is None and cutpoints_of(density) is not None:
        # Of ordered classes a row needs the ends of its class as well.
        names = row_law(density).free
    return Kernel(obtain(density, names))


def meant(what: Any) -> Family[...] | Surrogate[...]:
    """Return the family or the declared loss meant by itself or by one of its names.

    Raises
    ------
    UsageError
        If there is none of that name.
    """
    if isinstance(what, Surrogate):
        return what
    if isinstance(what, str):
        try:
            return resolve(what)  # first: "pinball" is the loss of a law
        except UsageError:
            if (surrogate := named(what)) is not None:
                return surrogate
            if "(" in what:
                raise  # a transformer that is written wrongly is told where
            everything = [*FAMILIES.values(), *SURROGATES.values()]
            known = [name for each in everything for name in (each.name, *each.aliases)]
            raise UsageError(
                f"There is no family or loss called '{what}'. {nearest(what, known)}"
            ) from None
    return resolve(what)


def _names(modelled: Sequence[str] | str | None) -> tuple[str, ...] | None:
    if modelled is None:
        return None
    return (modelled,) if isinstance(modelled, str) else tuple(modelled)


def prior_of(prior: Any) -> Prior:
    """Return a distribution of the weights as the derivation takes it.

    Raises
    ------
    UsageError
        If `prior` is a family without values, or not a law of a real number.
    """
    from neglog.derivation.workings import Prior

    if isinstance(prior, Family):
        raise UsageError(
            f"prior=nl.{prior.name} is a family; a prior needs its values: prior=nl.{prior.name}"
            f"({', '.join(f'{name}=...' for name in prior.density.free)})."
        )
    if not isinstance(prior, Distribution):
        raise UsageError(
            f"A prior is a distribution such as nl.Normal(mu=0, sigma=1), not {type(prior).__name__}."
        )
    if prior.family.target.kind != "Real" or prior.shape != ():
        raise UsageError(f"A prior of the slopes is one law of a real number; {prior} is not.")
    return Prior(prior.family.density, {name: float(value) for name, value in prior.values.items()})
