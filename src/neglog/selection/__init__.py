"""Which law suits a target.

- `auto`: choose a family by the target's support, and by likelihood where the support is ambiguous;
- `normalisation`: is a typed density a density?
"""
