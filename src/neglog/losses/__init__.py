"""The loss of one observation: what a derivation ends in and a kernel is compiled from.

`loss` holds the noun. Losses of the built-in families ship as text in `shipped/`, so that fitting with them needs no
SymPy; a test derives them anew. `neglog.derivation.obtain` finds a loss there, or in the user's cache.
"""

from neglog.losses.loss import Certificate, Dropped, Form, Loss, Region, Slot

__all__ = ["Certificate", "Dropped", "Form", "Loss", "Region", "Slot"]
