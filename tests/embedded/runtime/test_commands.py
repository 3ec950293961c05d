"""The small commands, against what BusyBox 1.37 answered in a pod of a real cluster."""

from __future__ import annotations

import pytest

from k8slearn.embedded.runtime.files import RegularFile, Symlink, tree

RIGHT = {
    "seq 3 | tail -n 1; seq 5 | head -n -2; seq 5 | tail -n +4": "3\n1\n2\n3\n4\n5\n",
    "seq 2 2 6 | tr '\\n' ' '; seq -w 8 10": "2 4 6 08\n09\n10\n",
    "printf 'b\\na\\nc\\na\\n' | sort | uniq -c": "      2 a\n      1 b\n      1 c\n",
    "printf '10\\n9\\n' | sort; printf '10\\n9\\n' | sort -n; printf 'a 2\\nb 1\\n' | sort -k2": (
        "10\n9\n9\n10\nb 1\na 2\n"
    ),
    "echo a,b,c | cut -d, -f1,3; echo hello | cut -c2-3": "a,c\nel\n",
    "echo abc | tr a-z A-Z; echo aabb | tr -s ab; echo a1b2 | tr -d 0-9": "ABC\nab\nab\n",
    "echo hello | sed s/l/L/; echo hello | sed 's/l/[&]/g'; seq 5 | sed -n '2,3p'": (
        "heLlo\nhe[l][l]o\n2\n3\n"
    ),
    "seq 3 | sed 2d; echo key=1 | sed -E 's/(.*)=(.*)/\\2=\\1/'": "1\n3\n1=key\n",
    "echo one > /tmp/f; sed -i s/one/two/ /tmp/f; cat /tmp/f": "two\n",
    "wc /etc/passwd /etc/group": (
        "        3         3       121 /etc/passwd\n        3         3        42 /etc/group\n"
        "        6         6       163 total\n"
    ),
    "wc -l < /etc/passwd; wc -c /etc/passwd; echo hi | wc": (
        "3\n121 /etc/passwd\n        1         1         3\n"
    ),
    "grep -c root /etc/passwd; grep -n nobody /etc/passwd; grep -o 'ro*t' /etc/group": (
        "1\n3:nobody:x:65534:65534:nobody:/home:/bin/false\nroot\n"
    ),
    "printf 'a.b\\naxb\\n' | grep -F a.b; printf 'ab\\nb\\n' | grep -E '^(a|c)b$'; echo AB | grep -i b": (
        "a.b\nab\nAB\n"
    ),
    "echo x | grep -q y || echo none": "none\n",
    "mkdir -p /tmp/d/e; touch /tmp/d/f; ls /tmp/d; ls -l /tmp/d | head -1; rm -r /tmp/d": "e\nf\ntotal 4\n",
    "ls -ld /tmp | cut -c1-10; ls -l /bin/sh | cut -c1-10": "drwxrwxrwt\nlrwxrwxrwx\n",
    "cp /etc/passwd /tmp/p; mv /tmp/p /tmp/q; ls /tmp; cp -r /etc /tmp/e; ls /tmp/e": (
        "q\ngroup\nhostname\nhosts\npasswd\nresolv.conf\n"
    ),
    "ln -s /etc/passwd /tmp/l; readlink /tmp/l; head -n 1 /tmp/l": (
        "/etc/passwd\nroot:x:0:0:root:/root:/bin/sh\n"
    ),
    "touch /tmp/x; chmod 600 /tmp/x; stat -c '%a %n' /tmp/x; chmod +x /tmp/x; stat -c %a /tmp/x": (
        "600 /tmp/x\n711\n"
    ),
    "basename /a/b.c .c; dirname /a/b; which ls": "b\n/a\n/bin/ls\n",
    "id; id -u; id nobody": (
        "uid=0(root) gid=0(root) groups=0(root)\n0\n"
        "uid=65534(nobody) gid=65534(nogroup) groups=65534(nogroup)\n"
    ),
    "date; date +%Y-%m-%dT%H:%M:%SZ; sleep 90; date +%s": (
        "Thu Jan  1 00:00:00 UTC 2026\n2026-01-01T00:00:00Z\n"
    ),
    "env -i A=1 env; env -u HOME env | grep -c HOME": "A=1\n0\n",
    "echo a b | xargs -n1 echo; echo hi | tee /tmp/t; cat /tmp/t": "a\nb\nhi\nhi\n",
    "echo hi | base64; echo aGkK | base64 -d; echo hi | sha256sum | cut -c1-8": "aGkK\nhi\n98ea6e4f\n",
    "timeout 1 sleep 5; echo $?; sleep 0.1 0.1s": "143\n",
    "tail -n 1 /etc/passwd /etc/group": (
        "==> /etc/passwd <==\nnobody:x:65534:65534:nobody:/home:/bin/false\n\n"
        "==> /etc/group <==\nnogroup:x:65534:\n"
    ),
    "(echo a; sleep 3; echo b) > /tmp/log & tail -f /tmp/log & sleep 6; kill $!": "a\nb\n",
}

FAILURES = {
    "cat /no/such/file": ("cat: can't open '/no/such/file': No such file or directory\n", 1),
    "ls /nope": ("ls: /nope: No such file or directory\n", 1),
    "rm /nope": ("rm: can't remove '/nope': No such file or directory\n", 1),
    "rm /tmp": ("rm: '/tmp' is a directory\n", 1),
    "mkdir /tmp": ("mkdir: can't create directory '/tmp': File exists\n", 1),
    "touch /a/b": ("touch: /a/b: No such file or directory\n", 1),
    "cp /nope /x": ("cp: can't stat '/nope': No such file or directory\n", 1),
    "cp /tmp /x": ("cp: omitting directory '/tmp'\n", 1),
    "mv /nope /x": ("mv: can't rename '/nope': No such file or directory\n", 1),
    "head -n 1 /nope": ("head: /nope: No such file or directory\n", 1),
    "sort /nope": ("sort: /nope: No such file or directory\n", 2),
    "grep x /nope": ("grep: /nope: No such file or directory\n", 2),
    "cut /etc/passwd": ("cut: expected a list of bytes, characters, or fields\n", 1),
    "sleep abc": ("sleep: invalid number 'abc'\n", 1),
    "date -d x": ("date: invalid date 'x'\n", 1),
    "tail /nope": ("tail: can't open '/nope': No such file or directory\ntail: no files\n", 1),
    "printf '%d\\n' x": ("sh: invalid number 'x'\n", 1),
    "kill": ("sh: you need to specify whom to kill\n", 1),
    "ls -%": (
        "ls: invalid option -- '%'\nBusyBox v1.37.0 multi-call binary.\n\n"
        "Usage: ls [-1AaCdhlLnRrt] [FILE]...\n",
        1,
    ),
}


@pytest.mark.parametrize("script", RIGHT)
def test_a_command_prints_what_busybox_prints(lab, script):
    assert lab.sh(script).out == RIGHT[script]


@pytest.mark.parametrize("script", FAILURES)
def test_a_failing_command_says_and_returns_what_busybox_does(lab, script):
    outcome = lab.sh(script)
    assert (outcome.err, outcome.code) == FAILURES[script]


def test_a_projected_volume_is_links_and_cannot_be_written(lab):
    volume = tree(
        {
            "..data": Symlink("..1"),
            "..1/a.txt": RegularFile(b"alpha", mode=0o644),
            "a.txt": Symlink("..data/a.txt"),
        }
    )
    box = lab.run(args=["sleep", "999"])
    box.kernel.files.mount("/conf", volume, read_only=True)
    assert lab.exec(box, "ls", "/conf").out == "a.txt\n"
    assert lab.exec(box, "cat", "/conf/a.txt").out == "alpha"
    script = "ls -ld /conf/a.txt | cut -c1-10; stat -L -c %a /conf/a.txt; readlink /conf/a.txt"
    assert lab.exec(box, "sh", "-c", script).out == "lrwxrwxrwx\n644\n..data/a.txt\n"
    outcome = lab.exec(box, "sh", "-c", "echo x > /conf/a.txt")
    assert outcome == ("", "sh: can't create /conf/a.txt: Read-only file system\n", 1)


def test_ps_shows_the_processes_of_the_container(lab):
    box = lab.run(args=["sleep", "999"])
    assert lab.exec(box, "ps").out == (
        "PID   USER     COMMAND\n    1 root     sleep 999\n    2 root     ps\n"
    )
