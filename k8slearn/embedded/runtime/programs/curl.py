"""``curl``, for the images that have it."""

from __future__ import annotations

from k8slearn.embedded.network import (
    ANYBODY,
    ConnectionClosed,
    ConnectionRefused,
    ConnectTimeout,
    HttpRequest,
    NetworkError,
    NotSecure,
    RequestTimeout,
    UnknownHost,
    UntrustedCertificate,
)
from k8slearn.embedded.runtime.process import Process
from k8slearn.embedded.runtime.programs.options import Fault, Steps
from k8slearn.embedded.runtime.programs.web import PORTS, parse_url
from k8slearn.embedded.runtime.resolver import resolve


def curl(process: Process, args: list[str]) -> Steps:
    """``curl [-sSfiILvk] [-o FILE] [-m SEC] [-H HEADER] [-d DATA] [-X METHOD] [--cacert FILE] URL``"""
    found, urls = _curl_options(args)
    if not urls:
        raise Fault("try 'curl --help' for more information", status=2)
    scheme, host, port, path = parse_url(urls[0])
    silent = "s" in found and "S" not in found

    def failed(code: int, text: str) -> Steps:
        if not silent:
            yield from process.write(2, f"curl: ({code}) {text}\n".encode())
        return code

    try:
        ip = yield from resolve(process, host)
    except UnknownHost:
        return (yield from failed(6, f"Could not resolve host: {host}"))
    headers = {
        "host": host + (f":{port}" if port != PORTS[scheme] else ""),
        "user-agent": "curl/8.14.1",
        "accept": "*/*",
    }
    for header in found.get("H", ()):
        name, _, value = header.partition(":")
        headers[name.strip().lower()] = value.strip()
    body = "&".join(found.get("d", ())).encode()
    method = found["X"][-1] if "X" in found else "POST" if "d" in found else "HEAD" if "I" in found else "GET"
    timeout = float(found["m"][-1]) if "m" in found else None
    trusted: bytes | None = None
    if scheme == "https":
        trusted = ANYBODY if "k" in found else b""
        if "E" in found and trusted != ANYBODY:
            try:
                trusted = process.files.read(process.path(found["E"][-1]))
            except OSError:
                text = f"error adding trust anchors from file: {found['E'][-1]}"
                return (yield from failed(77, text))
    request = HttpRequest(method, path, headers, body, trusted=trusted)
    try:
        response = yield from process.request(ip, port, request, timeout)
    except ConnectTimeout:
        return (yield from failed(28, f"Connection timed out after {(timeout or 0) * 1000:.0f} milliseconds"))
    except RequestTimeout:
        text = f"Operation timed out after {(timeout or 0) * 1000:.0f} milliseconds with 0 bytes received"
        return (yield from failed(28, text))
    except ConnectionRefused:
        return (
            yield from failed(
                7, f"Failed to connect to {host} port {port} after 0 ms: Could not connect to server"
            )
        )
    except NotSecure:
        text = "TLS connect error: error:0A0000C6:SSL routines::packet length too long"
        return (yield from failed(35, text))
    except UntrustedCertificate as error:
        return (yield from failed(60, f"SSL certificate problem: {error}{_UNTRUSTED}"))
    except ConnectionClosed:
        return (yield from failed(52, "Empty reply from server"))
    except NetworkError as error:
        return (yield from failed(7, f"Failed to connect to {host} port {port}: {error}"))
    if "f" in found and response.status >= 400:
        return (yield from failed(22, f"The requested URL returned error: {response.status}"))
    output = b""
    if "i" in found or "I" in found:
        version = "HTTP/2" if scheme == "https" else "HTTP/1.1"
        lines = [f"{version} {response.status} {response.reason if scheme == 'http' else ''}"]
        lines += [f"{name}: {value}" for name, value in response.headers.items()]
        output = "\r\n".join([*lines, "", ""]).encode()
    output += b"" if "I" in found else response.body
    if "o" in found:
        process.open(found["o"][-1], "w").write(output)
    else:
        yield from process.write(1, output)
    if "w" in found:
        text = found["w"][-1].replace("%{http_code}", str(response.status)).replace("\\n", "\n")
        yield from process.write(1, text.encode())
    return 0


_UNTRUSTED = """
More details here: https://curl.se/docs/sslcerts.html

curl failed to verify the legitimacy of the server and therefore could not
establish a secure connection to it. To learn more about this situation and
how to fix it, please visit the webpage mentioned above."""

_LONG = {
    "silent": "s",
    "show-error": "S",
    "fail": "f",
    "include": "i",
    "head": "I",
    "location": "L",
    "output": "o",
    "max-time": "m",
    "header": "H",
    "insecure": "k",
    "cacert": "E",
    "verbose": "v",
    "data": "d",
    "request": "X",
    "write-out": "w",
    "connect-timeout": "c",
}


def _curl_options(args: list[str]) -> tuple[dict[str, list[str]], list[str]]:
    found: dict[str, list[str]] = {}
    urls: list[str] = []
    pending = list(args)
    while pending:
        arg = pending.pop(0)
        if arg.startswith("--"):
            if arg[2:] not in _LONG:
                raise Fault(f"option {arg}: is unknown", status=2)
            arg = f"-{_LONG[arg[2:]]}"
        if not arg.startswith("-"):
            urls.append(arg)
            continue
        for index, letter in enumerate(arg[1:], 2):
            if letter in "omHdXwcE":
                found.setdefault(letter, []).append(arg[index:] or (pending.pop(0) if pending else ""))
                break
            if letter not in "sSfiILvk":
                raise Fault(f"option -{letter}: is unknown", status=2)
            found[letter] = []
    return found, urls
