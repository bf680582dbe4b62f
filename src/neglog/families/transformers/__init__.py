"""Functions that make a family of a family, any of them, a user's own included.

- `zero_inflated`: counts with more zeros than their law has;
- `hurdle`: zeros on their own, and a law of what is beyond 0;
- `censored`: a target known only up to an interval;
- `truncated`: a target that is not observed outside an interval;
- `tails`: the probabilities below, beyond and between, on which the last two rest;
- `spelled`: a transformed family written as text, and the text of one;
- `common`: the transformed laws that tables ask for most;
- `made`: what they share: parameters, names, expressions with what is 0 or 1 left out.
"""

from neglog.families.transformers.censored import Censored
from neglog.families.transformers.hurdle import Hurdle
from neglog.families.transformers.truncated import Truncated
from neglog.families.transformers.zero_inflated import ZeroInflated

__all__ = ["Censored", "Hurdle", "Truncated", "ZeroInflated"]
