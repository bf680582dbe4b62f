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


def expm1(x: float) -> float:
    """e**x - 1, accurate near 0."""
    k, r, tail = _reduce(min(710.0, max(-40.0, x)))
    # 2^k (1 + r + tail) - 1 = 2^k ((1 - 2^-k) + r + tail); the first sum keeps its rounding error.
    one = 1.0 - _power_of_two(max(-64, -k))
    head = one + r
    rest = (r - (head - one)) + tail
    result = _scale(head + rest, k)
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


def _tilted(d: float, slant: float) -> tuple[float, float]:
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
    near = min(x, z - x)
    slant, half = abs(middle), 0.5 * z
    # Where phi falls by less than e^3 over a short interval: Gauss-Legendre of 12 nodes about the middle.
    narrow = z < 1.5 and slant * z < 3.0
    half = half if narrow else 0.5
    width = z if narrow else 1.0
    slant = slant if narrow else 0.0
    mass, lean = 0.0, 0.0
    c, s = _tilted(0.1252334085114689 * half, slant)
    mass, lean = mass + 0.24914704581340277 * c, lean + 0.24914704581340277 * s
    c, s = _tilted(0.3678314989981802 * half, slant)
    mass, lean = mass + 0.2334925365383548 * c, lean + 0.2334925365383548 * s
    c, s = _tilted(0.5873179542866175 * half, slant)
    mass, lean = mass + 0.20316742672306592 * c, lean + 0.20316742672306592 * s
    c, s = _tilted(0.7699026741943047 * half, slant)
    mass, lean = mass + 0.16007832854334622 * c, lean + 0.16007832854334622 * s
    c, s = _tilted(0.9041172563704749 * half, slant)
    mass, lean = mass + 0.10693932599531843 * c, lean + 0.10693932599531843 * s
    c, s = _tilted(0.9815606342467192 * half, slant)
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
    r = 1.0 / a if a > 1.0 else a
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


def log1pmx(x: float) -> float:
    """log(1 + x) - x, the quadratic and higher part, for x > -1; accurate near 0."""
    near = abs(x) < 0.4
    t = x if near else 0.0
    # log(1 + x) = 2 atanh(z) with z = x/(2 + x), and 2z - x = -x z.
    z = t / (2.0 + t)
    far = log1p(x) - x
    return 2.0 * z * _beyond_atanh(z * z) - t * z if near else far


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


def _binet_step(t: float) -> float:
    """binet(t) - binet(t + 1) = (t + 1/2) log(1 + 1/t) - 1, t > 0."""
    far = t > 1.0
    s = 1.0 / (2.0 * (t if far else 1.0) + 1.0)
    below = (t + 0.5) * log1p(1.0 / t) - 1.0
    return _beyond_atanh(s * s) if far else below


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
    "log1pmx": log1pmx,
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
