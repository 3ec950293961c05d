"""What the API server does with objects: get, list, watch, create, update, patch, delete, for every kind alike.

https://kubernetes.io/docs/reference/using-api/api-concepts/
"""

from __future__ import annotations

from typing import Any

import orjson

from k8slearn.embedded.apiserver import patch as patches
from k8slearn.embedded.apiserver import representation, scale
from k8slearn.embedded.apiserver.applying import applied, configuration, is_apply
from k8slearn.embedded.apiserver.bodies import decode, read_options, strictness
from k8slearn.embedded.apiserver.deletion import propagation
from k8slearn.embedded.apiserver.eviction import evict
from k8slearn.embedded.apiserver.fieldmanager.managers import Entry
from k8slearn.embedded.apiserver.fieldmanager.options import check_patch_options, field_manager
from k8slearn.embedded.apiserver.http import Answer, Request, Response
from k8slearn.embedded.apiserver.kind import Kind, Scale
from k8slearn.embedded.apiserver.listing import matcher, select, whole_number
from k8slearn.embedded.apiserver.listoptions import any_version, check_reached, check_watch
from k8slearn.embedded.apiserver.registry import Registry
from k8slearn.embedded.apiserver.routes import Target
from k8slearn.embedded.apiserver.status import ApiError, bad_request, method_not_allowed, path_not_found
from k8slearn.embedded.apiserver.validation.fields import required
from k8slearn.embedded.apiserver.watching import WatchStream
from k8slearn.embedded.store import Key, Object, Stored

SCALE = "k8s.io.api.autoscaling.v1.Scale"


class Verbs:
    """One method a verb; each takes the request and its target, and raises ApiError."""

    def __init__(self, registry: Registry) -> None:
        self.registry = registry

    # -- reading --------------------------------------------------------------------------------

    def get(self, request: Request, target: Target) -> Response:
        request.warnings.extend(_deprecation(target.kind))
        check_reached(self.registry.store, any_version(request))
        stored = self.registry.get(
            target.resource, target.key_namespace, target.name, called=target.kind.resource
        )
        return self._one(request, target.kind, stored)

    def list(self, request: Request, target: Target) -> Response:
        portion = select(self.registry.store, request, target)
        body = representation.encode_list(
            _form(request),
            target.kind,
            portion.items,
            portion.revision,
            self.registry.clock.now,
            portion.more,
        )
        request.warnings.extend(_deprecation(target.kind))
        return Response(200, body)

    def watch(self, request: Request, target: Target) -> Answer:
        if "watch" not in target.kind.verbs:
            raise method_not_allowed()
        check_watch(request)
        since, initial = any_version(request), request.flag("sendInitialEvents")
        timeout = whole_number(request, "timeoutSeconds")
        watch = WatchStream(
            self.registry.store,
            self.registry.clock,
            target.kind,
            _form(request),
            matcher(request, target),
            namespace=target.namespace,
            since=None if initial or not since else since,
            bookmarks=request.flag("allowWatchBookmarks"),
            initial_bookmark=initial and request.flag("allowWatchBookmarks"),
            timeout=float(timeout) if timeout else None,
        )
        return watch.stream

    # -- writing --------------------------------------------------------------------------------

    def create(self, request: Request, target: Target) -> Response:
        kind = target.kind
        if "create" not in kind.verbs or (kind.namespaced and target.namespace is None):
            raise method_not_allowed()
        request.warnings.extend(_deprecation(kind))
        obj = decode(request, kind.message, kind)
        _check_namespace(obj, target)
        return self._create(request, target, obj, manager=field_manager(request))

    def update(self, request: Request, target: Target) -> Response:
        kind = target.kind
        obj = decode(request, kind.message, kind)
        updated = self._write(request, target, obj)
        return self._one(request, kind, _stored(target, updated))

    def patch(self, request: Request, target: Target) -> Response:
        kind = target.kind
        check_patch_options(request, applies=is_apply(request))
        if is_apply(request):
            return self._apply(request, target)
        current = self.registry.get(target.resource, target.key_namespace, target.name).object
        patched = self._patched(request, kind.from_stored(current), kind.message, kind.decode)
        updated = self._write(request, target, patched, uid_chooses=False)
        return self._one(request, kind, _stored(target, updated))

    def _apply(self, request: Request, target: Target) -> Response:
        kind = target.kind
        (obj, entries), is_new = applied(self.registry, request, target, configuration(request))
        if not is_new:
            updated = self._write(request, target, obj, uid_chooses=False, entries=entries)
            return self._one(request, kind, _stored(target, updated))
        _check_namespace(obj, target)
        _check_name(obj, target)
        return self._create(request, target, obj, entries=entries)

    def _create(
        self,
        request: Request,
        target: Target,
        obj: Object,
        *,
        manager: str = "",
        entries: list[Entry] | None = None,
    ) -> Response:
        """``manager`` is to own the fields, or ``entries`` say whose they are."""
        kind = target.kind
        created = self.registry.create(
            target.resource,
            kind.to_stored(obj),
            namespace=target.namespace,
            version=kind,
            dry_run=_dry_run(request),
            user=request.who,
            warn=request.warnings.append,
            manager=manager,
            entries=entries,
        )
        return self._one(request, kind, _stored(target, created), code=201)

    def _patched(
        self, request: Request, obj: Object, message: str, decode: patches.Decode | None = None
    ) -> Object:
        media = request.headers.get("content-type", "").partition(";")[0].strip()
        patched, warnings = patches.apply(media, obj, request.body, message, strictness(request), decode)
        request.warnings.extend(warnings)
        return patched

    def _write(
        self,
        request: Request,
        target: Target,
        obj: Object,
        *,
        uid_chooses: bool = True,
        entries: list[Entry] | None = None,
    ) -> Object:
        _check_namespace(obj, target)
        _check_name(obj, target)
        metadata = {**obj["metadata"], "name": target.name}
        if target.namespace is not None:
            metadata["namespace"] = target.namespace
        return self.registry.update(
            target.resource,
            target.kind.to_stored({**obj, "metadata": metadata}),
            subresource=target.subresource,
            version=target.kind,
            dry_run=_dry_run(request),
            user=request.who,
            manager="" if entries is not None else field_manager(request),
            entries=entries,
            uid_chooses=uid_chooses,
            warn=request.warnings.append,
        )

    def bind(self, request: Request, target: Target) -> Response:
        """A POST to a pod's binding, or to ``bindings``, where the Binding has the pod's name."""
        binding = decode(request, "k8s.io.api.core.v1.Binding", None)
        name = target.name or binding["metadata"].get("name", "")
        stored = self.registry.get("pods", target.key_namespace, name)
        if not (node := binding["target"].get("name")):
            raise ApiError(500, "", str(required("target.name")))
        self.registry.bind(stored.key, node)
        return Response(201, orjson.dumps({**_success(), "code": 201}))

    def evict(self, request: Request, target: Target) -> Response:
        evict(self.registry, request, target)
        return Response(201, orjson.dumps({**_success(), "code": 201}))

    # -- deleting -------------------------------------------------------------------------------

    def delete(self, request: Request, target: Target) -> Response:
        options = read_options(request)
        request.warnings.extend(_orphans(target.kind, options))
        dry_run = _dry_run(request) or bool(options.get("dryRun"))
        obj, gone = self.registry.delete(
            target.resource, target.key_namespace, target.name, options, dry_run=dry_run, user=request.who
        )
        if target.kind.delete_answers_object or not gone:
            return self._one(request, target.kind, _stored(target, obj))
        details: dict[str, Any] = {"name": target.name}
        if target.kind.group:
            details["group"] = target.kind.group
        details |= {"kind": target.kind.plural, "uid": obj["metadata"]["uid"]}
        return Response(200, orjson.dumps({**_success(), "details": details}))

    def delete_collection(self, request: Request, target: Target) -> Response:
        if "deletecollection" not in target.kind.verbs:
            raise method_not_allowed()
        options = read_options(request)
        request.warnings.extend(_orphans(target.kind, options))
        portion = select(self.registry.store, request, target)
        for stored in portion.items:
            self.registry.delete(
                target.resource, *stored.key, options, dry_run=_dry_run(request), user=request.who
            )
        form, now = _form(request), self.registry.clock.now
        return Response(
            200, representation.encode_list(form, target.kind, portion.items, portion.revision, now)
        )

    # -- scale ----------------------------------------------------------------------------------

    def get_scale(self, request: Request, target: Target) -> Response:
        declared, obj = self._scaled(target)
        return Response(200, orjson.dumps(scale.read(declared, obj)))

    def update_scale(self, request: Request, target: Target) -> Response:
        declared, obj = self._scaled(target)
        return self._scale(request, target, declared, obj, decode(request, SCALE, None))

    def patch_scale(self, request: Request, target: Target) -> Response:
        declared, obj = self._scaled(target)
        check_patch_options(request, applies=is_apply(request))
        if is_apply(request):
            config = scale.configuration(declared, target.kind, configuration(request))
            (new, entries), _ = applied(self.registry, request, target, config)
            return self._scale(request, target, declared, obj, scale.read(declared, new), entries)
        patched = self._patched(request, scale.read(declared, obj), SCALE)
        return self._scale(request, target, declared, obj, patched)

    def _scaled(self, target: Target) -> tuple[Scale, Object]:
        if target.kind.scale is None:
            raise path_not_found()
        obj = self.registry.get(target.resource, target.key_namespace, target.name).object
        return target.kind.scale, obj

    def _scale(
        self,
        request: Request,
        target: Target,
        declared: Scale,
        obj: Object,
        wanted: Object,
        entries: list[Entry] | None = None,
    ) -> Response:
        new = scale.write(declared, obj, wanted)
        updated = self.registry.update(
            target.resource,
            new,
            subresource="scale",
            dry_run=_dry_run(request),
            user=request.who,
            manager="" if entries is not None else field_manager(request),
            entries=entries,
            warn=request.warnings.append,
        )
        return Response(200, orjson.dumps(scale.read(declared, updated)))

    # -- answering ------------------------------------------------------------------------------

    def _one(self, request: Request, kind: Kind, stored: Stored, *, code: int = 200) -> Response:
        body = representation.encode_one(_form(request), kind, stored, self.registry.clock.now)
        return Response(code, body)


def _form(request: Request) -> representation.Form:
    return representation.asked_form(request.headers.get("accept", ""), request.param("includeObject"))


def _stored(target: Target, obj: Object) -> Stored:
    metadata = obj["metadata"]
    revision = int(metadata.get("resourceVersion", 0))
    return Stored(target.resource, Key(metadata.get("namespace", ""), metadata["name"]), revision, obj)


def _dry_run(request: Request) -> bool:
    return request.param("dryRun") == "All"


def _check_namespace(obj: Object, target: Target) -> None:
    namespace = obj["metadata"].get("namespace")
    if target.kind.namespaced and namespace and namespace != target.namespace:
        raise bad_request(
            "the namespace of the provided object does not match the namespace sent on the request"
        )


def _check_name(obj: Object, target: Target) -> None:
    name = obj["metadata"].get("name")
    if name and name != target.name:
        raise bad_request(
            f"the name of the object ({name}) does not match the name on the URL ({target.name})"
        )


def _deprecation(kind: Kind) -> list[str]:
    return [kind.deprecation] if kind.deprecation else []


def _orphans(kind: Kind, options: dict[str, Any]) -> list[str]:
    return [kind.orphans_warning] if kind.orphans_warning and propagation(options) is None else []


def _success() -> dict[str, Any]:
    return {"kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Success"}
