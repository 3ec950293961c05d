"""LocalSubjectAccessReview: asked by create, answered at once, never stored. See ``authorization/reviews.py``."""

from __future__ import annotations

from k8slearn.embedded.apiserver.kind import Kind

KIND = Kind(
    kind="LocalSubjectAccessReview",
    plural="localsubjectaccessreviews",
    group="authorization.k8s.io",
    namespaced=True,
    message="k8s.io.api.authorization.v1.LocalSubjectAccessReview",
    verbs=("create",),
)
