"""Kernel numerics: what each head computes for one float64, in plain Python.

The code generator copies the source text of these functions into the kernels it writes, where
Numba compiles them and LLVM turns the loop around them into SIMD code.  So every function

* is branch-free: conditional expressions become selects, both sides are always computed;
* calls nothing but other functions of this module and what is a single instruction: ``np.floor``,
  ``math.sqrt``, ``abs``, ``min``, ``max``; a call of libm would keep the loop scalar;
* steers clear of zero divisors and of converting NaN to an integer, so that it also runs, without
  a warning, as ordinary Python on a ``float``: step through a kernel in a debugger;
* may be contracted to fused multiply-adds, but not reordered: compile with
  ``error_model="numpy"``, ``fastmath={"contract"}`` and ``inline="always"`` (a function LLVM finds
  too long to inline would keep the loop scalar as well).

Where a comment says *fit*, the coefficients are the minimax polynomial (Remez exchange in 60
digits, error weighted as stated) rounded to float64, highest power first; ``2^-61`` and the like
is the largest weighted error of the unrounded polynomial.  Even and odd powers are two Horner
chains, which halves the wait for one result after the other.
"""

from __future__ import annotations

import dis
import math
from collections.abc import Callable, Iterable
from typing import Any

import numpy as np


def _power_of_two(k: int) -> float:
    """2**k for -1022 <= k <= 1023, by writing the exponent bits."""
    return float(np.int64((k + 1023) << 52).view(np.float64))


def _scale(value: float, k: int) -> float:
    """value * 2**k for |k| < 2046, in two factors: a subnormal result is rounded once."""
    half = k >> 1
    return value * _power_of_two(half) * _power_of_two(k - half)


def _reduce(x: float) -> tuple[int, float, float]:
    """k, r, tail with exp(x) = 2**k * (1 + r + tail), |r| <= log(2)/2, tail < r**2; |x| < 1400."""
    k = float(np.floor(x * 1.4426950408889634 + 0.5))
    high = x - k * 0.6931471805598903  # log(2) to 42 bits: the product is exact
    low = k * 5.497923018708371e-14
    r = high - low
    lost = (high - r) - low
    # fit: (exp(r) - 1 - r - r^2/2) / r^3, |r| <= log(2)/2, degree 9, weight r^2 + 1e-6: 2^-61.7
    rr = r * r
    even = 2.5108995953673163e-08
    even = even * rr + 2.755724433671063e-06
    even = even * rr + 0.00019841269885985136
    even = even * rr + 0.008333333333321697
    even = even * rr + 0.16666666666666677
    odd = 2.0923714979054843e-09
    odd = odd * rr + 2.755724572711184e-07
    odd = odd * rr + 2.4801587355935968e-05
    odd = odd * rr + 0.0013888888888870232
    odd = odd * rr + 0.04166666666666669
    p = even + r * odd
    # Through 32 bits, because AVX2 converts to no wider integer.
    return int(np.int32(k)), r, lost + r * r * (0.5 + r * p)


def _exp_pair(x: float) -> tuple[float, float]:
    """exp(x) as a sum: the nearest float64 and most of what it lost."""
    k, r, tail = _reduce(min(710.0, max(-746.0, x)))  # in this order NaN becomes -746
    head = 1.0 + r
    rest = (r - (head - 1.0)) + tail
    total = head + rest
    result = _scale(total, k)
    return (result if x == x else x), _scale(rest - (total - head), k)


def exp(x: float) -> float:
    """e**x."""
    result, _ = _exp_pair(x)
    return result


def _expm1_parts(x: float) -> tuple[int, float]:
    """k, v with exp(x) - 1 = 2**k * v, |x| < 1400."""
    k, r, tail = _reduce(x)
    # 2^k (1 + r + tail) - 1 = 2^k ((1 - 2^-k) + r + tail); the first sum keeps its rounding error.
    one = 1.0 - _power_of_two(max(-64, -k))
    head = one + r
    rest = (r - (head - one)) + tail
    return k, head + rest


def expm1(x: float) -> float:
    """e**x - 1, accurate near 0."""
    k, value = _expm1_parts(min(710.0, max(-40.0, x)))
    result = _scale(value, k)
    return result if x == x else x


def _log_parts(k: float, f: float, correction: float) -> tuple[float, float]:
    """k log(2) + log(1 + f) + correction as a sum of two, f in [-0.293, 0.5]."""
    s = f / (2.0 + f)  # log(1 + f) = 2 atanh(s)
    z = s * s
    # fit: (2 atanh(s) / s - 2) / s^2 in z = s^2 on [0, 0.04], degree 7, weight z + 1e-4: 2^-61.6
    zz = z * z
    even = 0.13174149322459922
    even = even * zz + 0.18181667302519774
    even = even * zz + 0.285714285561609
    even = even * zz + 0.666666666666666
    odd = 0.13839847092764263
    odd = odd * zz + 0.15391073256325635
    odd = odd * zz + 0.2222222426706174
    odd = odd * zz + 0.4000000000005482
    p = even + z * odd
    # 2 atanh(s) = f - (f^2/2 - s (f^2/2 + z p)): f itself is exact, only the rest is rounded.
    half_square = 0.5 * f * f
    big = k * 0.6931471805598903  # log(2) to 42 bits: the product is exact
    head = big + f
    lost = f - (head - big)
    small = k * 5.497923018708371e-14 + correction
    return head, lost + (small - (half_square - s * (half_square + z * p)))


def _log_positive(x: float, correction: float) -> float:
    """log(x) + correction for finite x > 0."""
    tiny = x < 2.2250738585072014e-308
    normal = x * 18014398509481984.0 if tiny else x  # 2^54: subnormals have no exponent bits
    bits = np.float64(normal).view(np.int64)
    k = (bits - 0x3FE6A09E667F3BCD) >> 52  # subtracts the bits of sqrt(1/2)
    f = float(np.int64(bits - (k << 52)).view(np.float64)) - 1.0
    head, rest = _log_parts(float(k) - (54.0 if tiny else 0.0), f, correction)
    return head + rest


def log(x: float) -> float:
    """Natural logarithm: -inf at 0, NaN below."""
    result = _log_positive(x if x > 0.0 else 1.0, 0.0)
    finite = result if x > 0.0 else (-math.inf if x == 0.0 else math.nan)
    return finite if x != math.inf else x


def log1p(x: float) -> float:
    """log(1 + x), accurate near 0: -inf at -1, NaN below."""
    larger = x if x > 1.0 else 1.0
    smaller = 1.0 if x > 1.0 else x
    total = larger + smaller
    lost = smaller - (total - larger)
    inside = total if total > 0.0 else 1.0
    result = _log_positive(inside, lost / inside)
    finite = result if x > -1.0 else (-math.inf if x == -1.0 else math.nan)
    return finite if x != math.inf else x


def log1mexp(x: float) -> float:
    """log(1 - exp(-x)) for x >= 0: accurate near 0 and far out."""
    far = x > 0.6931471805599453
    e, e_low = _exp_pair(-x)
    total = 1.0 - e
    lost = ((1.0 - total) - e) - e_low
    near = -expm1(-x)
    inside = total if far else (near if near > 0.0 else 1.0)
    result = _log_positive(inside, (lost if far else 0.0) / inside)
    return result if x > 0.0 else (-math.inf if x == 0.0 else math.nan)


def softplus(x: float) -> float:
    """log(1 + exp(x)), to full relative accuracy in the left tail."""
    e, e_low = _exp_pair(-abs(x))
    upper = e >= 0.5
    f = 0.5 * (e - 1.0) if upper else e  # 1 + e = 2^k (1 + f), without rounding
    # e_low is below half an ulp: a rough 1 / (1 + e) will do for its share.
    head, rest = _log_parts(1.0 if upper else 0.0, f, e_low * (1.0 - 0.5 * e))
    return (x if x > 0.0 else 0.0) + (head + rest)


def sigmoid(x: float) -> float:
    """1 / (1 + exp(-x)), to full relative accuracy in the left tail."""
    e, e_low = _exp_pair(-abs(x))
    total = 1.0 + e
    lost = (e - (total - 1.0)) + e_low
    q = e / total
    tail = (e_low - q * lost) * (1.0 - q)  # first-order effect of the two rounding errors on q
    complement = 1.0 - q
    upper = complement + (((1.0 - complement) - q) - tail)
    return upper if x >= 0.0 else q + tail


def tanh(x: float) -> float:
    """Hyperbolic tangent."""
    e = expm1(-2.0 * abs(x))
    total = 2.0 + e
    q = -e / total
    lost = e - (total - 2.0)
    size = q - 0.5 * q * lost * (1.0 + q)  # 1 / total = (1 + q) / 2
    return size if x >= 0.0 else -size


def sqrt(x: float) -> float:
    """Square root: NaN below 0."""
    root = math.sqrt(max(x, 0.0))
    return root if x >= 0.0 else math.nan


def absolute(x: float) -> float:
    """|x|."""
    return abs(x)


def sign(x: float) -> float:
    """-1, 0 or 1."""
    return 1.0 if x > 0.0 else (-1.0 if x < 0.0 else x)


def minimum(x: float, y: float) -> float:
    """The smaller of the two: NaN if either is."""
    return x if x <= y or x != x else y


def maximum(x: float, y: float) -> float:
    """The larger of the two: NaN if either is."""
    return x if x >= y or x != x else y


def xlogy(x: float, y: float) -> float:
    """x log(y), and 0 where x is 0 (unless y is NaN)."""
    product = x * log(y)
    return product if x != 0.0 or y != y else 0.0


def loggamma(x: float) -> float:
    """Log of the gamma function for x > 0: inf at 0, NaN below."""
    small = x < 4.25
    # Below 4.25: x = 2 + t + (a whole number), so log gamma(2 + t) plus or minus log(a product).
    t = x - float(np.floor(x + 0.75))
    # fit: log gamma(2 + t) / t, t on [-0.75, 0.25], degree 19: 2^-59.9
    tt = t * t
    even = 2.7551787083303917e-06
    even = even * tt + 2.7353582036230395e-06
    even = even * tt - 2.191175743415813e-06
    even = even * tt - 9.501783944354176e-06
    even = even * tt - 4.491854903106953e-05
    even = even * tt - 0.00022315511477396185
    even = even * tt - 0.0011927539039784045
    even = even * tt - 0.007385551028751533
    even = even * tt - 0.06735230105319778
    even = even * tt + 0.42278433509846713
    odd = 9.244428927878717e-07
    odd = odd * tt + 4.380995011185853e-06
    odd = odd * tt + 2.030716304841634e-06
    odd = odd * tt + 4.117709791656162e-06
    odd = odd * tt + 2.05194850612394e-05
    odd = odd * tt + 9.945785283529995e-05
    odd = odd * tt + 0.000509669480789851
    odd = odd * tt + 0.0028905103320219913
    odd = odd * tt + 0.020580808427770676
    odd = odd * tt + 0.32246703342411326
    p = even + t * odd
    below = x * (x + 1.0) if x < 0.25 else (x if x < 1.25 else 1.0)
    above = 1.0 if x < 2.25 else (x - 1.0 if x < 3.25 else (x - 1.0) * (x - 2.0))
    product = below if x < 1.25 else above
    logarithm = log(product if small else x)
    near = t * p + (-logarithm if x < 1.25 else logarithm)
    # From 4.25 on: Stirling, (x - 1/2) (log x - 1) + (log(2 pi) - 1)/2 + p(1/x^2) / x.
    inverse = 1.0 / (4.25 if small else x)
    w = inverse * inverse
    # fit: x times the error of Stirling's formula without the sum, x >= 4.25, degree 7: 2^-52.9
    ww = w * w
    even = 0.005116269876872222
    even = even * ww + 0.0008405024872548415
    even = even * ww + 0.0007936506841267917
    even = even * ww + 0.08333333333333322
    odd = -0.010407978164008267
    odd = odd * ww - 0.001865054446052462
    odd = odd * ww - 0.0005952215242734768
    odd = odd * ww - 0.002777777777500137
    p = even + w * odd
    far = (x - 0.5) * (logarithm - 1.0) + (0.4189385332046727 + inverse * p)
    return (near if small else far) if x >= 0.0 else math.nan


def digamma(x: float) -> float:
    """Derivative of log gamma for x > 0: -inf at 0, NaN below."""
    positive = x if x > 0.0 else 1.0
    small = positive < 4.0
    # Below 4: x = 3/2 + t + (a whole number), so digamma(3/2 + t) plus or minus 1/x or the like.
    t = (positive - float(np.floor(positive))) - 0.5
    # fit: digamma(3/2 + t) / (3/2 + t - root), |t| <= 1/2, degree 21: 2^-56.0
    tt = t * t
    even = 0.00025990992014399307
    even = even * tt + 0.00022695216312098768
    even = even * tt + 0.0007234756964162948
    even = even * tt + 0.0015565879730228785
    even = even * tt + 0.0035190141680264617
    even = even * tt + 0.007926943793796812
    even = even * tt + 0.017907252496410942
    even = even * tt + 0.040760833810236416
    even = even * tt + 0.0949887244549837
    even = even * tt + 0.2405424842407739
    even = even * tt + 0.951055876031833
    odd = -0.0001837826641118867
    odd = odd * tt - 0.0001375041659827119
    odd = odd * tt - 0.0004900577608100852
    odd = odd * tt - 0.0010351654827752753
    odd = odd * tt - 0.0023457442922697586
    odd = odd * tt - 0.005279906843787949
    odd = odd * tt - 0.011908222428822125
    odd = odd * tt - 0.02697579655314137
    odd = odd * tt - 0.061922133278179525
    odd = odd * tt - 0.14840492305384978
    odd = odd * tt - 0.4236274212814607
    p = even + t * odd
    distance = (t + 0.03836785503163766) + 1.6445603550442201e-18  # to the root, 1.4616...
    up = positive - 1.0
    numerator = -1.0 if positive < 1.0 else (0.0 if positive < 2.0 else 1.0)
    denominator = positive if positive < 1.0 else (1.0 if positive < 2.0 else up)
    third = small and positive >= 3.0  # 1/(x-1) + 1/(x-2)
    ratio = ((up + (up - 1.0)) if third else (numerator if small else 1.0)) / (
        up * (up - 1.0) if third else (denominator if small else positive)
    )
    near = distance * p + ratio
    # From 4 on: log x - 1/(2x) - p(1/x^2) / x^2, where ratio = 1/x.
    w = ratio * ratio
    # fit: x^2 (log x - 1/(2x) - digamma(x)) in w = 1/x^2, x >= 4, degree 8: 2^-51.5
    ww = w * w
    even = 0.5446132404483803
    even = even * ww + 0.07413501093946069
    even = even * ww + 0.007569952736591271
    even = even * ww + 0.003968253588670105
    even = even * ww + 0.08333333333333302
    odd = -0.25871255801390414
    odd = odd * ww - 0.020798291432669674
    odd = odd * ww - 0.004166600788730697
    odd = odd * ww - 0.008333333332485518
    p = even + w * odd
    far = log(4.0 if small else positive) - (0.5 * ratio + w * p)
    result = near if small else far
    return result if x > 0.0 else (-math.inf if x == 0.0 else math.nan)


def trigamma(x: float) -> float:
    """Second derivative of log gamma for x > 0: inf at 0, NaN below."""
    positive = x if x > 0.0 else 1.0
    small = positive < 4.0
    # Below 4, four steps up: trigamma(x) = trigamma(x + 4) + the sum of 1/(x + j)^2, j = 0..3.
    start = positive if small else 1.0
    reciprocal = 1.0 / start
    b, c, d = start + 1.0, start + 2.0, start + 3.0
    bc, bd, cd = b * c, b * d, c * d
    bcd = bc * d
    steps = reciprocal * reciprocal + (bc * bc + bd * bd + cd * cd) / (bcd * bcd)
    inverse = 1.0 / (positive + 4.0 if small else positive)
    w = inverse * inverse
    # fit: x^3 (trigamma(x) - 1/x - 1/(2x^2)) in w = 1/x^2, x >= 4, degree 10: 2^-54.0
    ww = w * w
    even = 299.5547548026518
    even = even * ww + 33.8299415242223
    even = even * ww + 1.142364431169612
    even = even * ww + 0.07575184084223857
    even = even * ww + 0.023809523651341178
    even = even * ww + 0.1666666666666666
    odd = -140.1605707080712
    odd = odd * ww - 6.2376073377668915
    odd = odd * ww - 0.2526473496552095
    odd = odd * ww - 0.033333291482860655
    odd = odd * ww - 0.03333333333309892
    p = even + w * odd
    far = inverse + w * (0.5 + inverse * p)
    result = far + (steps if small else 0.0)
    return result if x > 0.0 else (math.inf if x == 0.0 else math.nan)


def expm1mx(x: float) -> float:
    """e**x - 1 - x, the quadratic and higher part; accurate near 0."""
    near = abs(x) < 1.0
    t = x if near else 0.0
    tt = t * t
    # Taylor: (e^t - 1 - t) / t^2 = sum of t^k / (k + 2)!, k = 0..18: 2^-64 at |t| = 1
    even = 4.110317623312165e-19
    even = even * tt + 1.5619206968586225e-16
    even = even * tt + 4.779477332387385e-14
    even = even * tt + 1.1470745597729725e-11
    even = even * tt + 2.08767569878681e-09
    even = even * tt + 2.755731922398589e-07
    even = even * tt + 2.48015873015873e-05
    even = even * tt + 0.001388888888888889
    even = even * tt + 0.041666666666666664
    even = even * tt + 0.5
    odd = 8.22063524662433e-18
    odd = odd * tt + 2.8114572543455206e-15
    odd = odd * tt + 7.647163731819816e-13
    odd = odd * tt + 1.6059043836821613e-10
    odd = odd * tt + 2.505210838544172e-08
    odd = odd * tt + 2.7557319223985893e-06
    odd = odd * tt + 0.0001984126984126984
    odd = odd * tt + 0.008333333333333333
    odd = odd * tt + 0.16666666666666666
    far = expm1(x) - x
    return tt * (even + t * odd) if near else (far if far == far else abs(x))


def stirling(x: float) -> float:
    """Log gamma(x + 1) - x log(x) + x of a count x, about log(2 pi x)/2; 0 at 0."""
    small = x < 8.0
    y = x if small else 1.0
    near = loggamma(y + 1.0) - xlogy(y, y) + y
    inverse = 1.0 / (8.0 if small else x)
    w = inverse * inverse
    # Stirling's series: B_2k / (2k (2k - 1) x^(2k - 1)), k = 1..8: 2^-54 at x = 8
    p = -0.029550653594771242
    p = p * w + 0.00641025641025641
    p = p * w - 0.0019175269175269176
    p = p * w + 0.0008417508417508417
    p = p * w - 0.0005952380952380953
    p = p * w + 0.0007936507936507937
    p = p * w - 0.002777777777777778
    p = p * w + 0.08333333333333333
    far = 0.9189385332046728 + 0.5 * log(8.0 if small else x) + p * inverse
    return near if small else far


def mills_excess(y: float) -> float:
    """phi(y)/Phi(-y) - y for y >= 0, the inverse Mills ratio above its asymptote, without a difference."""
    t = 3.0 / (3.0 + y)
    u = 2.0 * t - 1.0
    # Chebyshev interpolation of the excess over t in t = 3/(3 + y), degree 30: 2^-56
    p = -1.1524939074796814e-09
    p = p * u + 2.5400555220207298e-09
    p = p * u + 6.1392538499112545e-09
    p = p * u - 1.910927794822471e-08
    p = p * u - 3.664094447918617e-10
    p = p * u + 3.7957110980637336e-08
    p = p * u - 6.729345818829618e-08
    p = p * u + 1.5693598653032937e-07
    p = p * u + 3.1948337586236705e-08
    p = p * u - 1.2287415599568945e-06
    p = p * u + 1.7054243683903605e-06
    p = p * u + 3.4966982945894675e-06
    p = p * u - 1.0962121355552299e-05
    p = p * u - 1.8000737697233091e-06
    p = p * u + 4.075348278644488e-05
    p = p * u - 3.0621683874648266e-05
    p = p * u - 0.00010762776979706793
    p = p * u + 0.00018071803317551327
    p = p * u + 0.0002040422590756639
    p = p * u - 0.000681175302766893
    p = p * u - 0.00021133423904082374
    p = p * u + 0.0021238479083907076
    p = p * u - 0.0003142952504103237
    p = p * u - 0.006143741664768176
    p = p * u + 0.0025665874353179422
    p = p * u + 0.018212868648061722
    p = p * u - 0.008478250213716041
    p = p * u - 0.061899859972636584
    p = p * u + 0.005721048924767801
    p = p * u + 0.28051293156234436
    p = p * u + 0.566197309860873
    return p * t


def ndtr(x: float) -> float:
    """Standard normal distribution function."""
    y = abs(x)
    tail = 0.3989422804014327 * exp(-0.5 * y * y) / (y + mills_excess(y))
    return tail if x < 0.0 else 1.0 - tail


def log_ndtr(x: float) -> float:
    """Its logarithm, far into the left tail."""
    y = abs(x)
    ratio = y + mills_excess(y)
    left = -0.5 * y * y - log(ratio) - 0.9189385332046728
    right = log1p(-0.3989422804014327 * exp(-0.5 * y * y) / ratio)
    return left if x < 0.0 else right


def inverse_mills(x: float) -> float:
    """phi(x)/Phi(x), the derivative of log_ndtr."""
    y = abs(x)
    ratio = y + mills_excess(y)
    density = 0.3989422804014327 * exp(-0.5 * y * y)
    return ratio if x < 0.0 else density / (1.0 - density / ratio)


def inverse_mills1(x: float) -> float:
    """-m (x + m) of m = inverse_mills(x), the second derivative of log_ndtr."""
    y = min(1e300, abs(x))
    excess = mills_excess(y)
    m = inverse_mills(abs(x))
    left, right = -(y + excess) * excess, -m * (y + m)
    found = left if x < 0.0 else right
    return found if x == x else x


def _leaning(d: float, slant: float) -> tuple[float, float]:
    """exp(-d^2/2) times cosh(slant d) and d sinh(slant d), slant d >= 0, the second without a difference."""
    rise = expm1(slant * d)
    bell, fall = exp(-0.5 * d * d), rise / (1.0 + rise)
    return bell * (1.0 + 0.5 * rise * fall), bell * d * (0.5 * (rise + fall))


def _normal_gap(x: float, z: float) -> tuple[float, float, float, float]:
    """log P, (phi(x) - phi(x - z))/P, phi(x - z)/P and x - mean of a normal variable within x - z and x, z > 0.

    P is its probability. An interval to the right of 0 is mirrored: its upper end is then the nearer to 0.
    """
    z = z if z > 0.0 else 1.0
    middle = x - 0.5 * z
    mirrored = middle > 0.0
    # Not beyond float64: its slope times the small rest would be infinity times 0.
    near = max(min(x, z - x), -1.7e308)
    slant, half = abs(middle), 0.5 * z
    # Where phi falls by less than e^3 over a short interval: Gauss-Legendre of 12 nodes about the middle.
    narrow = z < 1.5 and slant * z < 3.0
    half = half if narrow else 0.5
    width = z if narrow else 1.0
    slant = slant if narrow else 0.0
    mass, lean = 0.0, 0.0
    c, s = _leaning(0.1252334085114689 * half, slant)
    mass, lean = mass + 0.24914704581340277 * c, lean + 0.24914704581340277 * s
    c, s = _leaning(0.3678314989981802 * half, slant)
    mass, lean = mass + 0.2334925365383548 * c, lean + 0.2334925365383548 * s
    c, s = _leaning(0.5873179542866175 * half, slant)
    mass, lean = mass + 0.20316742672306592 * c, lean + 0.20316742672306592 * s
    c, s = _leaning(0.7699026741943047 * half, slant)
    mass, lean = mass + 0.16007832854334622 * c, lean + 0.16007832854334622 * s
    c, s = _leaning(0.9041172563704749 * half, slant)
    mass, lean = mass + 0.10693932599531843 * c, lean + 0.10693932599531843 * s
    c, s = _leaning(0.9815606342467192 * half, slant)
    mass, lean = mass + 0.04717533638651183 * c, lean + 0.04717533638651183 * s
    shift = lean / mass
    # Else what lies beyond the farther end is a small part of what lies beyond the nearer one.
    far = z - near if near < 0.0 else abs(near - z)
    over, beyond = mills_excess(max(0.0, -near)), mills_excess(far)
    fall = exp(-abs(middle) * z)
    mills = inverse_mills(near)
    rest = 0.0 if narrow else fall * (mills / (far + beyond))
    left = 1.0 / (1.0 - rest)
    steep = -mills * expm1(-abs(middle) * z) * left
    last = mills * fall * left
    inside = (over - rest * (z + beyond)) * left if near < 0.0 else near + steep
    # Both, and the mirror undone.
    density = 0.3989422804014327 * width * mass
    value = log(density) - 0.5 * slant * slant if narrow else log_ndtr(near) + log1p(-rest)
    steep = slant - shift if narrow else steep
    last = (
        0.3989422804014327 * exp(-0.5 * half * (half + 2.0 * slant)) / density if narrow else last
    )
    inside = half - shift if narrow else inside
    return (
        value,
        -steep if mirrored else steep,
        steep + last if mirrored else last,
        z - inside if mirrored else inside,
    )


def log_ndtr_gap(x: float, z: float) -> float:
    """log(ndtr(x) - ndtr(x - z)), z > 0: the probability of a short interval and of a remote one keep their digits."""
    value, _, _, _ = _normal_gap(x, z)
    outside = -math.inf if z == 0.0 else math.nan
    return value if z > 0.0 else outside


def ndtr_gap_slope(x: float, z: float) -> float:
    """(phi(x) - phi(x - z))/P, minus the mean of a normal variable within x - z and x."""
    _, value, _, _ = _normal_gap(x, z)
    return value if z > 0.0 else math.nan


def ndtr_gap_edge(x: float, z: float) -> float:
    """phi(x - z)/P, the density at the lower end of the interval, as part of its probability."""
    _, _, value, _ = _normal_gap(x, z)
    return value if z > 0.0 else math.nan


def ndtr_gap_rest(x: float, z: float) -> float:
    """x minus the mean of a normal variable within x - z and x."""
    _, _, _, value = _normal_gap(x, z)
    return value if z > 0.0 else math.nan


def atan(x: float) -> float:
    """Inverse tangent."""
    a = abs(x)
    r = 1.0 / max(a, 1.0) if a > 1.0 else a
    v = 2.0 * r * r - 1.0
    # Chebyshev interpolation of atan(r)/r in r^2, degree 22: 2^-60
    p = 1.293081691790813e-12
    p = p * v - 4.048723308331434e-12
    p = p * v + 5.2660952321692814e-12
    p = p * v - 1.6649704524279563e-11
    p = p * v + 7.137783789145907e-11
    p = p * v - 2.2610231886790481e-10
    p = p * v + 6.919944020431581e-10
    p = p * v - 2.208281491755967e-09
    p = p * v + 7.099509212434809e-09
    p = p * v - 2.285234288746683e-08
    p = p * v + 7.393952233672895e-08
    p = p * v - 2.4077722324530413e-07
    p = p * v + 7.898664992314531e-07
    p = p * v - 2.614079513157223e-06
    p = p * v + 8.744938258275806e-06
    p = p * v - 2.965003947163037e-05
    p = p * v + 0.00010227656116493796
    p = p * v - 0.00036098208718017745
    p = p * v + 0.0013155859496274019
    p = p * v - 0.005030863660244241
    p = p * v + 0.020851851207108144
    p = p * v - 0.10187654235021827
    p = p * v + 0.8704197513671031
    r = r * p
    r = 1.5707963267948966 - r if a > 1.0 else r
    return r if x >= 0.0 else -r


def cauchy_angle(a: float) -> float:
    """Inverse cotangent of a >= 0: pi times the mass of the standard Cauchy law beyond a."""
    far = atan(1.0 / max(a, 1.0))
    return far if a > 1.0 else 1.5707963267948966 - atan(a)


def cauchy_cdf(x: float) -> float:
    """Distribution function of the standard Cauchy law."""
    tail = 0.3183098861837907 * cauchy_angle(abs(x))
    return tail if x < 0.0 else 1.0 - tail


def log_cauchy_cdf(x: float) -> float:
    """Its logarithm, without cancellation on either side."""
    tail = 0.3183098861837907 * cauchy_angle(abs(x))
    left, right = log(tail), log1p(-tail)
    return left if x < 0.0 else right


def cauchy_mills(x: float) -> float:
    """Derivative of log_cauchy_cdf: 1/((1 + x^2) angle), the angle pi times the mass below x."""
    a = abs(x)
    angle = cauchy_angle(a)
    far = a > 1.0
    s = 1.0 / max(a, 1.0)
    # Far out the angle is s, to its last bit where s^2 underflows.
    left = s * (s / angle if s > 1e-300 else 1.0) / (1.0 + s * s)
    near = 1.0 / ((1.0 + a * a) * angle)
    right = 1.0 / ((1.0 + a * a) * (3.141592653589793 - angle))
    left = left if far else near
    return left if x < 0.0 else right


def cauchy_mills1(x: float) -> float:
    """-m (m + 2 x/(1 + x^2)) of m = cauchy_mills(x)."""
    a = abs(x)
    s = 1.0 / max(a, 1.0) if a > 1.0 else a
    slope = 2.0 * s / (1.0 + s * s)
    m = cauchy_mills(x)
    return -m * (m - slope if x < 0.0 else m + slope)


def _beyond_atanh(w: float) -> float:
    """atanh(s)/s - 1 where s**2 = w: w/3 + w**2/5 + ..., w <= 1/9."""
    p = 1.0 / 33.0
    p = p * w + 1.0 / 31.0
    p = p * w + 1.0 / 29.0
    p = p * w + 1.0 / 27.0
    p = p * w + 1.0 / 25.0
    p = p * w + 1.0 / 23.0
    p = p * w + 1.0 / 21.0
    p = p * w + 1.0 / 19.0
    p = p * w + 1.0 / 17.0
    p = p * w + 1.0 / 15.0
    p = p * w + 1.0 / 13.0
    p = p * w + 1.0 / 11.0
    p = p * w + 1.0 / 9.0
    p = p * w + 1.0 / 7.0
    p = p * w + 1.0 / 5.0
    p = p * w + 1.0 / 3.0
    return p * w


def log1pmx(x: float) -> float:
    """log(1 + x) - x, the quadratic and higher part, for x > -1; accurate near 0."""
    near = abs(x) < 0.4
    t = x if near else 0.0
    # log(1 + x) = 2 atanh(z) with z = x/(2 + x), and 2z - x = -x z.
    z = t / (2.0 + t)
    far = log1p(x) - x if x != math.inf else -x
    return 2.0 * z * _beyond_atanh(z * z) - t * z if near else far


def bd0(x: float, z: float) -> float:
    """x log(x/z) - x + z without cancellation, x >= 0, z > 0: half the deviance of a Poisson count."""
    near = z > 0.1 * x and x > 1e-15 * z
    s = (z - x) / (x if near else 1.0)
    far = xlogy(x, x / (z if z > 0.0 else 1.0)) - x + z
    outside = math.nan if z < 0.0 or x < 0.0 else math.inf if x > 0.0 else 0.0
    return -x * log1pmx(s) if near else far if z > 0.0 and x >= 0.0 else outside + z + x


def _binet_step(t: float) -> float:
    """binet(t) - binet(t + 1) = (t + 1/2) log(1 + 1/t) - 1, t > 0."""
    far = t > 1.0
    s = 1.0 / (2.0 * (t if far else 1.0) + 1.0)
    below = (t + 0.5) * log1p(1.0 / t) - 1.0
    return _beyond_atanh(s * s) if far else below


def softplus_excess(t: float) -> float:
    """log1p(t)/t - 1 for 0 <= t <= 1."""
    far = t > 1e-4
    s = t if far else 1.0
    near = t * (t * (0.3333333333333333 - t * (0.25 - 0.2 * t)) - 0.5)
    return log1pmx(s) / s if far else near


def log_softplus(x: float) -> float:
    """log(log(1 + e**x)): x itself far to the left."""
    left = x + log1p(softplus_excess(exp(min(x, 0.0))))
    right = log(softplus(max(x, 0.0)))
    return left if x < 0.0 else right


def log_softplus1(x: float) -> float:
    """sigmoid(x)/softplus(x), the derivative of log_softplus: 1 far to the left."""
    t = exp(min(x, 0.0))
    left = 1.0 / ((1.0 + t) * (1.0 + softplus_excess(t)))
    right = sigmoid(x) / softplus(max(x, 0.0))
    return left if x < 0.0 else right


def log_softplus2(x: float) -> float:
    """Derivative of log_softplus1: about -e**x/2 far to the left, -1/x^2 to the right."""
    t = exp(min(x, 0.0))
    w = softplus_excess(t)
    m = log_softplus1(x)
    left = m * w / ((1.0 + t) * (1.0 + w))
    right = m * (sigmoid(-x) - m)
    return left if x < 0.0 else right


def binet(x: float) -> float:
    """Binet's function, what Stirling's formula leaves of log gamma(x), for x > 0: about 1/(12 x)."""
    positive = x if x > 0.0 else 1.0
    small = positive < 5.0
    y = positive if small else 1.0
    steps = _binet_step(y) + _binet_step(y + 1.0) + _binet_step(y + 2.0) + _binet_step(y + 3.0)
    steps = steps + _binet_step(y + 4.0)
    inverse = 1.0 / (positive + 5.0 if small else positive)
    w = inverse * inverse
    # As in loggamma: x times the error of Stirling's formula without the sum, x >= 4.25.
    ww = w * w
    even = 0.005116269876872222
    even = even * ww + 0.0008405024872548415
    even = even * ww + 0.0007936506841267917
    even = even * ww + 0.08333333333333322
    odd = -0.010407978164008267
    odd = odd * ww - 0.001865054446052462
    odd = odd * ww - 0.0005952215242734768
    odd = odd * ww - 0.002777777777500137
    result = inverse * (even + w * odd) + (steps if small else 0.0)
    return result if x > 0.0 else (math.inf if x == 0.0 else math.nan)


def _binet1_step(t: float) -> float:
    """binet1(t) - binet1(t + 1) = log(1 + 1/t) - (1/t + 1/(t + 1))/2, t > 0."""
    far = t > 1.0
    s = 1.0 / (2.0 * (t if far else 1.0) + 1.0)
    w = s * s
    # 2 (atanh(s) - s/(1 - s^2))
    above = 2.0 * s * (_beyond_atanh(w) - w / (1.0 - w))
    below = log1p(1.0 / t) - 0.5 * (1.0 / t + 1.0 / (t + 1.0))
    return above if far else below


def binet1(x: float) -> float:
    """Derivative of binet: digamma(x) - log(x) + 1/(2 x), about -1/(12 x^2)."""
    positive = x if x > 0.0 else 1.0
    small = positive < 4.0
    y = positive if small else 1.0
    steps = _binet1_step(y) + _binet1_step(y + 1.0) + _binet1_step(y + 2.0) + _binet1_step(y + 3.0)
    inverse = 1.0 / (positive + 4.0 if small else positive)
    w = inverse * inverse
    # As in digamma: x^2 (log x - 1/(2x) - digamma(x)), x >= 4.
    ww = w * w
    even = 0.5446132404483803
    even = even * ww + 0.07413501093946069
    even = even * ww + 0.007569952736591271
    even = even * ww + 0.003968253588670105
    even = even * ww + 0.08333333333333302
    odd = -0.25871255801390414
    odd = odd * ww - 0.020798291432669674
    odd = odd * ww - 0.004166600788730697
    odd = odd * ww - 0.008333333332485518
    result = (steps if small else 0.0) - w * (even + w * odd)
    return result if x > 0.0 else (-math.inf if x == 0.0 else math.nan)


def binet2(x: float) -> float:
    """Second derivative of binet: trigamma(x) - 1/x - 1/(2 x^2), about 1/(6 x^3)."""
    positive = x if x > 0.0 else 1.0
    small = positive < 4.0
    y = positive if small else 1.0
    # binet2(t) - binet2(t + 1) = (1/t - 1/(t + 1))^2 / 2
    a, b = 1.0 / (y * (y + 1.0)), 1.0 / ((y + 1.0) * (y + 2.0))
    c, d = 1.0 / ((y + 2.0) * (y + 3.0)), 1.0 / ((y + 3.0) * (y + 4.0))
    steps = 0.5 * (((d * d + c * c) + b * b) + a * a)
    inverse = 1.0 / (positive + 4.0 if small else positive)
    w = inverse * inverse
    # As in trigamma: x^3 (trigamma(x) - 1/x - 1/(2x^2)), x >= 4.
    ww = w * w
    even = 299.5547548026518
    even = even * ww + 33.8299415242223
    even = even * ww + 1.142364431169612
    even = even * ww + 0.07575184084223857
    even = even * ww + 0.023809523651341178
    even = even * ww + 0.1666666666666666
    odd = -140.1605707080712
    odd = odd * ww - 6.2376073377668915
    odd = odd * ww - 0.2526473496552095
    odd = odd * ww - 0.033333291482860655
    odd = odd * ww - 0.03333333333309892
    result = inverse * w * (even + w * odd) + (steps if small else 0.0)
    return result if x > 0.0 else (math.inf if x == 0.0 else math.nan)


def lgr(x: float, z: float) -> float:
    """log gamma(x + z) - log gamma(x), x > 0 and x + z > 0."""
    whole = x + z
    return (binet(whole) - binet(x)) + (x - 0.5) * log1p(z / x) + (z * log(whole) - z)


def lgr1(x: float, z: float) -> float:
    """digamma(x + z) - digamma(x)."""
    whole = x + z
    return (binet1(whole) - binet1(x)) + (log1p(z / x) + 0.5 * (z / x) / whole)


def lgr2(x: float, z: float) -> float:
    """trigamma(x + z) - trigamma(x)."""
    whole = x + z
    share = (z / x) / whole
    return (binet2(whole) - binet2(x)) - (share + 0.5 * share * (1.0 / x + 1.0 / whole))


def lgd(x: float, z: float) -> float:
    """lgr(x, z) - z log(x): what is left of it where x is large, about z (z - 1)/(2 x)."""
    u = z / x
    return (binet(x + z) - binet(x)) + (x * log1pmx(u) + (z - 0.5) * log1p(u))


def lgd1(x: float, z: float) -> float:
    """Derivative of lgd for x: digamma(x + z) - digamma(x) - z/x."""
    u = z / x
    return (binet1(x + z) - binet1(x)) + (log1pmx(u) + 0.5 * u / (x + z))


def lgd2(x: float, z: float) -> float:
    """Derivative of lgd1 for x: trigamma(x + z) - trigamma(x) + z/x^2."""
    u, whole = z / x, x + z
    share = u / whole
    return (binet2(whole) - binet2(x)) + (u * share - 0.5 * share * (1.0 / x + 1.0 / whole))


def lbeta(x: float, z: float) -> float:
    """log gamma(x) + log gamma(z) - log gamma(x + z), x and z > 0."""
    powers = x * log1p(z / x) + z * log1p(x / z)
    rest = 0.9189385332046728 + (binet(x) + binet(z) - binet(x + z))
    return rest - powers - 0.5 * (log(x) + log(z / (x + z)))


def exprel(x: float) -> float:
    """(e**x - 1)/x, the mean of e**(x t) over t in [0, 1]; 1 at 0."""
    k, value = _expm1_parts(min(720.0, max(-40.0, x)))
    bounded = min(1000.0, x)  # exp overflows before that
    ratio = _scale(value / (bounded if x != 0.0 else 1.0), k)
    result = 1.0 if x == 0.0 else ratio
    return result if x == x else x


def _tilted(x: float, near: bool, half: float, factor: float, rest: float) -> float:
    """e**(x/2) * half where x is near 0, elsewhere e**x * factor + rest; in steps that do not overflow."""
    k, r, tail = _reduce(min(720.0, max(-746.0, 0.5 * x if near else x)))
    result = _scale((1.0 + (r + tail)) * (half if near else factor), k) + (0.0 if near else rest)
    return result if x == x else x


def _first_moment(ww: float, w: float) -> float:
    """Mean of s sinh(x s)/x over s in [-1/2, 1/2], w = x^2 <= 12.25."""
    # Chebyshev interpolation in w, degree 8: 2^-62
    even = 5.854113918434862e-22
    even = even * ww + 6.534501776685314e-16
    even = even * ww + 2.4464949613611877e-10
    even = even * ww + 1.8601190476191003e-05
    even = even * ww + 0.08333333333333333
    odd = 6.859070315019362e-19
    odd = odd * ww + 4.704797564380827e-13
    odd = odd * ww + 8.611662257451597e-08
    odd = odd * ww + 0.0020833333333333333
    return even + w * odd


def exprel1(x: float) -> float:
    """Derivative of exprel: the mean of t e**(x t) over t in [0, 1]; 1/2 at 0."""
    near = abs(x) < 2.0
    t = x if near else 0.0
    w = t * t
    ww = w * w
    # With t = 1/2 + s: e^(x/2) times (sinh(x/2)/x + the mean of s sinh(x s)).
    # Chebyshev interpolation of sinh(x/2)/x in w = x^2 <= 4, degree 7: 2^-63
    even = 1.9601073330331786e-14
    even = even * ww + 5.382288896618717e-09
    even = even * ww + 0.0002604166666666594
    even = even * ww + 0.5
    odd = 2.368289678268136e-17
    odd = odd * ww + 1.2232482427468419e-11
    odd = odd * ww + 1.5500992063637895e-06
    odd = odd * ww + 0.020833333333333336
    half = (even + w * odd) + t * _first_moment(ww, w)
    v = 1.0 / (1.0 if near else min(1000.0, x))  # exp overflows before that
    return _tilted(x, near, half, v - v * v, v * v)


def exprel2(x: float) -> float:
    """Second derivative of exprel: the mean of t^2 e**(x t) over t in [0, 1]; 1/3 at 0."""
    near = abs(x) < 3.5
    t = x if near else 0.0
    w = t * t
    ww = w * w
    # As in exprel1; Chebyshev interpolation of the mean of (s^2 + 1/4) cosh(x s) in w = x^2 <= 12.25, degree 9: 2^-67
    even = 2.0306213192339738e-20
    even = even * ww + 1.8296434825684345e-14
    even = even * ww + 4.8929899189990256e-09
    even = even * ww + 0.00022321428571428565
    even = even * ww + 0.3333333333333333
    odd = 1.548946635439333e-23
    odd = odd * ww + 2.1964720404671967e-17
    odd = odd * ww + 1.1291515207680108e-11
    odd = odd * ww + 1.377865961199356e-06
    odd = odd * ww + 0.016666666666666666
    half = (even + w * odd) + t * _first_moment(ww, w)
    v = 1.0 / (1.0 if near else min(1000.0, x))  # exp overflows before that
    return _tilted(x, near, half, v * (1.0 - 2.0 * v * (1.0 - v)), -2.0 * v * v * v)


def lexprel(x: float) -> float:
    """log((e**x - 1)/x), about x/2 near 0, x - log(x) far to the right, -log(-x) far to the left."""
    near = abs(x) < 3.0
    t = x if near else 0.0
    w = t * t
    ww = w * w
    # Chebyshev interpolation of log(sinh(x/2)/(x/2))/x^2 in w = x^2 <= 9, degree 12: 2^-59
    even = 3.8122838699726813e-23
    even = even * ww + 2.2482623046358947e-19
    even = even * ww + 4.755783758454759e-16
    even = even * ww + 9.558769662046902e-13
    even = even * ww + 2.087675650170391e-09
    even = even * ww + 5.5114638447819006e-06
    even = even * ww + 0.041666666666666664
    odd = -3.86910245807027e-21
    odd = odd * ww - 1.0645128859469893e-17
    odd = odd * ww - 2.1179324645383764e-14
    odd = odd * ww - 4.403488046758995e-11
    odd = odd * ww - 1.0333994705217925e-07
    odd = odd * ww - 0.0003472222222222198
    # For x > 0 it is x + lexprel(-x).
    left = x if x < 0.0 else -min(1e300, x)
    far = (0.0 if x < 0.0 else x) + log(exprel(left))
    result = 0.5 * t + w * (even + w * odd) if near else far
    return result if x == x else x


def lexprel1(x: float) -> float:
    """Derivative of lexprel: 1/(1 - e**-x) - 1/x, between 0 and 1; 1/2 at 0."""
    near = abs(x) < 2.5
    t = x if near else 0.0
    w = t * t
    ww = w * w
    # Chebyshev interpolation of (lexprel1(x) - 1/2)/x in w = x^2 <= 6.25, degree 12: 2^-62
    even = 1.3379748469668748e-21
    even = even * ww + 5.2019395318682935e-18
    even = even * ww + 8.57751966340481e-15
    even = even * ww + 1.3382482155218351e-11
    even = even * ww + 2.087675691829965e-08
    even = even * ww + 3.306878306877246e-05
    even = even * ww + 0.08333333333333333
    odd = -1.0709958614857931e-19
    odd = odd * ww - 2.155354068740818e-16
    odd = odd * ww - 3.389420677965286e-13
    odd = odd * ww - 5.284189372167723e-10
    odd = odd * ww - 8.267195766819195e-07
    odd = odd * ww - 0.0013888888888888876
    y = 3.0 if near else abs(x)
    left = 1.0 / y - 1.0 / expm1(y)
    far = left if x < 0.0 else 1.0 - left
    result = 0.5 + t * (even + w * odd) if near else far
    return result if x == x else x


def lexprel2(x: float) -> float:
    """Second derivative of lexprel: 1/x^2 - e**x/(e**x - 1)^2, an even function; 1/12 at 0."""
    near = abs(x) < 4.0
    t = x if near else 0.0
    w = t * t
    ww = w * w
    # Chebyshev interpolation in w = x^2 <= 16, degree 17: 2^-58
    even = 8.088714293966983e-27
    even = even * ww + 4.340118589341983e-23
    even = even * ww + 8.36078778682272e-20
    even = even * ww + 1.1532022248514257e-16
    even = even * ww + 1.459531120938159e-13
    even = even * ww + 1.7397289215073207e-10
    even = even * ww + 1.87890812726962e-07
    even = even * ww + 0.00016534391534387297
    even = even * ww + 0.08333333333333333
    odd = -4.4829400920397115e-29
    odd = odd * ww - 7.211458091732214e-25
    odd = odd * ww - 2.0477437484725075e-21
    odd = odd * ww - 3.1619075271797652e-18
    odd = odd * ww - 4.1300539883294e-15
    odd = odd * ww - 5.0844868277630406e-12
    odd = odd * ww - 5.812609009667417e-09
    odd = odd * ww - 5.787037036922428e-06
    odd = odd * ww - 0.0041666666666666605
    y = 4.0 if near else abs(x)
    v, e = 1.0 / y, exp(-y)
    far = v * v - e / ((1.0 - e) * (1.0 - e))
    result = even + w * odd if near else far
    return result if x == x else x


def _times_gauss(factor: float, x: float) -> float:
    """factor * e**(x^2) for -27.5 <= x <= 0, without the error of a rounded square."""
    high = (x + 3221225472.0) - 3221225472.0  # 26 bits: its square is exact
    square = x * x
    lost = (high * high - square) + (x + high) * (x - high)
    k, r, tail = _reduce(square)
    return _scale(factor * (1.0 + (r + (tail + lost * (1.0 + (r + tail))))), k)


def _erfcx_variable(t: float) -> float:
    """(t - 4)/(t + 4): all t >= 0 in [-1, 1]."""
    return 1.0 - 8.0 / (t + 4.0)


def erfcx(x: float) -> float:
    """e**(x^2) erfc(x), about 1/(sqrt(pi) x) to the right and 2 e**(x^2) to the left."""
    q = _erfcx_variable(abs(x))
    qq = q * q
    # Chebyshev interpolation of (1 + t) erfcx(t) in q, t >= 0, degree 25: 2^-59
    even = -1.3957574032767495e-10
    even = even * qq + 1.6844354122037873e-09
    even = even * qq - 1.1396979080247648e-08
    even = even * qq + 5.131334593621251e-08
    even = even * qq + 4.0285329470106016e-09
    even = even * qq - 4.138415348077945e-06
    even = even * qq + 6.403274051753607e-05
    even = even * qq - 0.00038976749365136323
    even = even * qq - 0.00606873521768341
    even = even * qq - 0.017515654646768204
    even = even * qq + 0.003962055681303
    even = even * qq + 0.11704966551044224
    even = even * qq + 0.6849972881253069
    odd = -5.725027019066754e-11
    odd = odd * qq + 7.459562329711124e-10
    odd = odd * qq - 6.17471900110668e-09
    odd = odd * qq + 4.7099635022733495e-08
    odd = odd * qq - 3.6411954181777864e-07
    odd = odd * qq + 2.6501345097438584e-06
    odd = odd * qq - 1.3151055331882063e-05
    odd = odd * qq - 6.013679869852093e-05
    odd = odd * qq + 0.0021164215893195166
    odd = odd * qq + 0.012161784752327175
    odd = odd * qq + 0.01531250967934832
    odd = odd * qq - 0.04808038122130931
    odd = odd * qq - 0.19934458280036707
    right = (even + q * odd) / (1.0 + abs(x))
    left = _times_gauss(2.0, max(-27.5, min(x, 0.0))) - right
    result = left if x < 0.0 else right
    return result if x == x else x


def erfcx1(x: float) -> float:
    """Derivative of erfcx: 2 x erfcx(x) - 2/sqrt(pi), without that difference."""
    q = _erfcx_variable(abs(x))
    qq = q * q
    # Chebyshev interpolation of -(1 + t)^2 erfcx'(t) in q, degree 27: 2^-59
    even = -4.687243191641714e-10
    even = even * qq + 5.962628329911587e-09
    even = even * qq - 4.743558661955985e-08
    even = even * qq + 3.4688770154010143e-07
    even = even * qq - 2.5971568192228354e-06
    even = even * qq + 1.8795253883901145e-05
    even = even * qq - 0.00010757904281658659
    even = even * qq + 0.00011491894709935918
    even = even * qq + 0.006192177129619819
    even = even * qq + 0.0018136078826957803
    even = even * qq - 0.06828598925974626
    even = even * qq - 0.09401791025931802
    even = even * qq + 0.19097099450548036
    even = even * qq + 0.8095876523755363
    odd = 3.13170703859571e-10
    odd = odd * qq - 3.9451407741472e-09
    odd = odd * qq + 2.8340476691067213e-08
    odd = odd * qq - 1.6097583493178784e-07
    odd = odd * qq + 7.763921333037191e-07
    odd = odd * qq - 2.4785945098858586e-06
    odd = odd * qq - 9.170867677958813e-06
    odd = odd * qq + 0.00026846330933252203
    odd = odd * qq - 0.0021673857857405455
    odd = odd * qq - 0.008891788808258843
    odd = odd * qq + 0.024378361219609564
    odd = odd * qq + 0.10607993522475823
    odd = odd * qq - 0.006258557207684293
    odd = odd * qq - 0.3954928103885119
    v = 1.0 / (1.0 + abs(x))
    right = ((even + q * odd) * v) * v
    y = max(-27.5, min(x, 0.0))
    left = _times_gauss(4.0 * y, y) - right
    result = left if x < 0.0 else -right
    return result if x == x else x


def erfcx2(x: float) -> float:
    """Second derivative of erfcx, about 2/(sqrt(pi) x^3) to the right."""
    q = _erfcx_variable(abs(x))
    qq = q * q
    # Chebyshev interpolation of (1 + t)^3 erfcx''(t) in q, degree 29: 2^-59
    even = 4.411306362854173e-09
    even = even * qq - 5.455301098634336e-08
    even = even * qq + 3.785105779221823e-07
    even = even * qq - 2.0741369538446366e-06
    even = even * qq + 1.012223837424993e-05
    even = even * qq - 4.194084445654729e-05
    even = even * qq + 8.754157192902471e-05
    even = even * qq + 0.0008030426847229341
    even = even * qq - 0.010547133864266558
    even = even * qq + 0.012755786745099406
    even = even * qq + 0.12126394182355638
    even = even * qq - 0.1467564142015721
    even = even * qq - 0.6205944052138581
    even = even * qq + 0.34085247713241545
    even = even * qq + 1.8663583112438926
    odd = 6.571860367999319e-10
    odd = odd * qq - 7.596131138853133e-09
    odd = odd * qq + 5.0787145206209675e-08
    odd = odd * qq - 3.100534683087627e-07
    odd = odd * qq + 2.1570894221195295e-06
    odd = odd * qq - 1.669526507965548e-05
    odd = odd * qq + 0.0001265458614373267
    odd = odd * qq - 0.0008054981697398608
    odd = odd * qq + 0.0028678922025636828
    odd = odd * qq + 0.012063687771998084
    odd = odd * qq - 0.07105038555144759
    odd = odd * qq - 0.07129266070351763
    odd = odd * qq + 0.4598053838171586
    odd = odd * qq + 0.36106198920623134
    odd = odd * qq - 1.128572566506002
    v = 1.0 / (1.0 + abs(x))
    right = (((even + q * odd) * v) * v) * v
    y = max(-27.5, min(x, 0.0))
    left = _times_gauss(4.0 + 8.0 * y * y, y) - right
    result = left if x < 0.0 else right
    return result if x == x else x


def _bessel_i0m1(w: float) -> float:
    """I0(x) - 1 where w = x^2/4 <= 25."""
    ww = w * w
    # Chebyshev interpolation of (I0 - 1)/w in w, degree 16: 2^-58; no coefficient is negative
    even = 1.5159995446357626e-29
    even = even * ww + 6.325234908933852e-25
    even = even * ww + 2.5844619244483355e-20
    even = even * ww + 6.276259327124733e-16
    even = even * ww + 7.594060181800163e-12
    even = even * ww + 3.936759894118852e-08
    even = even * ww + 6.94444444447673e-05
    even = even * ww + 0.027777777777778043
    even = even * ww + 1.0
    odd = 1.5073188714454955e-27
    odd = odd * ww + 1.2964195216166434e-22
    odd = odd * ww + 4.3572372793758506e-18
    odd = odd * ww + 7.594037934855533e-14
    odd = odd * ww + 6.151187216571863e-10
    odd = odd * ww + 1.9290123455228403e-06
    odd = odd * ww + 0.0017361111111107064
    odd = odd * ww + 0.24999999999999992
    return w * (even + w * odd)


def _bessel_i1(w: float) -> float:
    """I1(x)/(x/2) where w = x^2/4 <= 25."""
    ww = w * w
    # Chebyshev interpolation in w, degree 17: 2^-60
    even = 8.826121037900378e-29
    even = even * ww + 8.639090093513377e-24
    even = even * ww + 3.3516623533672535e-19
    even = even * ww + 6.903668373493486e-15
    even = even * ww + 6.834652431703906e-11
    even = even * ww + 2.755731922064827e-07
    even = even * ww + 0.000347222222222053
    even = even * ww + 0.08333333333333322
    even = even * ww + 1.0
    odd = 8.43589869400901e-31
    odd = odd * ww + 3.9583639106516264e-26
    odd = odd * ww + 1.8462208023164416e-21
    odd = odd * ww + 5.23023015855658e-17
    odd = odd * ww + 7.594060504931451e-13
    odd = odd * ww + 4.920949869843492e-09
    odd = odd * ww + 1.1574074074166475e-05
    odd = odd * ww + 0.006944444444444633
    odd = odd * ww + 0.5
    return even + w * odd


def _bessel_spread(w: float) -> float:
    """I0^2 - I0 I1/x - I1^2, the derivative of I1/I0 times I0^2, where w = x^2/4 <= 25."""
    ww = w * w
    # Chebyshev interpolation in w, degree 24: 2^-60; it is a series of positive terms
    even = 4.0032605791551805e-37
    even = even * ww + 8.050844058323233e-33
    even = even * ww + 4.888518290994225e-29
    even = even * ww + 3.3243997002555572e-25
    even = even * ww + 2.3874944502466563e-21
    even = even * ww + 1.1732322566944363e-17
    even = even * ww + 3.486934474766999e-14
    even = even * ww + 5.7977192448760466e-11
    even = even * ww + 4.886776610832578e-08
    even = even * ww + 1.818783068845654e-05
    even = even * ww + 0.002430555555556356
    even = even * ww + 0.08333333333333347
    even = even * ww + 0.5
    odd = -5.191077239607617e-35
    odd = odd * ww - 2.3450695509894696e-31
    odd = odd * ww + 2.125560260403713e-27
    odd = odd * ww + 2.7847776224436825e-23
    odd = odd * ww + 1.7698296051850174e-19
    odd = odd * ww + 6.842199081828096e-16
    odd = odd * ww + 1.5372723448180026e-12
    odd = odd * ww + 1.8461155678898361e-09
    odd = odd * ww + 1.055543744953197e-06
    odd = odd * ww + 0.00024305555555469168
    odd = odd * ww + 0.017361111111110654
    odd = odd * ww + 0.24999999999999997
    return even + w * odd


def _log_bessel_beyond(y: float) -> float:
    """log(e**-y I0(y)) for y >= 10, about -log(2 pi y)/2, without its logarithm: log(y)/2 is to be taken off."""
    u = 20.0 / y - 1.0
    uu = u * u
    # Chebyshev interpolation of log(sqrt(y) e^-y I0(y)) in u, degree 22: 2^-58
    even = -5.743577604240429e-12
    even = even * uu + 4.210052249572391e-11
    even = even * uu - 1.4352490464394796e-10
    even = even * uu + 2.913885123226474e-10
    even = even * uu - 3.0350790536166383e-10
    even = even * uu - 2.4558702560622233e-10
    even = even * uu + 9.119325351829767e-10
    even = even * uu + 3.122056874900524e-09
    even = even * uu + 3.2542300345657064e-08
    even = even * uu + 1.158109681248759e-06
    even = even * uu + 0.00018528886315641384
    even = even * uu - 0.9125234349787302
    odd = -2.9077562630522567e-13
    odd = odd * uu + 8.436799274354772e-12
    odd = odd * uu - 6.388656622264797e-11
    odd = odd * uu + 2.5769337937481015e-10
    odd = odd * uu - 6.038134570468573e-10
    odd = odd * uu + 3.7170088413548814e-10
    odd = odd * uu + 1.5548446719900585e-09
    odd = odd * uu + 8.600837853221927e-09
    odd = odd * uu + 1.6614722902658817e-07
    odd = odd * uu + 1.1562933586280188e-05
    odd = odd * uu + 0.006589842203857474
    return even + u * odd


def _bessel_gap(y: float) -> float:
    """1 - I1(y)/I0(y) for y >= 10, about 1/(2 y)."""
    v = 1.0 / y
    u = 20.0 * v - 1.0
    uu = u * u
    # Chebyshev interpolation of y times it in u, degree 26: 2^-58
    even = -5.167198548517821e-11
    even = even * uu + 4.1418967803754953e-10
    even = even * uu - 1.5507247925173286e-09
    even = even * uu + 3.627116289140313e-09
    even = even * uu - 5.895410683313298e-09
    even = even * uu + 6.456873424249994e-09
    even = even * uu - 2.009101110660298e-09
    even = even * uu - 1.0173451139776657e-08
    even = even * uu + 1.3048817141672489e-08
    even = even * uu + 3.899606407744186e-08
    even = even * uu + 2.554571457181851e-07
    even = even * uu + 5.463174996943464e-06
    even = even * uu + 0.0004052665270691628
    even = even * uu + 0.5065898422038575
    odd = -1.932778124841323e-11
    odd = odd * uu + 1.699549678022525e-10
    odd = odd * uu - 7.417177729841151e-10
    odd = odd * uu + 2.209464025674832e-09
    odd = odd * uu - 5.154619464285771e-09
    odd = odd * uu + 9.723050741466609e-09
    odd = odd * uu - 1.2740701691604716e-08
    odd = odd * uu + 1.37089770260909e-09
    odd = odd * uu + 2.3059878184172475e-08
    odd = odd * uu + 8.518986733908017e-08
    odd = odd * uu + 1.0259893480344667e-06
    odd = odd * uu + 3.932123950585839e-05
    odd = odd * uu + 0.0069604199301700614
    return v * (even + u * odd)


def log_bessel_i0(x: float) -> float:
    """log of the modified Bessel function I0, even: x^2/4 near 0, |x| - log(2 pi |x|)/2 far out."""
    near = abs(x) < 10.0
    t = abs(x) if near else 0.0
    y = 10.0 if near else min(1e300, abs(x))
    logarithm = log1p(_bessel_i0m1(0.25 * t * t) if near else y - 1.0)
    far = abs(x) + (_log_bessel_beyond(y) - 0.5 * logarithm)
    result = logarithm if near else far
    return result if x == x else x


def log_bessel_i0mx(x: float) -> float:
    """log_bessel_i0(x) - x, the logarithm of e**-x I0(x): about -log(2 pi x)/2 for large x."""
    near = abs(x) < 10.0
    t = abs(x) if near else 0.0
    y = 10.0 if near else abs(x)
    logarithm = log1p(_bessel_i0m1(0.25 * t * t) if near else y - 1.0)
    beyond = _log_bessel_beyond(y) - 0.5 * logarithm
    far = beyond if x > 0.0 else -2.0 * x + (beyond if x > -1e300 else 0.0)
    result = logarithm - x if near else far
    return result if x == x else x


def bessel_ratio(x: float) -> float:
    """I1(x)/I0(x), the derivative of log_bessel_i0: odd, x/2 near 0, 1 - 1/(2 x) for large x."""
    near = abs(x) < 10.0
    t = abs(x) if near else 0.0
    y = 10.0 if near else abs(x)
    w = 0.25 * t * t
    inside = 0.5 * t * _bessel_i1(w) / (1.0 + _bessel_i0m1(w))
    size = inside if near else 1.0 - _bessel_gap(y)
    result = size if x >= 0.0 else -size
    return result if x == x else x


def bessel_ratiom1(x: float) -> float:
    """bessel_ratio(x) - 1, about -1/(2 x) for large x."""
    near = abs(x) < 10.0
    t = abs(x) if near else 0.0
    y = 10.0 if near else abs(x)
    w = 0.25 * t * t
    i0, i1 = 1.0 + _bessel_i0m1(w), 0.5 * _bessel_i1(w)
    ratio = t * i1 / i0
    # 1 - A^2 = A' + A/x, and so 1 - A without a difference.
    inside = (_bessel_spread(w) / (i0 * i0) + i1 / i0) / (1.0 + ratio)
    gap = inside if near else _bessel_gap(y)
    result = -gap if x >= 0.0 else gap - 2.0
    return result if x == x else x


def bessel_ratio1(x: float) -> float:
    """Derivative of bessel_ratio: even, 1/2 at 0, about 1/(2 x^2) for large x."""
    near = abs(x) < 10.0
    t = abs(x) if near else 0.0
    w = 0.25 * t * t
    i0 = 1.0 + _bessel_i0m1(w)
    v = 1.0 / (10.0 if near else abs(x))
    u = 20.0 * v - 1.0
    uu = u * u
    # Chebyshev interpolation of x^2 times it in u = 20/x - 1, x >= 10, degree 29: 2^-58
    even = 5.614503390585271e-10
    even = even * uu - 4.708784088654406e-09
    even = even * uu + 1.830007425628934e-08
    even = even * uu - 4.372125196380206e-08
    even = even * uu + 7.072200010616711e-08
    even = even * uu - 7.48768475344408e-08
    even = even * uu + 2.290366035328888e-08
    even = even * uu + 1.1623028592331414e-07
    even = even * uu - 2.9826916359831805e-07
    even = even * uu + 1.5873693357774733e-07
    even = even * uu + 5.58482754327248e-07
    even = even * uu + 2.384531071110778e-06
    even = even * uu + 3.244582163083737e-05
    even = even * uu + 0.0013337632997267677
    even = even * uu + 0.5135502621340275
    odd = -7.120291068259492e-10
    odd = odd * uu + 6.161421603003578e-09
    odd = odd * uu - 2.5059595223211523e-08
    odd = odd * uu + 6.466776893957858e-08
    odd = odd * uu - 1.2192320906425032e-07
    odd = odd * uu + 1.8559962605428278e-07
    odd = odd * uu - 2.453563859341696e-07
    odd = odd * uu + 2.810012433726685e-07
    odd = odd * uu - 2.1389084329275754e-07
    odd = odd * uu - 1.0393029776115912e-07
    odd = odd * uu + 3.6082756799973086e-07
    odd = odd * uu + 9.93512136823101e-07
    odd = odd * uu + 7.688677641329951e-06
    odd = odd * uu + 0.0001791376580440025
    odd = odd * uu + 0.014731372914478208
    far = ((even + u * odd) * v) * v
    result = _bessel_spread(w) / (i0 * i0) if near else far
    return result if x == x else x


def _quarter_turns(x: float) -> tuple[float, float, float]:
    """n, r, tail with x = n pi/2 + r + tail, |r| <= pi/4: exact to |x| = 2^53, from where on x stays there."""
    y = min(9007199254740992.0, max(-9007199254740992.0, x))
    n = float(np.floor(y * 0.6366197723675814 + 0.5))
    high = float(np.floor(n * 7.450580596923828e-09 + 0.5)) * 134217728.0  # a multiple of 2^27
    low = n - high
    # pi/2 in pieces of 26 bits: every product and all differences but the last are exact.
    a = (y - high * 1.5707963109016418) - low * 1.5707963109016418
    a = (a - high * 1.5893254712295857e-08) - low * 1.5893254712295857e-08
    a = a - high * 6.123233932053594e-17
    b = low * 6.123233932053594e-17
    r = a - b
    tail = ((a - r) - b) - n * 6.36831716351095e-25
    total = r + tail
    return n, total, tail - (total - r)


def _turned(n: float, r: float, tail: float) -> float:
    """sin(n pi/2 + r + tail)."""
    z = r * r
    zz = z * z
    # Chebyshev interpolation of (sin r - r)/r^3 in z = r^2, |r| <= pi/4, degree 6: 2^-63
    s_even = -7.585494528127909e-13
    s_even = s_even * zz - 2.5052106101196623e-08
    s_even = s_even * zz - 0.0001984126984126457
    s_even = s_even * zz - 0.16666666666666666
    s_odd = 1.605851101767108e-10
    s_odd = s_odd * zz + 2.7557319218957613e-06
    s_odd = s_odd * zz + 0.008333333333333331
    sine = r + (r * z * (s_even + z * s_odd) + tail * (1.0 - 0.5 * z))
    # and of (cos r - 1 + r^2/2)/r^4, degree 5: 2^-54
    c_even = 2.08761217192605e-09
    c_even = c_even * zz + 2.4801587298534202e-05
    c_even = c_even * zz + 0.041666666666666664
    c_odd = -1.1380880787207291e-11
    c_odd = c_odd * zz - 2.755731715279952e-07
    c_odd = c_odd * zz - 0.0013888888888887244
    half = 0.5 * z
    head = 1.0 - half
    cosine = head + (((1.0 - head) - half) + (zz * (c_even + z * c_odd) - r * tail))
    turn = n - 4.0 * float(np.floor(0.25 * n))  # 0, 1, 2 or 3
    size = sine if turn == 0.0 or turn == 2.0 else cosine
    return size if turn < 2.0 else -size


def sin(x: float) -> float:
    """Sine; NaN at infinity."""
    n, r, tail = _quarter_turns(x)
    result = _turned(n, r, tail)
    return result if abs(x) < math.inf else math.nan


def cos(x: float) -> float:
    """Cosine; NaN at infinity."""
    n, r, tail = _quarter_turns(x)
    result = _turned(n + 1.0, r, tail)
    return result if abs(x) < math.inf else math.nan


NUMERICS: dict[str, Callable[..., float]] = {
    "exp": exp,
    "expm1": expm1,
    "log": log,
    "log1p": log1p,
    "log1mexp": log1mexp,
    "softplus": softplus,
    "sigmoid": sigmoid,
    "tanh": tanh,
    "sqrt": sqrt,
    "abs": absolute,
    "sign": sign,
    "minimum": minimum,
    "maximum": maximum,
    "xlogy": xlogy,
    "loggamma": loggamma,
    "digamma": digamma,
    "trigamma": trigamma,
    "expm1mx": expm1mx,
    "stirling": stirling,
    "ndtr": ndtr,
    "log_ndtr": log_ndtr,
    "inverse_mills": inverse_mills,
    "inverse_mills1": inverse_mills1,
    "log_ndtr_gap": log_ndtr_gap,
    "ndtr_gap_slope": ndtr_gap_slope,
    "ndtr_gap_edge": ndtr_gap_edge,
    "ndtr_gap_rest": ndtr_gap_rest,
    "atan": atan,
    "log_softplus": log_softplus,
    "log_softplus1": log_softplus1,
    "log_softplus2": log_softplus2,
    "cauchy_cdf": cauchy_cdf,
    "log_cauchy_cdf": log_cauchy_cdf,
    "cauchy_mills": cauchy_mills,
    "cauchy_mills1": cauchy_mills1,
    "log1pmx": log1pmx,
    "bd0": bd0,
    "binet": binet,
    "binet1": binet1,
    "binet2": binet2,
    "lgr": lgr,
    "lgr1": lgr1,
    "lgr2": lgr2,
    "lgd": lgd,
    "lgd1": lgd1,
    "lgd2": lgd2,
    "lbeta": lbeta,
    "exprel": exprel,
    "exprel1": exprel1,
    "exprel2": exprel2,
    "lexprel": lexprel,
    "lexprel1": lexprel1,
    "lexprel2": lexprel2,
    "erfcx": erfcx,
    "erfcx1": erfcx1,
    "erfcx2": erfcx2,
    "log_bessel_i0": log_bessel_i0,
    "log_bessel_i0mx": log_bessel_i0mx,
    "bessel_ratio": bessel_ratio,
    "bessel_ratiom1": bessel_ratiom1,
    "bessel_ratio1": bessel_ratio1,
    "sin": sin,
    "cos": cos,
}
"""The function of each head, by the head's name."""


def closure(names: Iterable[str]) -> tuple[Callable[..., Any], ...]:
    """The functions that the heads `names` need, helpers included, in order of definition.

    Parameters
    ----------
    names : iterable of str
        Head names, keys of `NUMERICS`.

    Returns
    -------
    tuple of functions
        Each calls only functions before it: copied in this order, their sources compile.
    """
    needed: set[Callable[..., Any]] = set()
    waiting: list[Callable[..., Any]] = [NUMERICS[name] for name in names]
    while waiting:
        function = waiting.pop()
        if function not in needed:
            needed.add(function)
            waiting.extend(_called(function))
    return tuple(sorted(needed, key=lambda function: function.__code__.co_firstlineno))


def _called(function: Callable[..., Any]) -> list[Callable[..., Any]]:
    """The functions of this module that `function` refers to."""
    used = {i.argval for i in dis.get_instructions(function) if i.opname == "LOAD_GLOBAL"}
    mine = (globals().get(name) for name in sorted(used))
    return [f for f in mine if getattr(f, "__module__", None) == __name__ and callable(f)]
