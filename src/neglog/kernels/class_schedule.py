"""The schedule of a loss of classes: tiles of rows, transposed, with the rows innermost.

One exponential an entry serves value, gradient and probabilities. A tile lies in the cache as
[K, rows], so each loop over its rows is SIMD code, whatever the number of classes.
"""

from __future__ import annotations

from neglog.kernels.variant import BAD_TARGET, BAD_WEIGHT, BLOCK, ODD_RAW, Variant

__all__ = ["HEADS", "body"]

HEADS = ("exp", "log1p")

_TILE_ENTRIES = 16384  # 128 KB: a tile and what it is read from share the second cache


def body(variant: Variant) -> str:
    """Return the functions of a kernel for classes.

    Parameters
    ----------
    variant : Variant
        How many of the heads ``logsumexp_excess``, ``softmax_excess`` and ``softmax_covariance``
        (as probabilities) to compute.

    Returns
    -------
    str
        Functions `tile`, `odd` and `run`.
    """
    block = BLOCK["classes"]
    w = ["w"] if variant.weighted else []
    outs = ["gradient", "probabilities"][: variant.order]
    signature = ["types.int64", "types.int64", "read", "read_rows", *(["read"] * len(w))]
    signature += ["write", *(["write_rows"] * len(outs)), "types.float64[::1]", "types.int64[::1]"]
    arguments = ["lo", "hi", "y", "x0", *w, "value", *outs, "sums", "flags"]
    weighing = (
        "            weight = np.float64(w[first + i])\n"
        "            losses[first - start + i] = 0.0 if weight == 0.0 else weight * loss\n"
        if variant.weighted
        else "            losses[first - start + i] = loss\n"
    )
    scratch = "    others = np.empty(rows)\n    share = np.empty(rows)\n" if outs else ""
    weight_check = (
        f"        flag |= 0 if (w[i] >= 0.0) & (w[i] < math.inf) else {BAD_WEIGHT}\n" if w else ""
    )
    return f"""\
read_rows = types.Array(number, 2, "C", readonly=True)
write_rows = types.Array(number, 2, "C")


# --- A tile of rows ---

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
    K = x0.shape[1]
    rows = max(16, min({block}, {_TILE_ENTRIES} // K))
    e = np.empty((K, rows))
    top = np.empty(rows)  # the leading score, its class, the sum of the other exponentials
    lead = np.empty(rows)
    rest = np.empty(rows)
{scratch}    losses = np.empty({block})
    for start in range(lo, hi, {block}):
        stop = min(start + {block}, hi)
        if flags.size:
            flags[start // {block}] = odd(x0[start:stop], y[start:stop]{", w[start:stop]" if w else ""})
        for first in range(start, stop, rows):
            n = min(rows, stop - first)
            exponentials(x0, first, n, e, top, lead, rest)
{_tile_outputs(variant, weighing)}\
        sums[start // {block}] = add_lanes(losses, stop - start)
        if value.size:
            for i in range(stop - start):
                value[start + i] = losses[i]
"""


def _tile_outputs(variant: Variant, weighing: str) -> str:
    weighing = weighing.replace("            ", "                ")
    text = f"""\
            for i in range(n):
                losses[first - start + i] = log1p(rest[i])
            for i in range(n):
                code = min(max(int(y[first + i]), 0), K - 1)
                own = np.float64(x0[first + i, code])
                # Both terms are positive: nothing cancels, however sure the prediction is.
                loss = (0.0 if own == top[i] else top[i] - own) + losses[first - start + i]
{weighing}"""
    if variant.order == 0:
        return text
    weight = "weight * " if variant.weighted else ""
    get_weight = "                weight = np.float64(w[first + i])\n" if variant.weighted else ""
    probabilities = (
        "                    probabilities[first + i, k] = e[k, i]\n" if variant.order == 2 else ""
    )
    return (
        text
        + f"""\
                # At the class observed: minus the sum of the others, not p - 1.
                others[i] = rest[i] if lead[i] == code else (1.0 + rest[i]) - e[code, i]
            for i in range(n):
                share[i] = 1.0 / (1.0 + rest[i])
            for k in range(K):
                p = e[k]
                for i in range(n):
                    p[i] *= share[i]
            for i in range(n):
                code = min(max(int(y[first + i]), 0), K - 1)
{get_weight}\
                for k in range(K):
                    gradient[first + i, k] = {weight}e[k, i]
{probabilities}\
                gradient[first + i, code] = -{weight}(others[i] * share[i])
"""
    )
