"""A definition whose names are accepted is established: from then on its objects are served.

Upstream: ``controller/establish`` of apiextensions-apiserver.
"""

from __future__ import annotations

from k8slearn.embedded.apiserver.apiextensions.serving import DEFINITIONS, is_true
from k8slearn.embedded.client import Controller, Key


class EstablishingController(Controller):
    """Owns the condition Established once its names are accepted."""

    name = "establishing-controller"
    resource = DEFINITIONS

    def reconcile(self, key: Key) -> None:
        crd = self.client.get(DEFINITIONS, *key)
        if crd is None or not is_true(crd, "NamesAccepted") or is_true(crd, "Established"):
            return
        established = {
            "type": "Established",
            "status": "True",
            "lastTransitionTime": self.clock.timestamp(),
            "reason": "InitialNamesAccepted",
            "message": "the initial names have been accepted",
        }
        found = [established if c["type"] == "Established" else c for c in crd["status"]["conditions"]]
        self.client.update_status(DEFINITIONS, {**crd, "status": {**crd["status"], "conditions": found}})
