"""From a density to its loss, step by step, each step checked.

- `derive`: the verb; runs the rules and closes with the card;
- `rules`: the rules in a lecture's order, from `structure`, `reduction` and `derivatives`;
- `step`: what a step is, and the check every step passes; `normalised`: the check that a density is one;
- `stabilise`: the stable form of a loss, by `rewriting` (equal forms of one expression), `points` (where they are
  compared), `exact` (with what) and `choice` (the measurement that picks one); `classes`: the same for class vectors;
- `workings`: what the rules share; `render`: a derivation as text and LaTeX;
- `obtain`: the loss of a density without deriving it again.
"""
