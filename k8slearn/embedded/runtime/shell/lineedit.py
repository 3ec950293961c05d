"""The line that is typed at a shell's prompt: cursor keys, history, ^C and ^D, as busybox's libbb/lineedit.c.

The terminal is raw meanwhile, and what it shows comes from here. What is written to it for each key is what a
real busybox was seen to write.
"""

from __future__ import annotations

import unicodedata

from k8slearn.embedded.runtime.process import Process
from k8slearn.embedded.runtime.programs.options import Steps
from k8slearn.embedded.runtime.shell.state import Interrupted
from k8slearn.embedded.runtime.terminal import Terminal

CLEAR_BELOW, CLEAR_SCREEN, BELL = "\x1b[J", "\x1b[H\x1b[J", "\a"
HISTORY = 256
"""Lines that a shell remembers (CONFIG_FEATURE_EDITING_HISTORY)."""

_CURSOR_KEYS = {
    "\x1b[A": "up",
    "\x1b[B": "down",
    "\x1b[C": "right",
    "\x1b[D": "left",
    "\x1b[H": "home",
    "\x1b[F": "end",
    "\x1b[1~": "home",
    "\x1b[4~": "end",
    "\x1b[3~": "delete",
}
_CONTROL_KEYS = {
    "\x01": "home",
    "\x02": "left",
    "\x04": "end_of_file",
    "\x05": "end",
    "\x06": "right",
    "\x08": "backspace",
    "\x7f": "backspace",
    "\x0b": "kill",
    "\x0c": "clear",
    "\x0e": "down",
    "\x10": "up",
    "\x15": "kill_before",
    "\x17": "kill_word",
}


class LineEditor:
    """The lines of one shell. ``read`` gives the next one."""

    def __init__(self, process: Process, terminal: Terminal) -> None:
        self._process = process
        self._terminal = terminal
        self._history: list[str] = []
        self._place = 0
        """Which line of the history is shown; after the last one stands the line being typed."""
        self._draft = ""
        self._prompt = ""
        self._text = ""
        self._cursor = 0
        self._ended = False

    def read(self, prompt: str) -> Steps:
        """str: the line with its line feed; "" at the end of input. Raises Interrupted."""
        self._prompt, self._text, self._cursor, self._ended = prompt, "", 0, False
        self._place, self._draft = len(self._history), ""
        self._terminal.raw = True
        self._process.handlers["WINCH"] = self._redraw
        try:
            self._show(prompt)
            while True:
                key = yield from self._key()
                if key in ("\r", "\n"):
                    self._show("\n")
                    self._remember()
                    return self._text + "\n"
                if key == "\x03":
                    self._show("^C\n")
                    raise Interrupted
                self._press(key)
                if self._ended or not key:
                    self._show("\n")
                    return ""
        finally:
            self._terminal.raw = False
            self._process.handlers.pop("WINCH", None)

    def _remember(self) -> None:
        if self._text.strip() and self._history[-1:] != [self._text]:
            self._history = [*self._history, self._text][-HISTORY:]

    def _key(self) -> Steps:
        """str: a character, or the whole sequence of a cursor key; "" at the end."""
        data = yield from self._process.read(0, 1)
        if data == b"\x1b":
            while len(data) < 6 and not (len(data) > 2 and (data[-1:].isalpha() or data[-1:] == b"~")):
                data += yield from self._process.read(0, 1)
            return data.decode(errors="replace")
        while data and data[0] >= 0xC0 and len(data) < _utf8_length(data[0]):
            data += yield from self._process.read(0, 1)
        return data.decode(errors="replace")

    # -- keys -----------------------------------------------------------------------------------

    def _press(self, key: str) -> None:
        name = _CURSOR_KEYS.get(key) or _CONTROL_KEYS.get(key)
        if name is not None:
            getattr(self, f"_{name}")()
        elif key.isprintable():
            self._insert(key)

    def _insert(self, char: str) -> None:
        rest = self._text[self._cursor :]
        self._text = self._text[: self._cursor] + char + rest
        self._cursor += 1
        self._show(char + rest)
        self._back(rest)

    def _left(self) -> None:
        if self._cursor:
            self._cursor -= 1
            self._back(self._text[self._cursor])

    def _right(self) -> None:
        self._show(self._text[self._cursor : self._cursor + 1])
        self._cursor = min(self._cursor + 1, len(self._text))

    def _home(self) -> None:
        self._back(self._text[: self._cursor])
        self._cursor = 0

    def _end(self) -> None:
        self._show(self._text[self._cursor :])
        self._cursor = len(self._text)

    def _backspace(self) -> None:
        if self._cursor:
            self._left()
            self._delete()

    def _delete(self) -> None:
        rest = self._text[self._cursor + 1 :]
        self._text = self._text[: self._cursor] + rest
        self._show(rest + CLEAR_BELOW)
        self._back(rest)

    def _kill(self) -> None:
        self._text = self._text[: self._cursor]
        self._show(CLEAR_BELOW)

    def _kill_before(self) -> None:
        self._text, self._cursor = self._text[self._cursor :], 0
        self._redraw()

    def _kill_word(self) -> None:
        while self._text[: self._cursor].endswith(" "):
            self._backspace()
        while self._cursor and self._text[self._cursor - 1] != " ":
            self._backspace()

    def _clear(self) -> None:
        self._show(CLEAR_SCREEN)
        self._redraw()

    def _end_of_file(self) -> None:
        if self._text:
            self._delete()
        else:
            self._ended = True

    def _up(self) -> None:
        self._recall(self._place - 1)

    def _down(self) -> None:
        self._recall(self._place + 1)

    def _recall(self, place: int) -> None:
        if not 0 <= place <= len(self._history):
            self._show(BELL)
            return
        if self._place == len(self._history):
            self._draft = self._text
        self._place = place
        self._text = self._history[place] if place < len(self._history) else self._draft
        self._cursor = len(self._text)
        self._redraw()

    # -- the screen -----------------------------------------------------------------------------

    def _redraw(self) -> None:
        rest = self._text[self._cursor :]
        self._show(f"\r{self._prompt}{self._text}{CLEAR_BELOW}")
        self._back(rest)

    def _back(self, text: str) -> None:
        """Move the cursor left over ``text``."""
        self._show("\b" * sum(_width(char) for char in text))

    def _show(self, text: str) -> None:
        if text:
            self._terminal.write(text.encode())


def _width(char: str) -> int:
    """Columns that a character takes: 2 for Chinese ones."""
    return 2 if unicodedata.east_asian_width(char) in "WF" else 1


def _utf8_length(first: int) -> int:
    return 2 if first < 0xE0 else 3 if first < 0xF0 else 4
