"""Binding (core/v1): created to give a pod its node, and never stored. A pod's subresource does the same.

https://kubernetes.io/docs/reference/kubernetes-api/workload-resources/binding-v1/
"""

from __future__ import annotations

from k8slearn.embedded.apiserver.kind import Kind

KIND = Kind(kind="Binding", plural="bindings", message="k8s.io.api.core.v1.Binding", verbs=("create",))
