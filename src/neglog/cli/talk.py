"""What the program says on standard error while it works.

A watcher looks several times a second at what is being done. On a terminal it turns a spinner; elsewhere, in a log or a
pipe, it names a phase that lasts and then adds a dot now and then: a program that works is never silent for a second,
and one that is quick says nothing at all.
"""

from __future__ import annotations

import os
import sys
import textwrap
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TextIO

__all__ = ["Talk", "one_paragraph", "talk"]

_PATIENCE = 0.7  # seconds without a word before a phase is named
_FRAMES = "⠋⠙⠹⠸⠼⠴⠦⠧⠇⠏"


def one_paragraph(text: str) -> str:
    """Return text on one line, without characters that would move a terminal's cursor."""
    words = " ".join(text.split())
    return "".join(char if char.isprintable() else ascii(char)[1:-1] for char in words)


class Talk:
    """Standard error, with a watcher.

    Attributes
    ----------
    quiet : bool
        Whether only errors and warnings are said.
    """

    def __init__(self) -> None:
        self.quiet = False
        self._lock = threading.Lock()
        self._phase = ""
        self._since = 0.0
        self._shown = (
            ""  # on a terminal: the spinner is drawn; elsewhere: the phase whose line is open
        )
        self._last = time.monotonic()
        self._watcher: threading.Thread | None = None
        self._over = threading.Event()

    @property
    def stream(self) -> TextIO:
        """Standard error as it is now: tests and redirections exchange it."""
        return sys.stderr

    @property
    def terminal(self) -> bool:
        """Whether somebody watches, on a screen that can redraw a line."""
        return self.stream.isatty() and os.environ.get("TERM") != "dumb"

    @property
    def colour(self) -> bool:
        """Whether colours are wanted."""
        return self.terminal and not os.environ.get("NO_COLOR")

    def say(self, text: str) -> None:
        """Say a sentence; nothing when the user asked for quiet."""
        if not self.quiet:
            self._paragraph(one_paragraph(text))

    def show(self, lines: str) -> None:
        """Show prepared lines, such as a table, as they are."""
        if not self.quiet:
            with self._lock:
                self._close_line()
                self._write(lines.rstrip("\n") + "\n")

    def warn(self, text: str) -> None:
        """Say what the user should not overlook."""
        self._paragraph(self._mark("neglog: warning:", "33") + " " + one_paragraph(text))

    def error(self, text: str) -> None:
        """Say, in one paragraph, why the program stops."""
        self._paragraph(self._mark("neglog:", "1;31") + " " + one_paragraph(text))

    @contextmanager
    def phase(self, text: str) -> Iterator[None]:
        """Do something under a name that is said if it takes long."""
        outer = self._phase
        self.doing(text)
        try:
            yield
        finally:
            self.doing(outer)

    def doing(self, text: str) -> None:
        """Say under what name the work goes on; inside a phase, how far it is."""
        if text and self._watcher is None and not self.quiet:
            self._over.clear()
            self._watcher = threading.Thread(target=self._watch, daemon=True)
            self._watcher.start()
        with self._lock:
            if text.partition(":")[0] != self._phase.partition(":")[0]:
                self._since = time.monotonic()
                self._close_line()
            self._phase = text

    def close(self) -> None:
        """Stop watching and leave the cursor at the start of a line."""
        self._over.set()
        if self._watcher is not None:
            self._watcher.join(timeout=1)
            self._watcher = None
        with self._lock:
            self._phase = ""
            self._close_line()

    def _watch(self) -> None:
        tick = 0
        while not self._over.wait(0.1):
            tick += 1
            with self._lock:
                if not self._phase or self._over.is_set():
                    continue
                now = time.monotonic()
                if self.terminal:
                    if now - self._since > 0.3:
                        self._spin(tick, now - self._since)
                elif now - self._last > _PATIENCE:
                    self._write("." if self._shown else f"{self._phase} ...")
                    self._shown = self._phase

    def _spin(self, tick: int, seconds: float) -> None:
        width = max(20, _width(self.stream) - 1)
        text = f"{_FRAMES[tick % len(_FRAMES)]} {self._phase}  {seconds:.0f} s"
        self._shown = self._phase
        self._write(f"\r\x1b[2K{text[:width]}")

    def _close_line(self) -> None:
        """Take the spinner away, or end the line of dots."""
        if self._shown:
            self._shown = ""
            self._write("\r\x1b[2K" if self.terminal else "\n")

    def _paragraph(self, text: str) -> None:
        with self._lock:
            self._close_line()
            if self.terminal:
                text = textwrap.fill(
                    text, min(_width(self.stream), 100), break_long_words=False,
                    break_on_hyphens=False,
                )  # fmt: skip  # one call
            self._write(text + "\n")

    def _mark(self, text: str, style: str) -> str:
        return f"\x1b[{style}m{text}\x1b[0m" if self.colour else text

    def _write(self, text: str) -> None:
        self._last = time.monotonic()
        try:
            self.stream.write(text)
            self.stream.flush()
        except (OSError, ValueError):
            pass  # nobody listens any more: no reason to stop working


def _width(stream: TextIO) -> int:
    try:
        return os.get_terminal_size(stream.fileno()).columns or 80
    except (OSError, ValueError):
        return 80


talk = Talk()
"""The one standard error of the process."""
