"""Densities as expressions: what can be written, what it means, and what its derivative is.

A density is a tree of *heads* (``exp``, ``softplus``, ``loggamma`` ...). Reading from the ground up:

- `expression`: the tree itself, three node types and the arithmetic that builds them;
- `heads`: the vocabulary, each head with its derivative, its meaning in mpmath and in NumPy;
- `numerics`: the same heads as branch-free arithmetic a compiler can vectorise;
- `tape`: several trees flattened, to be evaluated at many points;
- `text`: a tree as text and back, by an allow-list;
- `tracing`: what a decorated Python function sees instead of numbers;
- `supports`, `links`: where a target or a parameter lives, and how a raw prediction gets there;
- `density`: the noun everything above consumes;
- `calculus`: the only door to SymPy.
"""
