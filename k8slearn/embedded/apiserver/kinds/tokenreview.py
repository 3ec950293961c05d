"""TokenReview: asked by create, answered at once, never stored. See ``authentication/reviews.py``."""

from __future__ import annotations

from k8slearn.embedded.apiserver.kind import Kind

KIND = Kind(
    kind="TokenReview",
    plural="tokenreviews",
    group="authentication.k8s.io",
    namespaced=False,
    message="k8s.io.api.authentication.v1.TokenReview",
    verbs=("create",),
)
