"""The schedule of a loss of classes: tiles of rows, transposed, with the rows innermost.

One exponential an entry serves value, gradient and probabilities. A tile lies in the cache as
[K, rows], so each loop over its rows is SIMD code, whatever the number of classes. Of a loss that is
not cross-entropy the function `curve` makes value, slope and bend of each row's excess.
"""

from __future__ import annotations

from dataclasses import dataclass

from neglog.kernels.variant import BAD_TARGET, BAD_WEIGHT, BLOCK, FAR, HUGE, ODD_RAW, TINY, Variant

__all__ = ["HEADS", "Curve", "body"]

HEADS = ("exp", "log1p")

_TILE_ENTRIES = 16384  # 128 KB: a tile and what it is read from share the second cache


@dataclass(frozen=True, slots=True)
class Curve:
    """The function of the excess, printed.

    Attributes
    ----------
    text : str
        The function ``curve(l, ...)``, which returns as many numbers as the order asks for, and one more.
    arguments : str
        What it takes after the excess: ``", p0, c0"``.
    hyper : tuple of str
        The hyperparameters of the kernel.
    lines : tuple of str
        Statements that are run once a call.
    even : str
        The coefficient of the mean excess; empty where it is 0.
    bent : bool
        Whether slope and bend are outputs of order 2.
    """

    text: str = ""
    arguments: str = ""
    hyper: tuple[str, ...] = ()
    lines: tuple[str, ...] = ()
    even: str = ""
    bent: bool = False


def body(variant: Variant, curve: Curve) -> str:
    """Return the functions of a kernel for classes.

    Parameters
    ----------
    variant : Variant
        How many of value, gradient and Hessian (as probabilities) to compute.
    curve : Curve
        The function of the excess, unless it is the excess itself.

    Returns
    -------
    str
        Functions `tile`, `odd` and `run`.
    """
    block = BLOCK["classes"]
    w = ["w"] if variant.weighted else []
    outs = ["gradient", "probabilities"][: variant.order]
    bends = ["slope", "bend"] if curve.bent and variant.order == 2 else []
    signature = ["types.int64", "types.int64", "read", "read_rows", *(["read"] * len(w))]
    signature += ["types.float64"] * len(curve.hyper)
    signature += ["write", *(["write_rows"] * len(outs)), *(["write"] * len(bends))]
    signature += ["types.float64[::1]", "types.int64[::1]"]
    arguments = ["lo", "hi", "y", "x0", *w, *curve.hyper, "value", *outs, *bends, "sums", "flags"]
    scratch = ["others", "share"] if outs else []
    if curve.text:
        scratch += ["excess", "slopes", "bends"][: 1 + variant.order]
    if curve.even:
        scratch.append("gaps")
    scratch_lines = "".join(f"    {name} = np.empty(rows)\n" for name in scratch)
    call_lines = "".join(f"    {line}\n" for line in curve.lines)
    if curve.text and variant.order:
        limits = ", ".join(["_", "far_slope", "far_bend"][: 1 + variant.order])
        call_lines += f"    {limits} = curve({FAR!r}{curve.arguments})\n"
    weight_check = (
        f"        flag |= 0 if (w[i] >= 0.0) & (w[i] < math.inf) else {BAD_WEIGHT}\n" if w else ""
    )
    return f"""\
read_rows = types.Array(number, 2, "C", readonly=True)
write_rows = types.Array(number, 2, "C")


{curve.text}# --- A tile of rows ---

@inline
def exponentials(x0, first, n, e, top, lead, rest):
    \"\"\"e[k, i] = exp(x[i, k] - top[i]), and the sum of all of them but the leading one.\"\"\"
    K = x0.shape[1]
    for i in range(n):
        for k in range(K):
            e[k, i] = x0[first + i, k]
    x = e[0]
    for i in range(n):
        top[i] = x[i]
        lead[i] = 0.0
        rest[i] = 0.0
    for k in range(1, K):
        x = e[k]
        for i in range(n):
            higher = x[i] > top[i]
            top[i] = x[i] if higher else top[i]
            lead[i] = float(k) if higher else lead[i]
    for k in range(K):
        x = e[k]
        for i in range(n):
            # The difference of two equal infinities would be NaN.
            share = exp(0.0 if x[i] == top[i] else x[i] - top[i])
            rest[i] += 0.0 if lead[i] == k else share
            x[i] = share


@inline
def odd(x0, y{", w" if w else ""}):
    K = x0.shape[1]
    flag = 0
    for i in range(y.size):
        flag |= 0 if (y[i] >= 0.0) & (y[i] < K) & (np.floor(y[i]) == y[i]) else {BAD_TARGET}
{weight_check}\
    for i in range(y.size):
        for k in range(K):
            flag |= 0 if x0[i, k] == x0[i, k] else {ODD_RAW}
    return flag


# --- All rows, block after block, each in tiles ---

@njit(
    types.void({", ".join(signature)}),
    nogil=True,
    cache=CACHED,
    **options,
)
def run({", ".join(arguments)}):
{call_lines}    K = x0.shape[1]
    rows = max(16, min({block}, {_TILE_ENTRIES} // K))
    e = np.empty((K, rows))
    top = np.empty(rows)  # the leading score, its class, the sum of the other exponentials
    lead = np.empty(rows)
    rest = np.empty(rows)
{scratch_lines}    losses = np.empty({block})
    for start in range(lo, hi, {block}):
        stop = min(start + {block}, hi)
        if flags.size:
            flags[start // {block}] = odd(x0[start:stop], y[start:stop]{", w[start:stop]" if w else ""})
        for first in range(start, stop, rows):
            n = min(rows, stop - first)
            exponentials(x0, first, n, e, top, lead, rest)
{_tile_outputs(variant, curve)}\
        sums[start // {block}] = add_lanes(losses, stop - start)
        if value.size:
            for i in range(stop - start):
                value[start + i] = losses[i]
"""


def _tile_outputs(variant: Variant, curve: Curve) -> str:
    weight = "weight * " if variant.weighted else ""
    get_weight = "                weight = np.float64(w[first + i])\n" if variant.weighted else ""
    value = "losses[first - start + i]"
    text = f"""\
            for i in range(n):
                {value} = log1p(rest[i])
"""
    if curve.even:
        text += _GAPS
    text += f"""\
            for i in range(n):
                code = min(max(int(y[first + i]), 0), K - 1)
                own = np.float64(x0[first + i, code])
                # Both terms are positive: nothing cancels, however sure the prediction is.
                loss = (0.0 if own == top[i] else top[i] - own) + {value}
"""
    store = (
        get_weight + f"                {value} = 0.0 if weight == 0.0 else weight * loss\n"
        if variant.weighted
        else f"                {value} = loss\n"
    )
    text += "                excess[i] = loss\n" if curve.text else store
    if variant.order:
        text += """\
                # At the class observed: minus the sum of the others, not p - 1.
                others[i] = rest[i] if lead[i] == code else (1.0 + rest[i]) - e[code, i]
"""
    if curve.text:
        text += _curved(variant, curve) + store
    if variant.order == 0:
        return text
    text += """\
            for i in range(n):
                share[i] = 1.0 / (1.0 + rest[i])
            for k in range(K):
                p = e[k]
                for i in range(n):
                    p[i] *= share[i]
"""
    pull, own = "e[k, i]", "(others[i] * share[i])"
    if curve.text:
        pull, own = f"(slopes[i] * {pull})", f"(slopes[i] * {own})"
    if curve.even:
        pull, own = f"({pull} - {curve.even} / K)", f"({own} - {curve.even} * ((K - 1) / K))"
    probabilities = (
        "                    probabilities[first + i, k] = e[k, i]\n" if variant.order == 2 else ""
    )
    bends = (
        "                slope[first + i] = slopes[i]\n                bend[first + i] = bends[i]\n"
        if curve.bent and variant.order == 2
        else ""
    )
    return (
        text
        + f"""\
            for i in range(n):
                code = min(max(int(y[first + i]), 0), K - 1)
{get_weight}\
                for k in range(K):
                    gradient[first + i, k] = {weight}{pull}
{probabilities}\
                gradient[first + i, code] = -{weight}{own}
{bends}\
"""
    )


# Halves, as a difference of two scores may overflow.
_GAPS = """\
            for i in range(n):
                total = 0.0
                for k in range(K):
                    score = np.float64(x0[first + i, k])
                    total += 0.0 if score == top[i] else (0.5 * top[i] - 0.5 * score) / K
                gaps[i] = 2.0 * total + losses[first - start + i]
"""


def _curved(variant: Variant, curve: Curve) -> str:
    """Return the lines that make value, slope and bend of the excess, up to what is stored."""
    names = ["loss", "slopes[i]", "bends[i]"][: 1 + variant.order]
    even = f"                loss += {curve.even} * gaps[i]\n" if curve.even else ""
    far = "".join(
        f"                {name}s[i] = far_{name} if excess[i] > {FAR!r} else {name}s[i]\n"
        for name in ("slope", "bend")[: variant.order]
    )
    return f"""\
            for i in range(n):
                # At 0 and at infinity the limit: the nearest number, and a value that is on its way has arrived.
                near = min(max(excess[i], {TINY!r}), {HUGE!r})
                {", ".join(names)}{"" if len(names) > 1 else ","} = curve(near{curve.arguments})
                loss = 0.0 if (excess[i] == 0.0) & (abs(loss) < 1e-300) else loss
                loss = math.copysign(math.inf, loss) if (excess[i] > {HUGE!r}) & (abs(loss) > 1e300) else loss
{far}{even}"""
