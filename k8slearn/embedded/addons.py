"""What kubeadm installs into a new cluster besides the control plane: kube-proxy, and CoreDNS as kubeadm's
``addon/coredns`` has it.

Unlike there its pods must run on a control plane node. A real cluster has no other when they are placed, so that
is where one finds them; here all nodes begin at once.
"""

from __future__ import annotations

from k8slearn.embedded import kube_proxy
from k8slearn.embedded.client import Client
from k8slearn.embedded.network.names import DNS_SERVICE_IP
from k8slearn.embedded.runtime.programs.coredns import VERSION
from k8slearn.embedded.store import Object

LABELS = {"k8s-app": "kube-dns"}

_CONTROL_PLANE = "node-role.kubernetes.io/control-plane"

_COREFILE = """\
.:53 {
    errors
    health {
       lameduck 5s
    }
    ready
    kubernetes cluster.local in-addr.arpa ip6.arpa {
       pods insecure
       fallthrough in-addr.arpa ip6.arpa
       ttl 30
    }
    prometheus :9153
    forward . /etc/resolv.conf {
       max_concurrent 1000
    }
    cache 30 {
       disable success cluster.local
       disable denial cluster.local
    }
    loop
    reload
    loadbalance
}
"""


def install(client: Client) -> None:
    """Once: a cluster whose DNS somebody took away stays without."""
    if client.get("services", "kube-system", "kube-dns") is not None:
        return
    named = {"name": "coredns", "namespace": "kube-system"}
    client.create("serviceaccounts", {"metadata": named})
    client.create("configmaps", {"metadata": named, "data": {"Corefile": _COREFILE}})
    client.create("services", _service())
    client.create("deployments.apps", {"metadata": {**named, "labels": LABELS}, "spec": _deployment()})
    kube_proxy.install(client)


def _service() -> Object:
    labels = {**LABELS, "kubernetes.io/cluster-service": "true", "kubernetes.io/name": "CoreDNS"}
    annotations = {"prometheus.io/port": "9153", "prometheus.io/scrape": "true"}
    ports = [
        {"name": "dns", "port": 53, "protocol": "UDP", "targetPort": 53},
        {"name": "dns-tcp", "port": 53, "protocol": "TCP", "targetPort": 53},
        {"name": "metrics", "port": 9153, "protocol": "TCP", "targetPort": 9153},
    ]
    return {
        "metadata": {
            "name": "kube-dns",
            "namespace": "kube-system",
            "labels": labels,
            "annotations": annotations,
        },
        "spec": {"clusterIP": DNS_SERVICE_IP, "ports": ports, "selector": LABELS},
    }


def _deployment() -> Object:
    apart = {
        "weight": 100,
        "podAffinityTerm": {
            "labelSelector": {
                "matchExpressions": [{"key": "k8s-app", "operator": "In", "values": ["kube-dns"]}]
            },
            "topologyKey": "kubernetes.io/hostname",
        },
    }
    pod = {
        "affinity": {"podAntiAffinity": {"preferredDuringSchedulingIgnoredDuringExecution": [apart]}},
        "containers": [_container()],
        "dnsPolicy": "Default",
        "nodeSelector": {"kubernetes.io/os": "linux", _CONTROL_PLANE: ""},
        "priorityClassName": "system-cluster-critical",
        "serviceAccountName": "coredns",
        "tolerations": [
            {"key": "CriticalAddonsOnly", "operator": "Exists"},
            {"key": _CONTROL_PLANE, "effect": "NoSchedule"},
        ],
        "volumes": [
            {
                "name": "config-volume",
                "configMap": {"name": "coredns", "items": [{"key": "Corefile", "path": "Corefile"}]},
            }
        ],
    }
    return {
        "replicas": 2,
        "selector": {"matchLabels": LABELS},
        "strategy": {"type": "RollingUpdate", "rollingUpdate": {"maxUnavailable": 1}},
        "template": {"metadata": {"labels": LABELS}, "spec": pod},
    }


def _container() -> Object:
    return {
        "name": "coredns",
        "image": f"registry.k8s.io/coredns/coredns:v{VERSION}",
        "imagePullPolicy": "IfNotPresent",
        "args": ["-conf", "/etc/coredns/Corefile"],
        "resources": {"limits": {"memory": "170Mi"}, "requests": {"cpu": "100m", "memory": "70Mi"}},
        "ports": [
            {"name": "dns", "containerPort": 53, "protocol": "UDP"},
            {"name": "dns-tcp", "containerPort": 53, "protocol": "TCP"},
            {"name": "metrics", "containerPort": 9153, "protocol": "TCP"},
            {"name": "liveness-probe", "containerPort": 8080, "protocol": "TCP"},
            {"name": "readiness-probe", "containerPort": 8181, "protocol": "TCP"},
        ],
        "livenessProbe": {
            "httpGet": {"path": "/health", "port": "liveness-probe", "scheme": "HTTP"},
            "initialDelaySeconds": 60,
            "timeoutSeconds": 5,
            "failureThreshold": 5,
        },
        "readinessProbe": {"httpGet": {"path": "/ready", "port": "readiness-probe", "scheme": "HTTP"}},
        "securityContext": {
            "allowPrivilegeEscalation": False,
            "capabilities": {"add": ["NET_BIND_SERVICE"], "drop": ["ALL"]},
            "readOnlyRootFilesystem": True,
        },
        "volumeMounts": [{"name": "config-volume", "mountPath": "/etc/coredns", "readOnly": True}],
    }
