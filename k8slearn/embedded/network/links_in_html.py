"""Links of a page that comes through the API server's proxy: what leads to the page's own host leads back through
the proxy. Upstream: apimachinery's ``util/proxy/transport.go``; scripts, styles and comments stay as they are.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from html import escape, unescape
from urllib.parse import urlsplit

_ATTRIBUTES = {
    "a": ("href",),
    "applet": ("codebase",),
    "area": ("href",),
    "audio": ("src",),
    "base": ("href",),
    "blockquote": ("cite",),
    "body": ("background",),
    "button": ("formaction",),
    "del": ("cite",),
    "embed": ("src",),
    "form": ("action",),
    "frame": ("longdesc", "src"),
    "iframe": ("longdesc", "src"),
    "img": ("longdesc", "src", "usemap"),
    "input": ("src", "usemap", "formaction"),
    "ins": ("cite",),
    "link": ("href",),
    "object": ("classid", "codebase", "data", "usemap"),
    "q": ("cite",),
    "script": ("src",),
    "source": ("src",),
    "video": ("poster", "src"),
}

_INSIDE = r"(?:[^<>\"']|\"[^\"]*\"|'[^']*')*>"
_TOKEN = re.compile(
    r"<!--.*?-->"
    rf"|(?P<raw><(?P<raw_name>script|style)\b{_INSIDE})(?P<content>.*?)(?=</(?P=raw_name)|\Z)"
    rf"|(?P<tag><(?P<name>[a-z][\w-]*){_INSIDE})",
    re.DOTALL | re.IGNORECASE,
)
_ATTRIBUTE = re.compile(
    r"(?P<before>\s(?P<name>[\w-]+)\s*=\s*)(?P<quote>[\"']?)(?P<value>[^\"'>\s]*)(?P=quote)"
)


def rewrite_link(link: str, prefix: str, hosts: Sequence[str]) -> str:
    """
    >>> rewrite_link("/next?page=2", "/api/v1/namespaces/shop/pods/web/proxy", ["10.244.1.2:80"])
    '/api/v1/namespaces/shop/pods/web/proxy/next?page=2'
    >>> rewrite_link("https://example.com/", "/proxy", ["10.244.1.2:80"])
    'https://example.com/'
    """
    try:
        parts = urlsplit(link)
    except ValueError:
        return link
    if (parts.netloc and parts.netloc not in hosts) or not parts.path.startswith("/"):
        return link
    rest = parts._replace(scheme="", netloc="")
    if rest.path.startswith(prefix):
        return rest.geturl()
    return rest._replace(path=prefix + rest.path).geturl()


def rewrite_html(page: str, prefix: str, hosts: Sequence[str]) -> str:
    """``page`` with its links rewritten.

    >>> rewrite_html('<a href="/x">x</a>', "/proxy", [])
    '<a href="/proxy/x">x</a>'
    """

    def attribute(match: re.Match[str], names: tuple[str, ...]) -> str:
        if match["name"].lower() not in names:
            return match[0]
        link = rewrite_link(unescape(match["value"]), prefix, hosts)
        return f'{match["before"]}"{escape(link)}"'

    def token(match: re.Match[str]) -> str:
        names = _ATTRIBUTES.get((match["name"] or match["raw_name"] or "").lower())
        if not names:
            return match[0]
        tag = _ATTRIBUTE.sub(lambda found: attribute(found, names), match["tag"] or match["raw"])
        return tag + (match["content"] or "")

    return _TOKEN.sub(token, page)
