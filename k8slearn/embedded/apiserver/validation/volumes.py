"""What is wrong with a pod's volumes. Upstream: ``ValidateVolumes`` in ``pkg/apis/core/validation``."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any

from k8slearn.embedded.apiserver.status import FieldError
from k8slearn.embedded.apiserver.validation import formats
from k8slearn.embedded.apiserver.validation.claims import validate_claim_spec
from k8slearn.embedded.apiserver.validation.environment import (
    ENV_FIELDS,
    validate_field_ref,
    validate_resource_ref,
)
from k8slearn.embedded.apiserver.validation.fields import (
    duplicate,
    each_invalid,
    forbidden,
    invalid,
    not_supported,
    required,
    too_long,
)
from k8slearn.kube import quantity

FILE_MODE = "must be a number between 0 and 0777 (octal), both inclusive"

HOST_PATH_TYPES = (
    "",
    "BlockDevice",
    "CharDevice",
    "Directory",
    "DirectoryOrCreate",
    "File",
    "FileOrCreate",
    "Socket",
)

VOLUME_FIELDS = (
    "metadata.annotations",
    "metadata.labels",
    *(field for field in ENV_FIELDS if field.startswith("metadata.")),
)
"""Fields of a pod that a downwardAPI volume may show as files."""


def validate_volumes(
    path: str, volumes: Sequence[dict[str, Any]], errors: list[FieldError]
) -> frozenset[str]:
    """Adds to ``errors``; returns the names of the volumes that are right, which mounts may use."""
    names: set[str] = set()
    for index, volume in enumerate(volumes):
        at, name = f"{path}[{index}]", volume.get("name", "")
        wrong = list(_validate_source(at, volume))
        if not name:
            wrong.append(required(f"{at}.name"))
        else:
            wrong += each_invalid(f"{at}.name", name, formats.dns_label(name))
        if name in names:
            wrong.append(duplicate(f"{at}.name", name))
        if not wrong:
            names.add(name)
        errors += wrong
    return frozenset(names)


def _validate_source(path: str, volume: dict[str, Any]) -> Iterator[FieldError]:
    given = [name for name, value in volume.items() if name != "name" and value is not None]
    given.sort(key=lambda name: _ORDER.index(name) if name in _ORDER else len(_ORDER))
    if not given:
        yield required(path, "must specify a volume type")
        return
    first, *others = given
    validate = _SOURCES.get(first)
    if validate:
        yield from validate(f"{path}.{first}", volume[first])
    for name in others:
        yield forbidden(f"{path}.{name}", "may not specify more than 1 volume type")


_ORDER = (
    "emptyDir",
    "hostPath",
    "secret",
    "nfs",
    "iscsi",
    "persistentVolumeClaim",
    "downwardAPI",
    "fc",
    "configMap",
    "projected",
    "csi",
    "ephemeral",
    "image",
)
"""In which order upstream looks at what a volume is: the first counts, a second is one too many."""


def _empty_dir(path: str, source: dict[str, Any]) -> Iterator[FieldError]:
    limit = source.get("sizeLimit")
    if limit is not None and quantity.parse(limit) < 0:
        yield forbidden(f"{path}.sizeLimit", "SizeLimit field must be a valid resource quantity")


def validate_host_path(path: str, source: dict[str, Any]) -> Iterator[FieldError]:
    if not source.get("path"):
        yield required(f"{path}.path")
        return
    yield from no_backsteps(f"{path}.path", source["path"])
    sort = source.get("type")
    if sort is not None and sort not in HOST_PATH_TYPES:
        yield not_supported(f"{path}.type", sort, HOST_PATH_TYPES)


def validate_nfs(path: str, source: dict[str, Any]) -> Iterator[FieldError]:
    for field in ("server", "path"):
        if not source.get(field):
            yield required(f"{path}.{field}")
    if not source.get("path", "").startswith("/"):
        yield invalid(f"{path}.path", source.get("path", ""), "must be an absolute path")


def validate_csi(path: str, source: dict[str, Any]) -> Iterator[FieldError]:
    yield from validate_driver_name(f"{path}.driver", source.get("driver", ""))


def validate_driver_name(path: str, driver: str) -> Iterator[FieldError]:
    if not driver:
        yield required(path)
        return
    if len(driver) > 63:
        yield too_long(path, 63)
    yield from each_invalid(path, driver, formats.dns_subdomain(driver.lower()))


def _ephemeral(path: str, source: dict[str, Any]) -> Iterator[FieldError]:
    template = source.get("volumeClaimTemplate")
    if template is None:
        yield required(f"{path}.volumeClaimTemplate")
    else:
        yield from validate_claim_spec(f"{path}.volumeClaimTemplate.spec", template.get("spec") or {})


def _secret(path: str, source: dict[str, Any]) -> Iterator[FieldError]:
    if not source.get("secretName"):
        yield required(f"{path}.secretName")
    yield from _mode(f"{path}.defaultMode", source.get("defaultMode"))
    yield from _items(f"{path}.items", source.get("items") or ())


def _config_map(path: str, source: dict[str, Any]) -> Iterator[FieldError]:
    if not source.get("name"):
        yield required(f"{path}.name")
    yield from _mode(f"{path}.defaultMode", source.get("defaultMode"))
    yield from _items(f"{path}.items", source.get("items") or ())


def _claim(path: str, source: dict[str, Any]) -> Iterator[FieldError]:
    if not source.get("claimName"):
        yield required(f"{path}.claimName")


def _downward(path: str, source: dict[str, Any]) -> Iterator[FieldError]:
    yield from _mode(f"{path}.defaultMode", source.get("defaultMode"))
    yield from _downward_items(path, source)


def _downward_items(path: str, source: dict[str, Any]) -> Iterator[FieldError]:
    for item in source.get("items") or ():
        if not item.get("path"):
            yield required(f"{path}.path")
        yield from validate_local_path(f"{path}.path", item.get("path", ""))
        if item.get("fieldRef") is not None:
            yield from validate_field_ref(f"{path}.fieldRef", item["fieldRef"], VOLUME_FIELDS)
        elif item.get("resourceFieldRef") is not None:
            if not item["resourceFieldRef"].get("containerName"):
                yield required(f"{path}.resourceFieldRef.containerName")
            else:
                yield from validate_resource_ref(f"{path}.resourceFieldRef", item["resourceFieldRef"])
        else:
            yield required(path, "one of fieldRef and resourceFieldRef is required")


def _projected(path: str, source: dict[str, Any]) -> Iterator[FieldError]:
    yield from _mode(f"{path}.defaultMode", source.get("defaultMode"))
    taken: set[str] = set()
    parts: list[dict[str, Any]] = source.get("sources") or []
    for index, part in enumerate(parts):
        at = f"{path}.sources[{index}]"
        for name in ("secret", "configMap"):
            if (reference := part.get(name)) is None:
                continue
            if not reference.get("name"):
                yield required(f"{at}.{name}.name")
            yield from _items(f"{at}.{name}.items", reference.get("items") or ())
            yield from _taken_twice(path, reference.get("items") or (), taken, reference.get("name", ""))
        if (downward := part.get("downwardAPI")) is not None:
            yield from _downward_items(f"{at}.downwardAPI", downward)
            yield from _taken_twice(path, downward.get("items") or (), taken, None)
        if (token := part.get("serviceAccountToken")) is not None:
            seconds = token.get("expirationSeconds", 0)
            if seconds < 600:
                detail = "may not specify a duration less than 10 minutes"
                yield invalid(f"{at}.serviceAccountToken.expirationSeconds", seconds, detail)
            if not token.get("path"):
                yield required(f"{path}.path")
        if sum(value is not None for value in part.values()) > 1:
            yield forbidden(at, "may not specify more than 1 volume type per source")


def _taken_twice(
    path: str, items: Sequence[dict[str, Any]], taken: set[str], shown: str | None
) -> Iterator[FieldError]:
    for item in items:
        if (place := item.get("path")) in taken:
            yield invalid(path, shown if shown is not None else place, "conflicting duplicate paths")
        taken.add(place or "")


_Validator = Callable[[str, dict[str, Any]], Iterator[FieldError]]

_SOURCES: dict[str, _Validator] = {
    "emptyDir": _empty_dir,
    "hostPath": validate_host_path,
    "nfs": validate_nfs,
    "csi": validate_csi,
    "ephemeral": _ephemeral,
    "secret": _secret,
    "configMap": _config_map,
    "persistentVolumeClaim": _claim,
    "downwardAPI": _downward,
    "projected": _projected,
}


def _items(path: str, items: Sequence[dict[str, Any]]) -> Iterator[FieldError]:
    for index, item in enumerate(items):
        at = f"{path}[{index}]"
        for field in ("key", "path"):
            if not item.get(field):
                yield required(f"{at}.{field}")
        yield from validate_local_path(f"{at}.path", item.get("path", ""))
        yield from _mode(f"{at}.mode", item.get("mode"))


def _mode(path: str, mode: int | None) -> Iterator[FieldError]:
    if mode is not None and not 0 <= mode <= 0o777:
        yield invalid(path, mode, FILE_MODE)


def validate_relative_path(path: str, place: str) -> Iterator[FieldError]:
    if place.startswith("/"):
        yield invalid(path, place, "must be a relative path")
    yield from no_backsteps(path, place)


def validate_local_path(path: str, place: str) -> Iterator[FieldError]:
    """A file in a volume: relative, and not beginning with two dots, which volumes keep for themselves."""
    yield from validate_relative_path(path, place)
    if place.startswith("..") and not place.startswith("../"):
        yield invalid(path, place, "must not start with '..'")


def no_backsteps(path: str, place: str) -> Iterator[FieldError]:
    if ".." in place.split("/"):
        yield invalid(path, place, "must not contain '..'")
