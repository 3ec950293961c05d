"""Strategic merge patch: a merge patch that knows by which key the elements of a list are told apart.

Upstream: apimachinery's ``util/strategicpatch``.
https://kubernetes.io/docs/tasks/manage-kubernetes-objects/update-api-object-kubectl-patch/

A container in a patch with ``name: web`` changes the live container of that name and leaves the others alone.
Directives in a patch: ``$patch: delete`` and ``$patch: replace`` in an object or a list's element,
``$retainKeys: [a]``, ``$deleteFromPrimitiveList/finalizers: [x]``, ``$setElementOrder/containers: […]``.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from k8slearn.embedded.apiserver.decoding import Object, go_kind, go_print
from k8slearn.embedded.apiserver.messages import Field, Message, is_message, message
from k8slearn.embedded.apiserver.status import ApiError, bad_request

DIRECTIVE = "$patch"
RETAIN_KEYS = "$retainKeys"
DELETE_FROM = "$deleteFromPrimitiveList/"
SET_ORDER = "$setElementOrder/"


def merge(live: Object, patch: Object, message_name: str) -> Object:
    """``live`` with ``patch`` merged into it; neither is altered. Raises ApiError."""
    return _merge_map(live, patch, message(message_name))


def _refused(sentence: str) -> ApiError:
    """Upstream lets these through as plain errors, which makes a 500 of them."""
    return ApiError(500, "", sentence)


def _merge_map(live: Object, patch: Object, schema: Message | None) -> Object:
    if DIRECTIVE in patch:
        match patch[DIRECTIVE]:
            case "replace":
                return {name: value for name, value in patch.items() if name != DIRECTIVE}
            case "delete":
                return {}
        raise _refused(f"unknown patch type: {go_print(patch[DIRECTIVE])} in map: {go_print(patch)}")
    merged = _retained(live, patch)
    rest = {name: value for name, value in patch.items() if name != RETAIN_KEYS}
    for name in patch:
        if name.startswith(SET_ORDER):
            field_name = name.removeprefix(SET_ORDER)
            order, patched = rest.pop(name), rest.pop(field_name, None)
            if (ordered := _ordered(merged.get(field_name), patched, order, schema, field_name)) is not None:
                merged[field_name] = ordered
    for name, value in rest.items():
        _merge_field(merged, name, value, schema)
    return merged


def _merge_field(merged: Object, name: str, value: Any, schema: Message | None) -> None:
    deletes = name.startswith(DELETE_FROM)
    name = name.removeprefix(DELETE_FROM)
    live = merged.get(name)
    if value is None:
        merged.pop(name, None)
    elif live is None or go_kind(live) != go_kind(value):
        if not deletes:
            _put(merged, name, value)
    elif isinstance(value, dict):
        field = schema.fields.get(name) if schema else None
        replaces = field is not None and "replace" in field.strategies
        merged[name] = value if replaces else _merge_map(live, value, _schema_of(field))
    elif isinstance(value, list):
        field = schema.fields.get(name) if schema else None
        merged[name] = _merge_list(live, value, field, deletes)
    else:
        merged[name] = value


def _put(merged: Object, name: str, value: Any) -> None:
    """What is new is taken as it stands, but for directives and nulls."""
    if isinstance(value, dict) and DIRECTIVE in value:
        merged.pop(name, None)
    else:
        merged[name] = _plain(value)


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        return {
            name: _plain(item)
            for name, item in value.items()
            if item is not None and not name.startswith("$") and not _is_directive(item)
        }
    if isinstance(value, list):
        return [_plain(item) for item in value if not _is_directive(item)]
    return value


def _is_directive(value: Any) -> bool:
    return isinstance(value, dict) and DIRECTIVE in value


def _schema_of(field: Field | None) -> Message | None:
    return message(field.type) if field is not None and is_message(field.type) else None


def _retained(live: Object, patch: Object) -> Object:
    """A copy of ``live``; with ``$retainKeys`` only those keys, of which the patch may set no other."""
    if RETAIN_KEYS not in patch:
        return dict(live)
    keys = patch[RETAIN_KEYS]
    set_in_patch = {n for n, value in patch.items() if value is not None and not n.startswith("$")}
    if not isinstance(keys, list) or not set_in_patch <= {key for key in keys if isinstance(key, str)}:
        raise bad_request("invalid patch format of retainKeys")
    return {name: value for name, value in live.items() if name in keys}


# -- lists ----------------------------------------------------------------------------------------


def _merge_list(live: list[Any], patch: list[Any], field: Field | None, deletes: bool) -> list[Any]:
    if not deletes and (field is None or "merge" not in field.strategies):
        return patch
    if not live and not patch:
        return live
    _check_alike(live, patch)
    if not isinstance((live or patch)[0], dict):
        if deletes:
            return [value for value in live if value not in patch]
        merged = list(dict.fromkeys([*live, *patch]))
        return _in_order(merged, patch, live, "")
    key = field.merge_key if field else ""
    if not key:
        raise _refused(f"cannot merge lists without merge key for {field.go if field else ''}")
    live, patch = _apply_element_directives(live, patch, key)
    merged = list(live)
    for element in patch:
        at = _find(merged, key, _key_of(element, key))
        if at is None:
            merged.append(_plain(element))
        else:
            merged[at] = _merge_map(merged[at], element, _schema_of(field))
    return _in_order(merged, patch, live, key)


def _apply_element_directives(live: list[Any], patch: list[Any], key: str) -> tuple[list[Any], list[Any]]:
    """``$patch: delete`` takes an element from ``live``, ``replace`` all of them; the rest is to merge."""
    replaces = False
    for element in patch:
        match element.get(DIRECTIVE):
            case None:
                pass
            case "delete":
                gone = _key_of(element, key)
                live = [element for element in live if element.get(key) != gone]
            case "replace":
                replaces = True
            case "merge":
                raise _refused("merging lists cannot yet be specified in the patch")
            case other:
                raise _refused(f"unknown patch type: {go_print(other)} in map: {go_print(element)}")
    return [] if replaces else live, [element for element in patch if DIRECTIVE not in element]


def _check_alike(live: list[Any], patch: list[Any]) -> None:
    kinds = {go_kind(element) for element in [*live, *patch]}
    if "slice" in kinds:
        raise ApiError(422, "Invalid", "lists of lists are not supported", {})
    if len(kinds) > 1 or None in (*live, *patch):
        raise _refused(f"list element types are not identical: {go_print([live, patch])}")


def _key_of(element: Object, key: str) -> Any:
    if key not in element:
        raise _refused(f"map: {go_print(element)} does not contain declared merge key: {key}")
    return element[key]


def _find(elements: Sequence[Any], key: str, value: Any) -> int | None:
    """Where the element stands whose merge key has this value; with no key, the value itself."""
    for index, element in enumerate(elements):
        if (element.get(key) if key else element) == value:
            return index
    return None


def _in_order(merged: list[Any], order: list[Any], live: list[Any], key: str) -> list[Any]:
    """What ``order`` names stands in its order; the others keep theirs and stay before what they were before.

    Live a b c, the patch names c a: c and a go round, b stays before c, so b c a.
    """

    def at(elements: list[Any], element: Any) -> int | None:
        return _find(elements, key, element[key] if key else element)

    places = [(at(order, element), element) for element in merged]
    patched = [
        element
        for place, element in sorted(places, key=lambda p: -1 if p[0] is None else p[0])
        if place is not None
    ]
    others = [element for place, element in places if place is None]
    result = []
    while others and patched:
        other, named = at(live, others[0]), at(live, patched[0])
        comes_first = other is not None and named is not None and other < named
        result.append((others if comes_first else patched).pop(0))
    return [*result, *others, *patched]


def _ordered(
    live: Any, patched: Any, order: Any, schema: Message | None, field_name: str
) -> list[Any] | None:
    """The list that ``$setElementOrder/field_name`` is about, merged and in that order."""
    for part in (order, live, patched):
        if part is not None and not isinstance(part, list):
            raise _refused(f"expected a []interface {{}}, but received a {go_kind(part)}")
    if live is None and patched is None:
        return None
    field = schema.fields.get(field_name) if schema else None
    key = field.merge_key if field else ""
    _check_order(patched or [], order or [], key)
    if live is None:
        merged = _plain(patched)
    elif patched is None:
        merged = live
    else:
        merged = _merge_list(live, patched, field, deletes=False)
    return _in_order(merged, order or [], _as_left_behind(live or [], patched or [], key), key)


def _as_left_behind(live: list[Any], patched: list[Any], key: str) -> list[Any]:
    """The live list as Go has it after merging: it deletes and appends in place, within the list's length.

    Live A B D, the patch deletes A and adds C: the list that new places are compared with reads B D C.
    """
    if not key:
        return live
    gone = {element.get(key) for element in patched if element.get(DIRECTIVE) == "delete"}
    kept = [element for element in live if element.get(key) not in gone]
    new = [e for e in patched if DIRECTIVE not in e and _find(live, key, e.get(key)) is None]
    written = [*kept, *new][: len(live)]
    return [*written, *live[len(written) :]]


def _check_order(patched: list[Any], order: list[Any], key: str) -> None:
    """The patch's elements must come in the order's order."""
    if not patched or not order:
        return
    rest = iter(order)
    for element in patched:
        if key and (not isinstance(element, dict) or DIRECTIVE in element):
            continue
        value = _key_of(element, key) if key else element
        if not any((_key_of(other, key) if key else other) == value for other in rest):
            raise _refused(
                f"The order in patch list:\n{go_print(patched)}\n doesn't match $setElementOrder list:\n"
                f"{go_print(order)}\n"
            )
