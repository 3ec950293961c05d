"""The controllers, which in a real cluster are one program, kube-controller-manager.

Each watches the cluster through the API, compares what is with what was asked for, and takes a step.
"""

from __future__ import annotations

from collections.abc import Callable

from k8slearn.embedded.client import Client, Controller
from k8slearn.embedded.clock import Clock
from k8slearn.embedded.controllers.clusterroleaggregation import ClusterRoleAggregationController
from k8slearn.embedded.controllers.cronjob import CronJobController
from k8slearn.embedded.controllers.customresourcedefinition import (
    DefinitionFinalizer,
    EstablishingController,
    NamingConditionController,
)
from k8slearn.embedded.controllers.daemonset import DaemonSetController
from k8slearn.embedded.controllers.deployment import DeploymentController
from k8slearn.embedded.controllers.disruption import DisruptionController
from k8slearn.embedded.controllers.endpointslice import (
    EndpointsController,
    EndpointSliceController,
    EndpointSliceMirroringController,
)
from k8slearn.embedded.controllers.ephemeral import EphemeralVolumeController
from k8slearn.embedded.controllers.garbagecollector import GarbageCollector
from k8slearn.embedded.controllers.horizontalpodautoscaler import HorizontalPodAutoscalerController
from k8slearn.embedded.controllers.job import JobController
from k8slearn.embedded.controllers.namespace import NamespaceController
from k8slearn.embedded.controllers.nodelifecycle import NodeLifecycleController
from k8slearn.embedded.controllers.persistentvolume import (
    ClaimBinder,
    LocalPathProvisioner,
    VolumeExpander,
    VolumeReclaimer,
)
from k8slearn.embedded.controllers.podgc import PodGarbageCollector
from k8slearn.embedded.controllers.pvcprotection import ClaimProtection
from k8slearn.embedded.controllers.pvprotection import VolumeProtection
from k8slearn.embedded.controllers.replicaset import ReplicaSetController, ReplicationManager
from k8slearn.embedded.controllers.resourcequota import ResourceQuotaController
from k8slearn.embedded.controllers.serviceaccount import RootCAPublisher, ServiceAccountController
from k8slearn.embedded.controllers.statefulset import StatefulSetController
from k8slearn.embedded.controllers.tainteviction import TaintEvictionController
from k8slearn.embedded.controllers.tokens import TokensController
from k8slearn.embedded.controllers.ttlafterfinished import TTLAfterFinishedController
from k8slearn.embedded.metrics_server import MetricsServer

__all__ = ["all_controllers"]

_CONTROLLERS: tuple[type[Controller], ...] = (
    NamingConditionController,
    EstablishingController,
    DefinitionFinalizer,
    NamespaceController,
    ServiceAccountController,
    DeploymentController,
    ReplicaSetController,
    ReplicationManager,
    StatefulSetController,
    DaemonSetController,
    JobController,
    CronJobController,
    TTLAfterFinishedController,
    EndpointSliceController,
    EndpointsController,
    EndpointSliceMirroringController,
    NodeLifecycleController,
    TaintEvictionController,
    PodGarbageCollector,
    ResourceQuotaController,
    DisruptionController,
    ClaimBinder,
    VolumeReclaimer,
    VolumeExpander,
    ClaimProtection,
    VolumeProtection,
    EphemeralVolumeController,
    LocalPathProvisioner,
    ClusterRoleAggregationController,
)


def all_controllers(
    client_for: Callable[[str], Client], clock: Clock, metrics: MetricsServer, *, root_ca: str = ""
) -> list[Controller | GarbageCollector]:
    """Every controller, not started yet. ``client_for(name)`` gives a client that the trace knows by name;
    ``metrics`` is where autoscalers look.

    ``root_ca`` is the certificate (PEM) that pods find in kube-root-ca.crt; a cluster that is not served
    has none.
    """
    controllers: list[Controller | GarbageCollector] = [
        kind(client_for(kind.name), clock) for kind in _CONTROLLERS
    ]
    autoscaler = HorizontalPodAutoscalerController
    controllers.append(autoscaler(client_for(autoscaler.name), clock, metrics))
    for kept in (RootCAPublisher, TokensController):
        controllers.append(kept(client_for(kept.name), clock, root_ca))
    controllers.append(GarbageCollector(client_for(GarbageCollector.name), clock))
    return controllers
