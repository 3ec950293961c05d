"""The forms in which an object can be asked for: as it is, as a row of a table, or its metadata only.

``kubectl get`` asks for ``application/json;as=Table;v=v1;g=meta.k8s.io`` and prints the cells as they come;
upstream: ``k8s.io/apiserver/pkg/endpoints/handlers/response.go``.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import orjson

from k8slearn.embedded.apiserver.kind import Kind
from k8slearn.embedded.store import Object, Stored


@dataclass(frozen=True)
class Form:
    """What an Accept header asks for. ``name`` is "" (the object), Table, PartialObjectMetadata(List)."""

    name: str = ""
    include_object: str = "Metadata"

    @property
    def is_table(self) -> bool:
        return self.name == "Table"

    @property
    def is_metadata(self) -> bool:
        return self.name.startswith("PartialObjectMetadata")


def asked_form(accept: str, include_object: str) -> Form:
    """The first form of an Accept header that this server speaks; it always ends at JSON objects."""
    for media in accept.split(","):
        kind, *parameters = (part.strip() for part in media.split(";"))
        options = {name: value for name, _, value in (p.partition("=") for p in parameters)}
        if options.get("as") and options.get("g") == "meta.k8s.io" and kind == "application/json":
            return Form(options["as"], include_object or "Metadata")
        if kind in ("application/json", "*/*", "application/*") and not options.get("as"):
            return Form()
    return Form()


def encoded(kind: Kind, stored: Stored) -> bytes:
    """The JSON of an object in the version ``kind``; it begins with its kind and apiVersion."""
    shown = kind.from_stored(stored.object)
    return stored.encoded if shown is stored.object else orjson.dumps(shown)


# -- one object -----------------------------------------------------------------------------------


def encode_one(form: Form, kind: Kind, stored: Stored, now: float) -> bytes:
    if form.is_table:
        return encode_list(form, kind, [stored], stored.object["metadata"].get("resourceVersion", ""), now)
    if form.is_metadata:
        return orjson.dumps(partial(stored.object))
    return encoded(kind, stored)


def partial(obj: Object) -> Object:
    return {"kind": "PartialObjectMetadata", "apiVersion": "meta.k8s.io/v1", "metadata": obj["metadata"]}


# -- lists ----------------------------------------------------------------------------------------


def encode_list(
    form: Form,
    kind: Kind,
    items: list[Stored],
    revision: str,
    now: float,
    more: dict[str, Any] | None = None,
) -> bytes:
    """A list in the form asked for. ``more`` goes into the list's metadata (continue, remainingItemCount).

    ``revision`` is "" for objects that are made when they are asked for: they have none.
    """
    metadata = orjson.dumps({**({"resourceVersion": revision} if revision else {}), **(more or {})})
    if form.is_table:
        rows = [row(form, kind, stored.object, now) for stored in items]
        if kind.listed_name:
            objects = [stored.object for stored in items]
            for listed, obj in zip(rows, objects, strict=True):
                listed["cells"][0] = kind.listed_name(obj, objects)
        return orjson.dumps(table(kind, rows, orjson.loads(metadata)))
    if form.is_metadata:
        head = b'{"kind":"PartialObjectMetadataList","apiVersion":"meta.k8s.io/v1","metadata":'
        texts = [orjson.dumps(partial(stored.object)) for stored in items]
    else:
        head = b'{"kind":"%s","apiVersion":"%s","metadata":' % (
            (kind.list_kind or f"{kind.kind}List").encode(),
            kind.api_version.encode(),
        )
        # Items of a list do not name their kind, but for custom resources. Every stored object begins with kind
        # and apiVersion.
        own = b'{"kind":"%s","apiVersion":"%s",' % (kind.kind.encode(), kind.api_version.encode())
        cut = len(own) if kind.custom_schema is None else 1
        texts = [b"{" + encoded(kind, stored)[cut:] for stored in items]
    return head + metadata + b',"items":[' + b",".join(texts) + b"]}"


# -- tables ---------------------------------------------------------------------------------------


def table(kind: Kind, rows: list[Object], metadata: dict[str, Any], *, with_columns: bool = True) -> Object:
    definitions = [
        {
            "name": column.name,
            "type": column.type,
            "format": column.format,
            "description": column.description,
            "priority": 1 if column.wide else 0,
        }
        for column in kind.columns
    ]
    return {
        "kind": "Table",
        "apiVersion": "meta.k8s.io/v1",
        "metadata": metadata,
        "columnDefinitions": definitions if with_columns else None,
        "rows": rows,
    }


def row(form: Form, kind: Kind, obj: Object, now: float) -> Object:
    cells = [column.cell(obj, now) for column in kind.columns]
    match form.include_object:
        case "None":
            return {"cells": cells, "object": None}
        case "Object":
            return {"cells": cells, "object": kind.from_stored(obj)}
        case _:
            return {"cells": cells, "object": partial(obj)}
