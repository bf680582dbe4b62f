"""Losses that follow from no density: each is declared by its own formula, and says what it is instead.

- `surrogate`: the noun, and `loss`, which declares one or finds one by name;
- `margins`: losses of a yes-or-no target and a score, through the margin (2y - 1) f;
- `residuals`: losses of a number and its prediction, through y - f;
- `probabilities`: losses of a yes-or-no target and its predicted probability;
- `classes`: losses of one of K classes and their predicted probabilities;
- `register`: all of them, by name and alias in two languages.
"""
