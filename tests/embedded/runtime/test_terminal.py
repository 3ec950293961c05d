"""``kubectl exec -it``: a shell at a terminal."""

from __future__ import annotations

import pytest


class Session:
    """What the screen shows, and the keys."""

    def __init__(self, lab, *argv: str) -> None:
        self.lab = lab
        self.box = lab.run(args=["sleep", "9999"])
        lab.clock.settle()
        self.screen = ""
        self.codes: list[int] = []
        self.program = self.box.exec(
            list(argv), stdin=True, tty=True, on_output=self._show, on_exit=self.codes.append
        )
        lab.clock.advance(0.1)

    def _show(self, fd: int, data: bytes) -> None:
        assert fd == 1
        self.screen += data.decode()

    def type(self, keys: str) -> str:
        """Press keys; what appeared on the screen since."""
        before = len(self.screen)
        self.program.write_stdin(keys.encode())
        self.lab.clock.advance(0.1)
        return self.screen[before:]


@pytest.fixture
def session(lab) -> Session:
    return Session(lab, "sh")


def test_a_shell_prompts_echoes_and_answers(session):
    assert session.screen == "/ # "
    assert session.type("echo hi\r") == "echo hi\r\nhi\r\n/ # "
    assert session.type("cd /tmp\r") == "cd /tmp\r\n/tmp # "
    assert session.type("if true\r") == "if true\r\n> "
    assert session.type("then echo yes; fi\r") == "then echo yes; fi\r\nyes\r\n/tmp # "
    assert session.type("exit 3\r") == "exit 3\r\n"
    assert session.codes == [3]


def test_backspace_takes_a_character_away(session):
    assert session.type("echo hx\x7fi\r") == "echo hx\b \bi\r\nhi\r\n/ # "


def test_interrupt_ends_the_program_and_not_the_shell(session):
    assert session.type("sleep 100\r") == "sleep 100\r\n"
    assert session.type("\x03").startswith("^C\r\n")
    assert session.type("echo $?\r").endswith("130\r\n/ # ")


def test_interrupt_drops_the_line_that_is_being_typed(session):
    assert session.type("rm -rf\x03") == "rm -rf^C\r\n/ # "
    assert session.type("echo ok\r") == "echo ok\r\nok\r\n/ # "


def test_an_error_does_not_end_the_shell(session):
    assert session.type("echo ${x:?no}\r") == "echo ${x:?no}\r\nsh: x: no\r\n/ # "
    assert session.type("echo )\r") == 'echo )\r\nsh: syntax error: unexpected ")"\r\n/ # '
    assert session.codes == []


def test_end_of_file_ends_the_program_that_reads_and_then_the_shell(session):
    session.type("cat\r")
    assert session.type("hello\r") == "hello\r\nhello\r\n"
    assert session.type("\x04") == "/ # "
    session.type("\x04")
    assert session.codes == [0]


def test_a_program_knows_that_it_has_a_terminal(lab):
    assert Session(lab, "sh", "-c", "[ -t 1 ] && echo $TERM").screen == "xterm\r\n"


def test_a_terminal_that_goes_away_ends_the_shell(session):
    session.program.close_stdin()
    session.lab.clock.advance(0.1)
    assert session.codes == [0]
