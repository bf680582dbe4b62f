"""The law that ``--family`` or ``--density`` names: built in, from a file of the user's, or typed on the spot."""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from neglog.errors import DensityError, UsageError, nearest

if TYPE_CHECKING:
    from neglog.families.family import Family
    from neglog.losses.declared import Declared
    from neglog.losses.surrogates.surrogate import Surrogate
    from neglog.symbolic.density import Density
    from neglog.symbolic.supports import Support

__all__ = ["family_from_text", "family_of", "fixed", "loss_from_text", "separated", "typed_family"]

Law = TypeVar("Law", bound="Declared[...]")


def family_of(
    name: str | None, density: str | None, target: str | None, params: Sequence[str]
) -> Declared[...] | None:
    """Return the family, or the declared loss, that the options name; None if they name none.

    What ``--param NAME=NUMBER`` says is fixed in it; ``--param NAME=SUPPORT`` describes a typed density.

    Raises
    ------
    UsageError
        If the options contradict each other, or name what there is not.
    """
    values, supports = separated(params)
    if density is None:
        if target or supports:
            raise UsageError(
                "--target and --param NAME=SUPPORT describe a density of your own: give its text with --density. Of a "
                "named law --param NAME=NUMBER fixes a parameter."
            )
        if name is None:
            if values:
                raise UsageError(
                    f"--param {params[0]} fixes a parameter of a law or a loss: name it, as in --family student_t "
                    "--param nu=4."
                )
            return None
        return fixed(family_from_text(name), values)
    if name is not None:
        raise UsageError(
            "--density and a named family were both given: they are two ways of saying how the "
            "target is distributed. Keep one of them."
        )
    return fixed(typed_family(density, target, supports), values)


def separated(params: Sequence[str]) -> tuple[dict[str, str], list[str]]:
    """Separate ``NAME=NUMBER``, as a mapping, from ``NAME=SUPPORT`` of a typed density."""
    values, supports = {}, []
    for text in params:
        name, _, value = text.partition("=")
        if value.strip()[:1].isalpha() and value.strip() not in ("inf", "nan"):
            supports.append(text)
        else:
            values[name.strip()] = value
    return values, supports


def fixed(declared: Law, values: Mapping[str, str]) -> Law:
    """Return a law or a loss with parameters fixed at the numbers that were typed."""
    numeric = {}
    for name, text in values.items():
        try:
            numeric[name] = float(text)
        except ValueError:
            raise UsageError(
                f"--param {name}={text} is not understood: write NAME=NUMBER, such as --param {name}=0.5."
            ) from None
    return declared.fix(**numeric) if numeric else declared


def family_from_text(text: str) -> Declared[...]:
    """Return the family or the declared loss called so, or the one of ``FILE.py:NAME``."""
    path, colon, name = text.rpartition(":")
    if colon and path.endswith(".py"):
        return _from_file(Path(path).expanduser(), name)
    if text.endswith(".py"):
        return _from_file(Path(text).expanduser(), None)
    from neglog.families.verbs import meant

    return meant(text)


def loss_from_text(text: str) -> Surrogate[...]:
    """Return the declared loss called so, or the one of ``FILE.py:NAME``.

    Raises
    ------
    UsageError
        If it is a family, or there is no such loss.
    """
    from neglog.losses.surrogates.surrogate import Surrogate

    if ".py" not in text:
        from neglog.families.named_losses import loss_named

        return loss_named(text, "write --family '{name}'")
    found = family_from_text(text)
    if not isinstance(found, Surrogate):
        raise UsageError(f"{found.name} is a family, which brings its own loss: --family {text}.")
    return found


def _from_file(path: Path, name: str | None) -> Declared[...]:
    """Run a file of the user's, as ``python FILE.py`` would, and take a family or a loss from it."""
    import importlib.util

    from neglog.losses.declared import Declared

    if not path.is_file():
        what = "is a folder" if path.is_dir() else "does not exist"
        raise UsageError(f"--family names the file '{path}', which {what}. Check the path.")
    module_name = f"neglog_family_file_{path.stem}"
    spec = importlib.util.spec_from_file_location(module_name, path.resolve())
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[module_name] = module
    sys.path.insert(
        0, str(path.resolve().parent)
    )  # what stands beside the file can be imported, as usual
    try:
        spec.loader.exec_module(module)
    except Exception as error:
        raise UsageError(
            f"The file '{path}' cannot be run{_line(error, path)}: {type(error).__name__}: {error}. "
            f"Try it by itself: python {path}"
        ) from error
    finally:
        sys.path.remove(str(path.resolve().parent))
    families = {key: value for key, value in vars(module).items() if isinstance(value, Declared)}
    own = {key: value for key, value in families.items() if value.__module__ == module_name}
    if name is None and len(own) == 1:
        return next(iter(own.values()))
    if name in families:
        return families[name]
    if name is None or name not in vars(module):
        there = f" {nearest(name or '', own)}" if own else " Declare one with @nl.family(...)."
        raise UsageError(f"The file '{path}' has no family '{name or ''}'.{there}")
    raise UsageError(
        f"'{name}' in '{path}' is a {type(vars(module)[name]).__name__}, not a family: decorate its "
        "log-density with @nl.family(...)."
    )


def _line(error: Exception, path: Path) -> str:
    """Say in which line of the file an error arose."""
    if isinstance(error, SyntaxError):
        return f" (line {error.lineno})" if error.lineno else ""
    number, trace = None, error.__traceback__
    while trace is not None:
        if Path(trace.tb_frame.f_code.co_filename) == path.resolve():
            number = trace.tb_lineno
        trace = trace.tb_next
    return f" (line {number})" if number else ""


def typed_family(text: str, target: str | None, params: Sequence[str]) -> Family[...]:
    """Return the family of a typed log-density of y; its other symbols are parameters.

    Parameters
    ----------
    text : str
        The log-density in nats; parsed by an allow-list, never run.
    target : str, optional
        The support of y; real by default.
    params : sequence of str
        ``name=support``; parameters that are not named are real. These come first, in their order.

    Raises
    ------
    DensityError
        If the text cannot be parsed, or is not a number where it should be one. That it integrates to 1 is checked
        when its loss is derived.
    """
    from neglog.families.family import Family
    from neglog.symbolic.density import Density, Parameter
    from neglog.symbolic.text import parse

    tree = parse(text)
    named = dict(_parameter(each) for each in params)
    found = [name for name in _symbols(tree) if name != "y"]
    for name in named:
        if name not in found:
            raise UsageError(
                f"--param names '{name}', which does not occur in the density '{text}'. "
                f"{nearest(name, found)}"
            )
    if not found:
        raise DensityError(f"The density '{text}' has no parameter, so there is nothing to fit.")
    order = [*named, *(name for name in found if name not in named)]
    density = Density(
        "TypedLaw",
        tree,
        "y",
        _support(target or "real", "--target"),
        tuple(Parameter(name, named.get(name) or _support("real", "--param")) for name in order),
    )
    _require_numbers(density, text)
    return Family.from_density(density)


def _require_numbers(density: Density, text: str) -> None:
    """Refuse a density that is not a number on the supports it was given: mostly one that was left out."""
    import numpy as np

    from neglog.symbolic.expression import evaluate
    from neglog.symbolic.heads import numpy_meaning, numpy_number

    random = np.random.default_rng(0)
    y = density.support.points(random, 60)
    drawn: dict[str, Any] = {p.name: p.support.points(random, 60) for p in density.parameters}
    with np.errstate(all="ignore"):
        values = evaluate(density.expression, {"y": y, **drawn}, numpy_meaning(), numpy_number)
    undefined = np.broadcast_to(np.isnan(np.asarray(values, dtype=np.float64)), y.shape)
    if not undefined.any():
        return
    # The parameter that is negative wherever the density is not a number is the one to speak of.
    suspects = [
        p.name
        for p in density.parameters
        if p.support.kind == "Real" and bool((drawn[p.name][undefined] < 0).all())
    ]
    remedy = (
        f"If {suspects[0]} is positive, say so: --param {suspects[0]}=positive."
        if suspects
        else "Say where the target and the parameters live: --target SUPPORT, --param NAME=SUPPORT."
    )
    at = int(np.argmax(undefined))
    where = ", ".join(f"{name} = {value[at]:.4g}" for name, value in {"y": y, **drawn}.items())
    raise DensityError(
        f"The density '{text}' is not a number everywhere: at {where} it has no value, and the supports "
        f"allow that point. {remedy}"
    )


def _symbols(tree: Any) -> list[str]:
    """Return the symbols of a tree in the order in which they are read."""
    from neglog.symbolic.expression import Call, Symbol

    if isinstance(tree, Symbol):
        return [tree.name]
    if not isinstance(tree, Call):
        return []
    return list(dict.fromkeys(name for arg in tree.args for name in _symbols(arg)))


def _parameter(text: str) -> tuple[str, Support]:
    name, equals, support = text.partition("=")
    if not equals or not name.strip().isidentifier():
        raise UsageError(
            f"--param {text} is not understood: write NAME=SUPPORT, such as --param lam=positive."
        )
    return name.strip(), _support(support, f"--param {name.strip()}=")


def _support(text: str, option: str) -> Support:
    """Return the support of that name, with the link that goes with it."""
    from neglog.symbolic import supports

    # Labels and their probabilities are for built-in laws and for files of your own.
    hidden = ("Label", "ClassVector", "End", "Gap")
    kinds = {k.casefold(): k for k in supports.SUPPORTS if k not in hidden}
    folded = text.strip().casefold().replace("_", "").replace("-", "")
    if folded not in kinds:
        raise UsageError(f"{option} {text}: there is no such support. {nearest(folded, kinds)}")
    support: Support = getattr(supports, kinds[folded])()
    return support
