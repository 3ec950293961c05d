"""``kubectl exec -it``: a shell at a terminal."""

from __future__ import annotations

import pytest

from k8slearn.embedded.runtime.console import Callback


class Session:
    """What the screen shows, and the keys."""

    def __init__(self, lab, *argv: str) -> None:
        self.lab = lab
        self.box = lab.run(args=["sleep", "9999"])
        lab.clock.settle()
        self.screen = ""
        self.codes: list[int] = []
        self.program = self.box.exec(
            list(argv), stdin=True, tty=True, client=Callback(self._show), on_exit=self.codes.append
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
    assert session.type("echo hx\x7fi\r") == "echo hx\b\x1b[Ji\r\nhi\r\n/ # "


def test_cursor_keys_move_in_the_line(session):
    assert session.type("abc\x1b[D\x1b[DX") == "abc\b\bXbc\b\b"
    assert session.type("\x01") == "\b\b"
    assert session.type("\x05") == "aXbc"
    assert session.type("\x17") == "\b\x1b[J" * 4
    assert session.type("echo a b\x1b[D\x1b[D\x0b") == "echo a b\b\b\x1b[J"
    assert session.type("\r") == "\r\na\r\n/ # "


def test_history_comes_back_with_the_up_key(session):
    assert session.type("\x1b[A") == "\a"
    session.type("echo one\r")
    session.type("echo two\r")
    assert session.type("\x1b[A") == "\r/ # echo two\x1b[J"
    assert session.type("\x1b[A") == "\r/ # echo one\x1b[J"
    assert session.type("\x1b[B\x1b[B") == "\r/ # echo two\x1b[J\r/ # \x1b[J"
    assert session.type("\x1b[A\r") == "\r/ # echo two\x1b[J\r\ntwo\r\n/ # "


def test_chinese_takes_two_columns(session):
    assert session.type("echo 好\x7f你\r") == "echo 好\b\b\x1b[J你\r\n你\r\n/ # "


def test_what_is_typed_ahead_is_read_at_the_next_prompt(session):
    session.type("sleep 2\r")
    assert session.type("echo typed\r") == "echo typed\r\n"
    session.lab.clock.advance(3)
    assert session.screen.endswith("/ # echo typed\r\ntyped\r\n/ # ")


def test_interrupt_ends_the_program_and_not_the_shell(session):
    assert session.type("sleep 100\r") == "sleep 100\r\n"
    assert session.type("\x03") == "^C\r\n/ # "
    assert session.type("echo $?\r") == "echo $?\r\n130\r\n/ # "


def test_interrupt_ends_a_loop_as_a_whole(session):
    session.type("while true; do echo x; sleep 1; done\r")
    session.lab.clock.advance(2)
    assert session.type("\x03") == "^C\r\n/ # "
    session.lab.clock.advance(10)
    assert session.screen.endswith("^C\r\n/ # ")
    assert session.type("while :; do :; done\r") == "while :; do :; done\r\n"
    assert session.type("\x03") == "^C\r\n/ # "


def test_interrupt_ends_a_builtin_that_reads(session):
    assert session.type("read x\r") == "read x\r\n"
    assert session.type("\x03") == "^C\r\n/ # "


def test_interrupt_leaves_background_jobs_alone(session):
    session.type("sleep 100 &\r")
    session.type("sleep 50\r")
    session.type("\x03")
    assert "sleep 100" in session.type("ps\r")


def test_interrupt_drops_the_line_that_is_being_typed(session):
    assert session.type("rm -rf\x03") == "rm -rf^C\r\n\r\n/ # "
    assert session.type("echo ok\r") == "echo ok\r\nok\r\n/ # "


def test_cooked_lines_are_edited_by_the_terminal(session):
    session.type("cat\r")
    assert session.type("ab\x15cd\r") == "ab\b \b\b \bcd\r\ncd\r\n"
    assert session.type("a b c\x17d\r") == "a b c\b \bd\r\na b d\r\n"
    assert session.type("xy\x04") == "xyxy"
    assert session.type("\x1b[A") == "^[[A"


def test_the_windows_size_is_known_and_its_change_redraws_the_line(session):
    assert session.type("stty size\r") == "stty size\r\n0 0\r\n/ # "
    session.type("ab")
    before = len(session.screen)
    session.program.resize(columns=120, rows=40)
    session.program.resize(columns=120, rows=40)
    assert session.screen[before:] == "\r/ # ab\x1b[J"
    assert session.type("\x15stty size; tty\r").endswith("\r\n40 120\r\n/dev/pts/0\r\n/ # ")


def test_echo_can_be_switched_off(session):
    session.type("stty -echo; read secret; stty echo\r")
    assert session.type("hidden\r") == "/ # "
    assert session.type("echo $secret\r") == "echo $secret\r\nhidden\r\n/ # "


def test_without_a_terminal_there_is_no_size(lab):
    box = lab.run(args=["sleep", "99"])
    assert lab.exec(box, "stty", "size") == (
        "",
        "stty: standard input: Inappropriate ioctl for device\n",
        1,
    )
    assert lab.exec(box, "tty") == ("not a tty\n", "", 1)


def test_clear_clears(session):
    assert session.type("clear\r") == "clear\r\n\x1b[H\x1b[J/ # "


def test_an_error_does_not_end_the_shell(session):
    assert session.type("echo ${x:?no}\r") == "echo ${x:?no}\r\nsh: x: no\r\n/ # "
    assert session.type("echo )\r") == 'echo )\r\nsh: syntax error: unexpected ")"\r\n/ # '
    assert session.codes == []


def test_end_of_file_ends_the_program_that_reads_and_then_the_shell(session):
    session.type("cat\r")
    assert session.type("hello\r") == "hello\r\nhello\r\n"
    assert session.type("\x04") == "/ # "
    session.type("sh -c 'exit 9'\r")
    assert session.type("\x04") == "\r\n"
    assert session.codes == [9]


def test_a_program_knows_that_it_has_a_terminal(lab):
    assert Session(lab, "sh", "-c", "[ -t 1 ] && echo $TERM").screen == "xterm\r\n"


def test_a_terminal_that_goes_away_ends_the_shell(session):
    session.program.close_stdin()
    session.lab.clock.advance(0.1)
    assert session.codes == [0]
