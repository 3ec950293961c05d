"""Which claim gets which volume, what becomes of a volume afterwards, and who makes new ones.

Upstream: ``pkg/controller/volume/persistentvolume`` and local-path-provisioner 0.0.30.
https://kubernetes.io/docs/concepts/storage/persistent-volumes/
"""

from k8slearn.embedded.controllers.persistentvolume.claims import ClaimBinder
from k8slearn.embedded.controllers.persistentvolume.expander import VolumeExpander
from k8slearn.embedded.controllers.persistentvolume.provisioner import LocalPathProvisioner
from k8slearn.embedded.controllers.persistentvolume.volumes import VolumeReclaimer

__all__ = ["ClaimBinder", "LocalPathProvisioner", "VolumeExpander", "VolumeReclaimer"]
