"""Commands that encode and digest: base64, md5sum, sha1sum, sha256sum."""

from __future__ import annotations

import base64 as codec
import hashlib

from k8slearn.embedded.runtime.process import Process
from k8slearn.embedded.runtime.programs.options import Fault, Steps, each_input, options
from k8slearn.embedded.runtime.programs.text import CANNOT_OPEN


def base64(process: Process, args: list[str]) -> Steps:
    found, rest = options(args, "d", "w")

    def one(name: str, fd: int) -> Steps:
        content = yield from process.read_all(fd)
        if "d" in found:
            try:
                yield from process.write(1, codec.b64decode(content))
            except ValueError:
                raise Fault("invalid input") from None
            return
        encoded = codec.b64encode(content)
        width = int(found.get("w", "76")) or len(encoded) or 1
        for start in range(0, len(encoded), width):
            yield from process.write(
                1, encoded[start : start + width] + (b"" if found.get("w") == "0" else b"\n")
            )

    return (yield from each_input(process, rest[:1], one, missing=CANNOT_OPEN))


def checksum(process: Process, args: list[str]) -> Steps:
    """``md5sum``, ``sha1sum``, ``sha256sum``: the command's name says which."""
    _, rest = options(args, "")
    algorithm = process.name.removesuffix("sum")

    def one(name: str, fd: int) -> Steps:
        content = yield from process.read_all(fd)
        yield from process.print(f"{hashlib.new(algorithm, content).hexdigest()}  {name}")

    return (yield from each_input(process, rest, one, missing=CANNOT_OPEN))
