"""The shell, against what BusyBox 1.37 answered in a pod of a real cluster."""

from __future__ import annotations

import pytest

RIGHT = {
    'echo out; echo "two  words"': "out\ntwo  words\n",
    'a="x  y"; echo $a; echo "$a"': "x y\nx  y\n",
    "echo ${X:-none} ${HOME##*/} ${#HOME} ${PATH%%:*} ${PATH:0:4}": "none root 5 /usr/local/sbin /usr\n",
    'set -- 1 "2 3"; for i; do echo "<$i>"; done; echo $# "$*"': "<1>\n<2 3>\n2 1 2 3\n",
    "echo $((1 + 2 * 3)) $((7 / 2)) $((-7 % 3)) $((1 << 4)) $((2 > 1 ? 5 : 6))": "7 3 -1 16 5\n",
    "i=0; while [ $i -lt 3 ]; do i=$((i+1)); done; echo $i": "3\n",
    "until false; do echo once; break; done": "once\n",
    "for a in 1 2; do for b in 1 2; do [ $b = 2 ] && continue 2; echo $a$b; done; done": "11\n21\n",
    'for i in 1 2 3; do echo "n $i"; done | grep -v 2': "n 1\nn 3\n",
    "case abc in a?c) echo yes;; *) echo no;; esac": "yes\n",
    "if false; then echo a; elif true; then echo b; else echo c; fi": "b\n",
    "f() { local x=in; echo $x $1; return 3; }; x=out; f arg; echo $? $x": "in arg\n3 out\n",
    "echo $(echo a; echo b) `echo c`": "a b c\n",
    "(cd /tmp; pwd); pwd": "/tmp\n/\n",
    "cat <<EOF\n$((1+2)) $(echo x)\nEOF": "3 x\n",
    "cat <<'EOF'\n$HOME\nEOF": "$HOME\n",
    "cat <<-A; cat <<B\n\tone\n\tA\ntwo\nB": "one\ntwo\n",
    "echo a > /tmp/f; echo b >> /tmp/f; cat < /tmp/f; wc -l < /tmp/f": "a\nb\n2\n",
    "nosuch > /tmp/o 2>&1; cat /tmp/o": "sh: nosuch: not found\n",
    "{ echo a; echo b >&2; } 2>/dev/null": "a\n",
    'echo a b c | while read x y; do echo "$y|$x"; done': "b c|a\n",
    "true && echo y || echo n; false && echo y || echo n": "y\nn\n",
    "! true; echo $?": "1\n",
    "yes | head -2; echo $?": "y\ny\n0\n",
    "X=1 env | grep ^X=; echo [$X]": "X=1\n[]\n",
    "export A=1; sh -c 'echo $A'": "1\n",
    'eval "echo a; echo b"': "a\nb\n",
    "for f in /etc/pass*; do echo $f; done; echo /no*": "/etc/passwd\n/no*\n",
    'printf "%s-%s\\n" a b c; printf "%5d|%-5s|%05.1f|%x\\n" 3 ab 2.5 255': "a-b\nc-\n    3|ab   |002.5|ff\n",
    'echo -e "a\\tb"; echo -n x; echo "a\\tb"': "a\tb\nxa\\tb\n",
    "set -e; false || echo caught; if false; then :; fi; false; echo never": "caught\n",
    "trap 'echo bye' EXIT; echo hi": "hi\nbye\n",
    "sh -c 'exit 300'; echo $?": "44\n",
    "set -- a b c; shift; echo $1 $#": "b 2\n",
    "sleep 1 & sleep 2 & wait; date +%s": "1767225602\n",
    "exec 3>/tmp/x; echo via3 >&3; cat /tmp/x": "via3\n",
    "echo 'f() { echo from file; }' > /tmp/lib; . /tmp/lib; f": "from file\n",
    "echo hi > /dev/stdout; echo hey > /proc/1/fd/1": "hi\nhey\n",
    "[ -d /tmp -a -f /etc/passwd ] && echo y; [ ! -e /x ] && echo z; [[ a == a ]] && echo w": "y\nz\nw\n",
}

FAILURES = {
    "exit 3": ("", 3),
    "slep 1": ("sh: slep: not found\n", 127),
    "/etc/passwd": ("sh: /etc/passwd: Permission denied\n", 126),
    "cd /nope": ("sh: cd: line 0: can't cd to /nope: No such file or directory\n", 2),
    "cat < /nope": ("sh: can't open /nope: no such file\n", 1),
    "echo x > /no/such": ("sh: can't create /no/such: nonexistent directory\n", 1),
    "echo ${X:?gone}": ("sh: X: gone\n", 2),
    "echo $((1/0))": ("sh: divide by zero\n", 2),
    "set -u; echo $NOPE": ("sh: NOPE: parameter not set\n", 2),
    "readonly a=1; a=2": ("sh: a: is read only\n", 2),
    "[ 1 -eq x ]": ("sh: x: bad number\n", 2),
    "kill 9999": ("sh: can't kill pid 9999: No such process\n", 1),
    "sleep 1 & kill -9 $!; wait $!; exit $?": ("Killed\n", 137),
    "sleep 5 & kill $!; wait $!; exit $?": ("Terminated\n", 143),
    "f() { f; }; f": ("", 139),
    "echo a; done": ('sh: syntax error: unexpected "done"\n', 2),
    "if true; then echo a": ('sh: syntax error: unexpected end of file (expecting "fi")\n', 2),
    'echo "abc': ("sh: syntax error: unterminated quoted string\n", 2),
    "exit abc": ("sh: exit: line 0: Illegal number: abc\n", 2),
}


@pytest.mark.parametrize("script", RIGHT)
def test_a_script_prints_what_busybox_prints(lab, script):
    assert lab.sh(script).out == RIGHT[script]


@pytest.mark.parametrize("script", FAILURES)
def test_a_failing_script_says_and_returns_what_busybox_does(lab, script):
    outcome = lab.sh(script)
    assert (outcome.err, outcome.code) == FAILURES[script]


def test_a_script_file_names_itself_and_the_line_in_its_errors(lab):
    outcome = lab.sh("printf 'echo hi\\nslep 1\\n' > /tmp/s.sh; chmod +x /tmp/s.sh; /tmp/s.sh; sh /tmp/s.sh")
    assert outcome.err == "/tmp/s.sh: line 2: slep: not found\n" * 2
    assert outcome.out == "hi\nhi\n"


def test_commands_from_standard_input_share_it_with_the_programs_they_start(lab):
    box = lab.run(args=["sleep", "99"])
    script = "read x\nfirst\necho got $x\nif true\nthen echo multi\nfi\nexit 4\n"
    assert lab.exec(box, "sh", stdin=script) == ("got first\nmulti\n", "", 4)


def test_a_trap_waits_for_the_foreground_command_and_then_runs(lab):
    container = lab.run(argv=["sh", "-c", "trap 'echo got; exit 0' TERM; while true; do sleep 1; done"])
    lab.clock.advance(5.5)
    container.stop(30)
    lab.clock.advance(0.4)
    assert container.running
    lab.clock.advance(0.2)
    assert lab.ends == [("box", 0, "Completed")]
    assert container.log.lines[-1].text == b"got\n"


def test_a_caught_signal_ends_wait_at_once(lab):
    container = lab.run(argv=["sh", "-c", "trap 'echo got' TERM; sleep 100 & wait; echo $?; exit 5"])
    lab.clock.advance(1)
    container.stop(30)
    lab.clock.advance(0.1)
    assert [line.text for line in container.log.lines] == [b"got\n", b"143\n"]
    assert container.exit_code == 5


def test_the_last_command_takes_the_place_of_the_shell(lab):
    box = lab.run(argv=["sh", "-c", "echo hi; sleep 99"])
    assert "    1 root     sleep 99\n" in lab.exec(box, "ps").out


def test_a_loop_without_a_pause_lets_time_pass(lab):
    container = lab.run(argv=["sh", "-c", "while :; do :; done"])
    lab.clock.advance(1)
    assert container.running


def test_a_fork_bomb_meets_the_limit_on_processes(lab):
    box = lab.run(args=["sleep", "99"])
    outcome = lab.exec(box, "sh", "-c", "f() { sleep 50 & f; }; f", seconds=1)
    assert outcome.code is not None
    assert len(box.kernel.processes) <= 1024
