"""ServiceAccount. https://kubernetes.io/docs/concepts/security/service-accounts/"""

from __future__ import annotations

from k8slearn.embedded.apiserver.kind import Kind
from k8slearn.embedded.apiserver.kinds._columns import age, columns, name

KIND = Kind(
    kind="ServiceAccount",
    plural="serviceaccounts",
    short_names=("sa",),
    message="k8s.io.api.core.v1.ServiceAccount",
    columns=columns("serviceaccounts", {"Name": name, "Age": age}),
    delete_answers_object=True,
    subresources=("token",),
)
