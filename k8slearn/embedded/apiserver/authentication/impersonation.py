"""``kubectl --as``: to ask as somebody else, for those who may. Upstream: ``endpoints/filters/impersonation``.

There are several ways in which one may be allowed to (1.37 tries them in turn): by the verb ``impersonate``, or,
narrower, by ``impersonate:MODE`` and for each request ``impersonate-on:MODE:VERB``.
https://kubernetes.io/docs/reference/access-authn-authz/user-impersonation/
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from urllib.parse import unquote

from k8slearn.embedded.apiserver.authentication.user import MASTERS, User, account_of, node_of, user
from k8slearn.embedded.apiserver.authorization.attributes import Attributes
from k8slearn.embedded.apiserver.authorization.rbac import Authorizer
from k8slearn.embedded.apiserver.http import Request
from k8slearn.embedded.apiserver.status import ApiError, bad_request

USER, GROUP, UID = "impersonate-user", "impersonate-group", "impersonate-uid"
HEADERS = frozenset((USER, GROUP, UID))
_EXTRA = "impersonate-extra-"

_GROUP = "authentication.k8s.io"


def impersonated(authorizer: Authorizer, request: Request, attributes: Attributes) -> User:
    """Whom ``request`` wants to be. A header that comes several times has its values on lines. Raises ApiError."""
    wanted = _wanted(request)
    if not wanted.name:
        raise bad_request("requested groups, uid or extra without impersonating a user name")
    first: ApiError | None = None
    for mode in _modes(wanted):
        try:
            for needed in _needed(wanted, attributes, mode):
                authorizer.require(request.who, needed)
            return _granted(wanted, mode)
        except ApiError as error:
            first = first or error
    assert first is not None
    raise first


def _wanted(request: Request) -> User:
    extra = {
        unquote(name.removeprefix(_EXTRA)): value.split("\n")
        for name, value in request.headers.items()
        if name.startswith(_EXTRA)
    }
    groups = request.headers.get(GROUP, "")
    return User(
        request.headers.get(USER, ""),
        tuple(groups.split("\n")) if groups else (),
        request.headers.get(UID, ""),
        extra,
    )


def _modes(wanted: User) -> Iterator[str]:
    """The ways to try; the last, "", is the old one."""
    only_name = not (wanted.groups or wanted.uid or wanted.extra)
    if node_of(wanted.name):
        if only_name:
            yield "arbitrary-node"
    elif account_of(wanted.name):
        if only_name:
            yield "serviceaccount"
    elif MASTERS not in wanted.groups:
        yield "user-info"
    yield ""


def _needed(wanted: User, attributes: Attributes, mode: str) -> Iterator[Attributes]:
    """What one must be allowed to do in order to be ``wanted``."""
    verb, group = "impersonate", ""
    if mode:
        verb, group = f"impersonate:{mode}", _GROUP
        yield replace(attributes, verb=f"impersonate-on:{mode}:{attributes.verb}")
    account, node = account_of(wanted.name), node_of(wanted.name)
    if mode and node:
        yield Attributes(verb, group=group, resource="nodes", name=node)
    elif account:
        yield Attributes(verb, group=group, resource="serviceaccounts", namespace=account[0], name=account[1])
    else:
        yield Attributes(verb, group=group, resource="users", name=wanted.name)
    if wanted.uid:
        yield Attributes(verb, group=_GROUP, resource="uids", name=wanted.uid)
    for name in wanted.groups:
        yield Attributes(verb, group=group, resource="groups", name=name)
    for key, values in wanted.extra.items():
        for value in values:
            yield Attributes(verb, group=_GROUP, resource="userextras", subresource=key, name=value)


def _granted(wanted: User, mode: str) -> User:
    groups = ("system:nodes",) if mode == "arbitrary-node" else wanted.groups
    return user(wanted.name, groups, wanted.uid, wanted.extra)
