"""The table of the API's messages: which fields an object has, of which type. Read from ``data/fields.json``.

Decoding JSON (schema.py), protobuf (protobuf.py) and strategic merge patches (patch.py) all go by it.
data/README.md says where the table comes from and how a line of it reads.
"""

from __future__ import annotations

from functools import cache
from pathlib import Path

import orjson

DATA = Path(__file__).parent / "data"

META = "k8s.io.apimachinery.pkg.apis.meta.v1."

_GO_TYPES = {
    "quantity": "resource.Quantity",
    "time": "v1.Time",
    "microtime": "v1.MicroTime",
    "duration": "v1.Duration",
    "intorstring": "intstr.IntOrString",
    "raw": "runtime.RawExtension",
    "bytes": "[]uint8",
}


class Field:
    """A field of a message. ``type`` is that of the elements where ``container`` is a list or a map."""

    __slots__ = (
        "always",
        "container",
        "elements_whole",
        "go",
        "go_name",
        "is_set",
        "list_keys",
        "merge_key",
        "name",
        "number",
        "owner",
        "pointer",
        "stack",
        "strategies",
        "type",
        "whole",
    )

    def __init__(self, name: str, words: str, package: str, owner: str) -> None:
        number, form, *options = words.split()
        self.name = name
        self.number = int(number)
        self.owner = owner
        """The Go struct that errors name: ``PodSpec``."""
        self.stack = name
        """The path that errors name; a field of an inlined struct has that struct's name before it."""
        self.pointer = form.startswith("*")
        self.container = next((c for c in ("[]", "map:") if form.startswith(c)), "")
        """``[]``, ``map:`` or ``""``."""
        self.type = _full_name(form.removeprefix("*").removeprefix(self.container), package)
        """A message's name, or one of the words of data/README.md; ``[]string`` in a map of lists."""
        self.always = "always" in options
        named = dict(option.split("=", 1) for option in options if "=" in option)
        self.go = named.get("go") or _go_type(form.replace("*", ""), package)
        """The Go type that errors name: ``[]v1.Container``."""
        self.go_name = named.get("field") or name[0].upper() + name[1:]
        """What the Go struct calls it: ``DNSPolicy`` for ``dnsPolicy``."""
        self.strategies = frozenset(named.get("patch", "").split(",")) - {""}
        self.merge_key = named.get("key", "")
        kind, _, keys = named.get("list", "").partition(":")
        self.is_set = kind == "set"
        pairs = [key.partition("=") for key in keys.split(",") if key]
        self.list_keys = {key: default if given else None for key, given, default in pairs}
        """By these server-side apply tells the list's elements apart; what a missing one is worth, or None."""
        self.whole = "whole" in options
        """Whoever owns a part owns all of it."""
        self.elements_whole = named.get("elements") == "whole"


class Message:
    """``fields`` by JSON name, those of inlined structs among them; ``numbers`` as protobuf sees them."""

    __slots__ = ("fields", "go", "name", "numbers")

    def __init__(self, name: str) -> None:
        package, _, owner = name.rpartition(".")
        self.name = name
        self.go = _go_type(name, package)
        self.fields: dict[str, Field] = {}
        self.numbers: dict[int, Field | Message] = {}
        for field_name, words in _table()[name].items():
            number, form, *rest = words.split()
            if form == "inline":
                inlined = Message(_full_name(rest[0], package))
                self.numbers[int(number)] = inlined
                for field in inlined.fields.values():
                    field.owner, field.stack = owner, f"{field_name}.{field.stack}"
                    self.fields[field.name] = field
            else:
                field = Field(field_name, words, package, owner)
                self.fields[field_name] = self.numbers[field.number] = field


@cache
def _table() -> dict[str, dict[str, str]]:
    return orjson.loads((DATA / "fields.json").read_bytes())


@cache
def message(name: str) -> Message:
    """The message of that protobuf name, such as ``k8s.io.api.core.v1.Pod``."""
    return Message(name)


def is_message(type_name: str) -> bool:
    return type_name in _table()


def _full_name(form: str, package: str) -> str:
    """``Container`` -> ``k8s.io.api.core.v1.Container``; what is no message stays as it is."""
    full = f"{package}.{form}"
    return full if full in _table() else form


def _go_type(form: str, package: str) -> str:
    if form.startswith("[]"):
        return "[]" + _go_type(form[2:], package)
    if form.startswith("map:"):
        return "map[string]" + _go_type(form[4:], package)
    full = _full_name(form, package)
    return _GO_TYPES.get(form) or ".".join(full.split(".")[-2:])
