"""The program: commands loaded when called, errors as one paragraph and an exit code."""

from __future__ import annotations

import os
import sys
import warnings
from collections.abc import Sequence
from importlib import import_module
from typing import Any

import click

from neglog._version import __version__
from neglog.cli.exits import INTERRUPTED, OK, USAGE, exit_code
from neglog.cli.talk import talk
from neglog.cli.words import as_options
from neglog.errors import NeglogError, nearest

__all__ = ["app"]

COMMANDS = ("demo", "fit", "predict", "derive", "loss", "example")
"""In the order in which a newcomer meets them; each is a module of this package."""


class Program(click.Group):
    """A group that imports a command when it is called, and never shows a traceback."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Return the commands in reading order."""
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Return a command, loading its module."""
        if cmd_name not in COMMANDS:
            return None
        command: click.Command = import_module(f"neglog.cli.{cmd_name}").command
        return command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Find the command, or offer the nearest one."""
        if args and not args[0].startswith("-") and args[0] not in COMMANDS:
            raise click.UsageError(f"There is no command '{args[0]}'. {nearest(args[0], COMMANDS)}")
        return super().resolve_command(ctx, args)

    def main(  # type: ignore[override]  # click returns a command's value; we return an exit code
        self,
        args: Sequence[str] | None = None,
        prog_name: str | None = None,
        complete_var: str | None = None,
        standalone_mode: bool = True,
        **extra: Any,
    ) -> int:
        """Run, and return the exit code (or leave with it, in click's standalone mode)."""
        name = prog_name or "neglog"
        self._main_shell_completion(extra, name, complete_var)
        code = self._run(list(sys.argv[1:] if args is None else args), name, extra)
        if standalone_mode:
            sys.exit(code)
        return code

    def _run(self, args: list[str], name: str, extra: dict[str, Any]) -> int:
        debug = bool(os.environ.get("NEGLOG_DEBUG"))
        talk.quiet = False
        try:
            with warnings.catch_warnings():
                _tame_warnings(debug)
                with self.make_context(name, args, obj=[name, *args], **extra) as ctx:
                    self.invoke(ctx)
                sys.stdout.flush()
            return OK
        except click.exceptions.Exit as leave:
            return leave.exit_code
        except BrokenPipeError:
            # The reader has had enough (`neglog ... | head`); Python must not complain at exit.
            _redirect_to_nowhere()
            return OK
        except (KeyboardInterrupt, EOFError, click.Abort) as error:
            _leave_with(error, "Interrupted; nothing was half written.", debug)
            return INTERRUPTED
        except click.ClickException as error:
            _leave_with(error, _click_message(error), debug)
            return USAGE
        except Exception as error:  # noqa: BLE001  # the last line of defence: users see no traceback
            _leave_with(error, _message(error), debug)
            return exit_code(error)
        finally:
            talk.close()


def _leave_with(error: BaseException, message: str, debug: bool) -> None:
    talk.close()
    if debug:
        import traceback

        traceback.print_exception(error, file=sys.stderr)
    talk.error(message)


def _message(error: Exception) -> str:
    """Say what an error says, and whose it is if it is not ours."""
    if isinstance(error, NeglogError):
        return as_options(str(error))
    if isinstance(error, MemoryError):
        return "There is not enough memory for this. Use fewer rows or columns."
    if isinstance(error, OSError):
        where = f" ({error.filename})" if error.filename else ""
        return f"The system refused{where}: {error.strerror or error}. Check the path and the disk."
    return (
        f"Something unexpected happened: {type(error).__name__}: {error}. This is a fault of neglog; "
        "run the command again with NEGLOG_DEBUG=1 for the details that a report of it needs."
    )


def _click_message(error: click.ClickException) -> str:
    message = error.format_message().rstrip(".")
    ctx = getattr(error, "ctx", None)
    path = ctx.command_path if ctx is not None else "neglog"
    end = "" if message.endswith(("?", "!")) else "."
    return f"{message}{end} See '{path} --help'."


def _tame_warnings(debug: bool) -> None:
    """Turn our warnings into sentences; those of libraries are for developers."""
    from neglog.errors import AccuracyWarning, FitWarning

    if not debug:
        warnings.simplefilter("ignore")
    for ours in (FitWarning, AccuracyWarning):
        warnings.simplefilter("always", ours)

    def show(message: Warning | str, category: type[Warning], *rest: Any, **options: Any) -> None:
        talk.warn(str(message))

    warnings.showwarning = show


def _redirect_to_nowhere() -> None:
    try:
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, sys.stdout.fileno())
    except (OSError, ValueError):
        pass  # standard output is not a file: then there is nothing to repair


@click.command(
    cls=Program,
    invoke_without_command=True,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    epilog="Exit codes: 0 done, 1 failure, 2 usage, 3 data, 4 not converged or no maximum, 130 interrupted.",
)
@click.version_option(__version__, "--version", message="neglog %(version)s")
@click.pass_context
def app(ctx: click.Context) -> None:
    """Say how your target is distributed; get the loss: derived, checked, compiled, trained.

    \b
    Try:
      neglog demo                                   the main job once, on real data
      neglog example spector -o grades.csv          real data to start with
      neglog fit grades.csv "grade ~ gpa + psi"     a fitted, explained model
      neglog derive cross_entropy                   why that loss is the right one
    """  # noqa: D301  # the backspace is a mark for click: keep these lines
    if ctx.invoked_subcommand is None:
        click.echo(ctx.get_help())
