"""Families: laws of a target, each one decorated log-density.

- `family`: the decorator, and `Family`, which *is* its log-density;
- `distribution`: a family with values for its parameters: ``log_prob``, ``cdf``, ``quantile``, ``sample``;
- `laws`: where those come from: SciPy's law, named as data, or numerical integration;
- `normal`, `bernoulli`, `categorical`, `poisson`: one family a file;
- `register`: all of them, by name and alias in two languages;
- `verbs`: ``derive`` and ``compile`` as they are called, with names or families.
"""
