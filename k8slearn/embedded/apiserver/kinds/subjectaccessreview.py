"""SubjectAccessReview: asked by create, answered at once, never stored. See ``authorization/reviews.py``."""

from __future__ import annotations

from k8slearn.embedded.apiserver.kind import Kind

KIND = Kind(
    kind="SubjectAccessReview",
    plural="subjectaccessreviews",
    group="authorization.k8s.io",
    namespaced=False,
    message="k8s.io.api.authorization.v1.SubjectAccessReview",
    verbs=("create",),
)
