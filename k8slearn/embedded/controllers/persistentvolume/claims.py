"""The half of the volume controller that looks after claims: finds a volume, or has one made.

Upstream: ``syncUnboundClaim`` and ``syncBoundClaim`` in ``pv_controller.go``.
"""

from __future__ import annotations

from k8slearn.embedded.client import Change, Client, Controller, Key, Object
from k8slearn.embedded.clock import Clock
from k8slearn.embedded.controllers.persistentvolume import binding
from k8slearn.kube import storage

RESYNC = 15.0
"""Seconds after which a claim without a volume is looked at again, and its event counted once more."""

CLASSES = "storageclasses.storage.k8s.io"

NOTHING_FITS = "no persistent volumes available for this claim and no storage class is set"


class ClaimBinder(Controller):
    """Binds claims to volumes. A claim of a class that waits for its first pod gets only what is reserved for
    it: by whoever named it in a volume, or by the scheduler, which knows where the pod is going to run."""

    name = "persistentvolume-controller"
    resource = binding.CLAIMS

    def __init__(self, client: Client, clock: Clock) -> None:
        super().__init__(client, clock)
        binding.add_indexes(client)
        client.add_index("pods", storage.BY_CLAIM, storage.claim_keys)

    def start(self) -> None:
        super().start()
        self.watch(binding.VOLUMES, self._concerned)
        self.watch(CLASSES, lambda change: self._unbound_in(change.stored.key.name))

    def _concerned(self, change: Change) -> list[Key]:
        """The claim that a volume is bound to, those that name it, and if it is free those of its class."""
        volume = change.object
        key = binding.claim_key(volume)
        naming = self.client.by_index(binding.CLAIMS, binding.WANT, volume["metadata"]["name"])
        others = [key] if key else self._unbound_in(storage.class_of(volume))
        return [*map(binding.key_of, naming), *others]

    def _unbound_in(self, cls: str) -> list[Key]:
        claims = self.client.by_index(binding.CLAIMS, binding.WANT, binding.free_in(cls))
        return [binding.key_of(claim) for claim in claims]

    def reconcile(self, key: Key) -> float | None:
        claim = self.client.get(binding.CLAIMS, *key)
        if claim is None:
            return None
        if storage.BIND_COMPLETED in storage.annotations_of(claim):
            self._keep_bound(claim)
            return None
        bound = self._bind_named(claim) if claim["spec"].get("volumeName") else self._bind_any(claim)
        return None if bound else RESYNC

    # -- claims that were bound ------------------------------------------------------------------

    def _keep_bound(self, claim: Object) -> None:
        name = claim["spec"].get("volumeName")
        volume = self.client.get(binding.VOLUMES, "", name) if name else None
        if volume is None:
            lost = "its PersistentVolume" if name else "reference to PersistentVolume"
            self._lose(claim, "ClaimLost", f"Bound claim has lost {lost}. Data on the volume is lost!")
        elif volume["spec"].get("claimRef") is None or storage.is_reserved_for(volume, claim):
            binding.bind(self.client, self.clock, volume, claim)
        else:
            why = "Two claims are bound to the same volume, this one is bound incorrectly"
            self._lose(claim, "ClaimMisbound", why)

    def _lose(self, claim: Object, reason: str, message: str) -> None:
        if claim["status"]["phase"] != "Lost":
            binding.set_claim_phase(self.client, claim, "Lost")
            self.events.event(claim, "Warning", reason, message)

    # -- claims that are not ---------------------------------------------------------------------

    def _bind_named(self, claim: Object) -> bool:
        """A claim that asks for a volume by name. Whether it is bound now."""
        name = claim["spec"]["volumeName"]
        volume = self.client.get(binding.VOLUMES, "", name)
        if volume is None:
            return False
        if volume["spec"].get("claimRef") is None:
            why = storage.mismatch(volume, claim)
            if not why:
                binding.bind(self.client, self.clock, volume, claim)
                return True
            message = f'Cannot bind to requested volume "{name}": {why}'
            self.events.event(claim, "Warning", "VolumeMismatch", message)
        elif storage.is_reserved_for(volume, claim):
            binding.bind(self.client, self.clock, volume, claim)
            return True
        else:
            message = f'volume "{name}" already bound to a different claim.'
            self.events.event(claim, "Warning", "FailedBinding", message)
        return False

    def _bind_any(self, claim: Object) -> bool:
        """A claim that takes what fits. Whether it is bound now."""
        cls = self.client.get(CLASSES, "", storage.class_of(claim))
        waits = cls is not None and cls["volumeBindingMode"] == storage.DELAYED
        offered = self.client.by_index(binding.VOLUMES, binding.OFFER, str(binding.key_of(claim)))
        if not waits:
            free = binding.free_in(storage.class_of(claim))
            offered = [*offered, *self.client.by_index(binding.VOLUMES, binding.OFFER, free)]
        volume = storage.best_match(claim, offered)
        if volume is not None:
            binding.bind(self.client, self.clock, volume, claim)
            return True
        if self._gets_default_class(claim):
            return False
        if waits and storage.SELECTED_NODE not in storage.annotations_of(claim):
            self.events.event(claim, "Normal", *self._what_it_waits_for(claim))
        elif storage.class_of(claim):
            self._have_it_made(claim, cls)
        else:
            self.events.event(claim, "Normal", "FailedBinding", NOTHING_FITS)
        return False

    def _gets_default_class(self, claim: Object) -> bool:
        """A claim from before there was a default class gets it now; ``storageClassName: ""`` is a choice."""
        if claim["spec"].get("storageClassName") is not None or storage.class_of(claim):
            return False
        default = storage.default_class(self.client.list(CLASSES))
        if default is None:
            return False
        spec = {**claim["spec"], "storageClassName": default["metadata"]["name"]}
        self.client.update(binding.CLAIMS, {**claim, "spec": spec}, why="there is a default class now")
        return True

    def _what_it_waits_for(self, claim: Object) -> tuple[str, str]:
        users = self.client.by_index("pods", storage.BY_CLAIM, str(binding.key_of(claim)))
        names = [pod["metadata"]["name"] for pod in users if not pod["spec"].get("nodeName")]
        if not names:
            return "WaitForFirstConsumer", "waiting for first consumer to be created before binding"
        pods = f"pods {','.join(names)}" if len(names) > 1 else f"pod {names[0]}"
        return "WaitForPodScheduled", f"waiting for {pods} to be scheduled"

    def _have_it_made(self, claim: Object, cls: Object | None) -> None:
        """Ask the provisioner of the class, by annotations, for a volume."""
        if cls is None:
            missing = f'storageclass.storage.k8s.io "{storage.class_of(claim)}" not found'
            self.events.event(claim, "Warning", "ProvisioningFailed", missing)
            return
        provisioner: str = cls["provisioner"]
        if provisioner.startswith("kubernetes.io/"):
            why = f"no volume plugin matched name: {provisioner}"
            self.events.event(claim, "Warning", "ProvisioningFailed", why)
            return
        asked = dict.fromkeys(storage.PROVISIONERS, provisioner)
        if not asked.items() <= storage.annotations_of(claim).items():
            claim = self.client.update(
                binding.CLAIMS,
                storage.annotated(claim, asked),
                why=f"{provisioner} makes volumes of its class",
            )
        message = (
            f"Waiting for a volume to be created either by the external provisioner '{provisioner}' or manually "
            "by the system administrator. If volume creation is delayed, please verify that the provisioner is "
            "running and correctly registered."
        )
        self.events.event(claim, "Normal", "ExternalProvisioning", message)
