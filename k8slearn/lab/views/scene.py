"""A drawing as data: SVG elements by key, the difference of two drawings, and a drawing as SVG text.

Views draw in Python only. The page gets the elements as JSON and makes them (``static/view.js``), a saved
notebook gets the same elements as SVG text; so both show the same picture, and only one place draws it.

    {"web": {"tag": "g", "in": "pods", "class": "k8s-pod", "children": [{"tag": "text", "text": "web"}]}}

``tag``, ``in`` (the key of the parent, "" for the root), ``text``, ``children``, ``story``, ``ref`` and ``command``
mean something to the page; everything else is an SVG attribute. ``story`` maps topics to texts: an element that
has one can be focused and tells it. ``ref`` says which object it shows (``pod/web-1 shop``, ``node/worker-1``): what
is selected in one view is highlighted in all. ``command`` is the kubectl command that tells the same; without one
it is ``kubectl describe`` of the object. Texts and attribute values may be anything a cluster says: never markup.
"""

from __future__ import annotations

from collections.abc import Mapping
from xml.sax.saxutils import escape, quoteattr

Element = dict[str, object]
Scene = Mapping[str, Element]
"""Parents come before their children. The key "" is the root, an ``svg``."""

_MEANING = ("tag", "in", "text", "children", "story", "ref", "command")


def difference(before: Scene, after: Scene) -> dict[str, Element | None]:
    """What turns ``before`` into ``after``: per key the attributes that changed (None: dropped), or None.

    >>> difference({"a": {"tag": "g", "x": 1}, "b": {"tag": "g"}}, {"a": {"tag": "g", "x": 2}})
    {'b': None, 'a': {'x': 2}}
    """
    changes: dict[str, Element | None] = {key: None for key in before if key not in after}
    for key, element in after.items():
        old = before.get(key)
        if old is element:
            continue
        if old is None:
            changes[key] = element
            continue
        changed = _change(old, element)
        if isinstance(story := element.get("story"), dict) and isinstance(told := old.get("story"), dict):
            # Most of a story stays as it is: where the pod runs, what its image is.
            changed.pop("story", None)
            if news := _change(told, story):
                changed["story"] = news
        if changed:
            changes[key] = changed
    return changes


def _change(old: Element, new: Element) -> Element:
    changed: Element = {name: value for name, value in new.items() if name not in old or old[name] != value}
    return {**changed, **{name: None for name in old if name not in new}}


def apply(scene: Scene, changes: Mapping[str, Element | None]) -> dict[str, Element]:
    """``apply(before, difference(before, after)) == after``: what the page does, said once in Python."""
    result = dict(scene)
    for key, changed in changes.items():
        if changed is None:
            del result[key]
        else:
            old = result.get(key, {})
            merged = _merge(old, changed)
            if isinstance(story := changed.get("story"), dict) and isinstance(told := old.get("story"), dict):
                merged["story"] = _merge(told, story)
            result[key] = merged
    return result


def _merge(old: Element, changed: Element) -> Element:
    return {name: value for name, value in {**old, **changed}.items() if value is not None}


def svg(scene: Scene, prefix: str, style: str) -> str:
    """The drawing as an SVG document that stands alone. ``prefix`` makes its ids unique in a page."""
    children: dict[object, list[str]] = {}
    for key, element in scene.items():
        if key:
            children.setdefault(element.get("in", ""), []).append(key)

    def render(key: str) -> str:
        inner = "".join(render(child) for child in children.get(key, []))
        return _render(scene[key], prefix, inner)

    root: Element = {**scene[""], "xmlns": "http://www.w3.org/2000/svg"}
    inner = f"<style>{escape(style)}</style>" + "".join(render(child) for child in children.get("", []))
    return _render(root, prefix, inner)


def _render(element: Element, prefix: str, inner: str = "") -> str:
    attributes = "".join(
        f" {name}={quoteattr(_clean(_unique(name, value, prefix)))}"
        for name, value in element.items()
        if name not in _MEANING
    )
    story = element.get("story")
    title = ""
    if isinstance(story, dict):
        told = "\n".join(f"{topic}: {text}" for topic, text in story.items())
        title = f"<title>{_text(str(element.get('aria-label', '')) + chr(10) + told)}</title>"
    parts = element.get("children")
    own = "".join(_render(part, prefix) for part in parts) if isinstance(parts, list) else ""
    tag, text = element["tag"], _text(element.get("text", ""))
    return f"<{tag}{attributes}>{title}{own}{text}{inner}</{tag}>"


def _unique(name: str, value: object, prefix: str) -> str:
    text = str(value)
    if name == "id":
        return f"{prefix}-{text}"
    return f"#{prefix}-{text[1:]}" if name == "href" else text


def _text(value: object) -> str:
    return escape(_clean(str(value)))


def _clean(text: str) -> str:
    """Without the characters that XML cannot hold, which a container's message may well have."""
    return "".join(
        char
        for char in text
        if char in "\t\n\r" or " " <= char < "\ud800" or "\ue000" <= char <= "\ufffd" or char > "\uffff"
    )


def clip(text: str, length: int) -> str:
    """``text`` in at most ``length`` characters; a wide (Chinese) character counts as two.

    >>> clip("recommender", 8)
    'recomme…'
    """
    width = 0
    for index, char in enumerate(text):
        width += 2 if char >= "\u1100" else 1
        if width > length:
            return text[: max(index - 1, 0)] + "…"
    return text
