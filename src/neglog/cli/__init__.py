"""The command line: one command a file, no mathematics.

- `app`: the program: it loads a command when it is called, and turns what goes wrong into a paragraph and an exit code;
- `exits`: the exit codes, in one table;
- `talk`: what is said on standard error, and that it is never silent for a second;
- `options`: options that several commands share; `laws`: ``--family`` and ``--density``;
- `fit`, `predict`, `derive`, `loss`, `example`, `demo`: the commands.

Data go to standard output, everything else to standard error. Nothing here loads NumPy before a command needs it.
"""

from __future__ import annotations

from typing import NoReturn

__all__ = ["main"]


def main() -> NoReturn:
    """Run the command line of this process and leave with its exit code."""
    import io
    import sys

    from neglog.cli.app import app

    # A locale that cannot print a name prints its code points: not a reason to fail.
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="backslashreplace")
    sys.exit(app.main(prog_name="neglog", standalone_mode=False))
