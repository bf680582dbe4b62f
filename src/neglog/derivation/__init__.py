"""From a density to its loss, step by step, each step checked.

- `derive`: the verb; runs the rules and closes with the card;
- `rules`: the rules in a lecture's order;
- `step`: what a step is, and the check every step passes;
- `rewriting`: equal forms of one expression; `choice`: the measurement that picks one;
- `workings`: what the rules share; `render`: a derivation as text and LaTeX;
- `obtain`: the loss of a density without deriving it again.
"""
