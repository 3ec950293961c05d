"""Which images there are, and what is in them."""

from __future__ import annotations

from functools import cache, partial
from pathlib import Path

import k8slearn.app
from k8slearn.app.versions import VERSIONS
from k8slearn.embedded.clock import parse_timestamp
from k8slearn.embedded.runtime.files import (
    Device,
    Directory,
    Node,
    Program,
    RegularFile,
    Symlink,
    freeze,
    tree,
    walk,
)
from k8slearn.embedded.runtime.images import Image, canonical, repository
from k8slearn.embedded.runtime.process import Process
from k8slearn.embedded.runtime.programs import (
    basic,
    encode,
    fileutils,
    listing,
    netstat,
    system,
    tar,
    text,
    tty,
    usage,
    web,
)
from k8slearn.embedded.runtime.programs.agnhost import agnhost
from k8slearn.embedded.runtime.programs.app import python_with_app
from k8slearn.embedded.runtime.programs.components import COMPONENTS, image_of, program_of
from k8slearn.embedded.runtime.programs.coredns import VERSION as COREDNS_VERSION
from k8slearn.embedded.runtime.programs.coredns import coredns
from k8slearn.embedded.runtime.programs.curl import curl
from k8slearn.embedded.runtime.programs.expr import expr
from k8slearn.embedded.runtime.programs.grep import grep
from k8slearn.embedded.runtime.programs.httpd import httpd, python
from k8slearn.embedded.runtime.programs.nc import nc
from k8slearn.embedded.runtime.programs.nginx import DEFAULT_CONF, WELCOME, nginx
from k8slearn.embedded.runtime.programs.nslookup import getent, nslookup
from k8slearn.embedded.runtime.programs.options import Applet, Steps, program
from k8slearn.embedded.runtime.programs.ping import ping
from k8slearn.embedded.runtime.programs.printf import printf
from k8slearn.embedded.runtime.programs.redis import redis_cli, redis_server
from k8slearn.embedded.runtime.programs.sed import sed
from k8slearn.embedded.runtime.programs.test import test
from k8slearn.embedded.runtime.shell import sh

BUILT = parse_timestamp("2025-12-01T00:00:00Z")
"""The time of all files of an image."""

NGINX_VERSIONS = {"1.27": "1.27.5", "1.28": "1.28.0", "1.29": "1.29.4"}

_PASSWD = b"""root:x:0:0:root:/root:/bin/sh
www-data:x:33:33:www-data:/var/www:/bin/false
nobody:x:65534:65534:nobody:/home:/bin/false
"""
_GROUP = b"root:x:0:\nwww-data:x:33:\nnogroup:x:65534:\n"

_DEBIAN_SHELLS = {"sh": r"\$ ", "dash": r"\$ ", "bash": r"\u@\h:\w\$ "}
"""The shells of Debian and their prompts."""

_APPLETS: dict[str, tuple[Applet, str]] = {
    "[": (lambda process, args: test(process, args, bracket="]"), ""),
    "base64": (encode.base64, "[-d] [-w COL] [FILE]"),
    "basename": (basic.basename, "FILE [SUFFIX]"),
    "cat": (text.cat, "[-nu] [FILE]..."),
    "chmod": (fileutils.chmod, "[-R] MODE[,MODE]... FILE..."),
    "clear": (tty.clear, ""),
    "cp": (fileutils.cp, "[-arPLHpfinlsTu] SOURCE DEST"),
    "cut": (text.cut, "{-b|c LIST | -f LIST [-d SEP] [-s]} [FILE]..."),
    "date": (system.date, "[OPTIONS] [+FMT] [[-s] TIME]"),
    "df": (usage.df, "[-hkm] [FILESYSTEM]..."),
    "dirname": (basic.dirname, "FILENAME"),
    "echo": (basic.echo, "[-neE] [ARG]..."),
    "egrep": (grep, "[OPTIONS] PATTERN [FILE]..."),
    "env": (basic.env, "[-i0] [-u NAME]... [-] [NAME=VALUE]... [PROG ARGS]"),
    "expr": (expr, "EXPRESSION"),
    "false": (basic.false, ""),
    "free": (usage.free, "[-bkmgh]"),
    "grep": (grep, "[-HhnlLoqvsrRiwFEz] [-m N] { PATTERN | -e PATTERN... } [FILE]..."),
    "head": (text.head, "[OPTIONS] [FILE]..."),
    "hostname": (system.hostname, "[-sidf] [HOSTNAME]"),
    "id": (system.id_, "[-ugGn] [USER]"),
    "kill": (system.kill, "[-l] [-SIG] PID..."),
    "ln": (fileutils.ln, "[-sfnbtv] [-S SUF] TARGET... LINK|DIR"),
    "ls": (listing.ls, "[-1AaCdhlLnRrt] [FILE]..."),
    "md5sum": (encode.checksum, "[FILE]..."),
    "mkdir": (fileutils.mkdir, "[-m MODE] [-p] DIRECTORY..."),
    "mktemp": (fileutils.mktemp, "[-dt] [-p DIR] [TEMPLATE]"),
    "mv": (fileutils.mv, "[-finT] SOURCE... DIRECTORY"),
    "printenv": (basic.printenv, "[VARIABLE]..."),
    "printf": (printf, "FORMAT [ARG]..."),
    "pwd": (basic.pwd, ""),
    "readlink": (listing.readlink, "[-fnv] FILE"),
    "rm": (fileutils.rm, "[-irf] FILE..."),
    "rmdir": (fileutils.rmdir, "[-p] DIRECTORY..."),
    "sed": (sed, "[-i] [-nrE] [-e CMD]... [FILE]..."),
    "seq": (basic.seq, "[-w] [-s SEP] [FIRST [INC]] LAST"),
    "sh": (sh, ""),
    "sha1sum": (encode.checksum, "[FILE]..."),
    "sha256sum": (encode.checksum, "[FILE]..."),
    "sleep": (basic.sleep, "[N]..."),
    "sort": (text.sort, "[-nruf] [-t CHAR] [-k FIELD] [FILE]..."),
    "stat": (listing.stat, "[-L] [-c FMT] FILE..."),
    "stty": (tty.stty, "[size] [[-]echo] [sane]"),
    "tail": (text.tail, "[OPTIONS] [FILE]..."),
    "tar": (tar.tar, "c|x|t [-hvokO] [-f TARFILE] [-C DIR] [FILE]..."),
    "tee": (fileutils.tee, "[-ai] [FILE]..."),
    "test": (test, ""),
    "time": (basic.time, "PROG ARGS"),
    "timeout": (basic.timeout, "[-s SIG] SECS PROG ARGS"),
    "touch": (fileutils.touch, "[-cham] [-d DATE] FILE..."),
    "tr": (text.tr, "[-cds] STRING1 [STRING2]"),
    "true": (basic.true, ""),
    "tty": (tty.tty, "[-s]"),
    "uname": (system.uname, "[-amnrspvio]"),
    "uniq": (text.uniq, "[-cdui] [INPUT]"),
    "wc": (text.wc, "[-cmlwL] [FILE]..."),
    "which": (basic.which, "COMMAND..."),
    "whoami": (system.whoami, ""),
    "xargs": (basic.xargs, "[-n N] [PROG ARGS]"),
    "yes": (basic.yes, "[STRING]"),
}
"""What every image has."""

_BUSYBOX_ONLY: dict[str, tuple[Applet, str]] = {
    "ash": (sh, ""),
    "httpd": (httpd, "[-f] [-p [IP:]PORT] [-h HOME]"),
    "ip": (netstat.ip, "[OPTIONS] address|route [ARGS]"),
    "nc": (nc, "[-lkvznw] [-w SEC] [-p PORT] [-e PROG] [HOST] [PORT]"),
    "netstat": (netstat.netstat, "[-lantu]"),
    "nslookup": (nslookup, "[-type=QUERY_TYPE] [-debug] HOST [DNS_SERVER]"),
    "ping": (ping, "[-q] [-c CNT] [-s SIZE] [-i SECS] [-W SEC] [-w SEC] HOST"),
    "ps": (system.ps, ""),
    "wget": (web.wget, "[-qS] [--spider] [-O FILE] [--header STR] [--post-data STR] [-T SEC] URL..."),
}


def find(reference: str) -> Image | None:
    """The image of a reference in any form (``nginx:1.29``); None when no registry has it."""
    return _images().get(canonical(reference))


def has_repository(reference: str) -> bool:
    """Whether a registry has the repository of a reference (``nginx:no-such-tag``), in some version."""
    return repository(canonical(reference)) in {repository(name) for name in _images()}


def catalogue() -> list[Image]:
    """All images, in the order of their names."""
    images = _images()
    return [images[name] for name in sorted(images)]


@cache
def _images() -> dict[str, Image]:
    images = [
        Image(canonical("busybox:1.37"), _busybox(), cmd=("sh",), size_bytes=2_200_000),
        Image(
            canonical("redis:7"),
            _debian(
                {
                    "usr/local/bin/redis-server": _executable(redis_server),
                    "usr/local/bin/redis-cli": _executable(redis_cli),
                    "data": Directory(),
                }
            ),
            cmd=("redis-server",),
            env={"REDIS_VERSION": "7.4.2"},
            workdir="/data",
            size_bytes=45_000_000,
        ),
        Image(
            canonical("python:3.13-slim"),
            _debian(_pythons(python)),
            cmd=("python3",),
            env={"LANG": "C.UTF-8", "PYTHON_VERSION": "3.13.5"},
            size_bytes=43_000_000,
        ),
        Image(
            "registry.k8s.io/e2e-test-images/agnhost:2.53",
            _with_curl({"agnhost": _executable(agnhost)}),
            entrypoint=("/agnhost",),
            cmd=("pause",),
            size_bytes=54_000_000,
        ),
    ]
    images.append(
        Image(
            f"registry.k8s.io/coredns/coredns:v{COREDNS_VERSION}",
            _image_tree({"coredns": _executable(coredns)}),
            entrypoint=("/coredns",),
            size_bytes=24_000_000,
        )
    )
    for name, component in COMPONENTS.items():
        files: dict[str, bytes | Node] = {f"usr/local/bin/{name}": _executable(program_of(name))}
        images.append(Image(image_of(name), _image_tree(files), (name,), size_bytes=component.size))
    for tag, version in NGINX_VERSIONS.items():
        images.append(
            Image(
                canonical(f"nginx:{tag}"),
                _with_curl(
                    {
                        "usr/sbin/nginx": RegularFile(mode=0o755, program=nginx(version)),
                        "etc/nginx/conf.d/default.conf": DEFAULT_CONF,
                        "usr/share/nginx/html/index.html": WELCOME,
                        "var/log/nginx/access.log": Symlink("/dev/stdout"),
                        "var/log/nginx/error.log": Symlink("/dev/stderr"),
                        "var/cache/nginx": Directory(),
                    }
                ),
                cmd=("nginx", "-g", "daemon off;"),
                env={"NGINX_VERSION": version},
                size_bytes=72_000_000,
                stop_signal="QUIT",
            )
        )
    for tag, fault in VERSIONS.items():
        images.append(
            Image(
                canonical(f"k8slearn/app:{tag}"),
                _debian({**_application(), **_pythons(python_with_app)}),
                entrypoint=("python3", "-m", "app"),
                cmd=("web",),
                env={"VERSION": tag, "FAULT": fault, "PYTHONUNBUFFERED": "1", "PYTHONDONTWRITEBYTECODE": "1"},
                workdir="/srv",
                user=1000,
                size_bytes=43_100_000,
            )
        )
    return {image.reference: image for image in images}


def _pythons(applet: Applet) -> dict[str, bytes | Node]:
    return {f"usr/local/bin/{name}": _executable(applet) for name in ("python", "python3", "python3.13")}


@cache
def _application() -> dict[str, bytes | Node]:
    """The application's source, where the image has it."""
    folder = Path(k8slearn.app.__file__).parent
    return {f"srv/app/{file.name}": file.read_bytes() for file in sorted(folder.glob("*.py"))}


def _executable(applet: Applet, usage: str = "") -> RegularFile:
    return RegularFile(mode=0o755, program=program(applet, usage))


def _busybox() -> Directory:
    """Every applet is a link to /bin/busybox, which looks at the name it is called by."""
    applets: dict[str, Program] = {
        name: program(applet, usage) for name, (applet, usage) in {**_APPLETS, **_BUSYBOX_ONLY}.items()
    }

    def dispatch(process: Process) -> Steps:
        if process.name == "busybox":
            process.argv = process.argv[1:] or ["busybox"]
        applet = applets.get(process.name)
        if applet is not None:
            return (yield from applet(process))
        listed = "\n\t".join(sorted(applets))
        yield from process.print(
            f"BusyBox v1.37.0 multi-call binary.\n\nCurrently defined functions:\n\t{listed}"
        )
        return 0

    files: dict[str, bytes | Node] = {"bin/busybox": RegularFile(mode=0o755, program=dispatch)}
    files |= {f"bin/{name}": Symlink("/bin/busybox") for name in applets}
    return _image_tree(files)


def _debian(extra: dict[str, bytes | Node]) -> Directory:
    """The base of the other images, and ``extra``."""
    return _image_tree({**_debian_commands(), **extra})


@cache
def _debian_commands() -> dict[str, bytes | Node]:
    """Shells and the usual commands, without busybox's network clients: once for all images, as a layer is."""
    files: dict[str, bytes | Node] = {
        f"bin/{name}": _executable(applet, usage) for name, (applet, usage) in _APPLETS.items()
    }
    files["usr/bin/getent"] = _executable(getent, "database [key ...]")
    files |= {f"bin/{name}": _executable(partial(sh, ps1=ps1)) for name, ps1 in _DEBIAN_SHELLS.items()}
    return {**files, "etc/os-release": b'PRETTY_NAME="Debian GNU/Linux"\nID=debian\n'}


def _with_curl(extra: dict[str, bytes | Node]) -> Directory:
    return _debian({"usr/bin/curl": _executable(curl), **extra})


def _image_tree(files: dict[str, bytes | Node]) -> Directory:
    root = tree(
        {
            "etc/passwd": _PASSWD,
            "etc/group": _GROUP,
            "dev/null": Device("null"),
            "dev/zero": Device("zero"),
            "dev/random": Device("random"),
            "dev/urandom": Device("random"),
            "dev/stdin": Symlink("/proc/self/fd/0"),
            "dev/stdout": Symlink("/proc/self/fd/1"),
            "dev/stderr": Symlink("/proc/self/fd/2"),
            "dev/shm": Directory(mode=0o1777),
            "home": Directory(),
            "proc": Directory(),
            "root": Directory(mode=0o700),
            "tmp": Directory(mode=0o1777),
            "usr/bin": Directory(),
            "var/run": Directory(),
            **files,
        }
    )
    for _, node in walk(root, "/"):
        node.modified = BUILT
    freeze(root)
    return root
