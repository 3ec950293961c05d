"""kube-proxy's DaemonSet, as kubeadm's ``addon/proxy`` installs it: a pod on every node, which none can do without.

What it does in a real cluster, leading a Service's address to a pod, is done by ``network/proxy.py`` and goes on
whatever becomes of the pods.
"""

from __future__ import annotations

from k8slearn.embedded.client import Client
from k8slearn.embedded.runtime.programs.components import image_of
from k8slearn.embedded.store import Object

LABELS = {"k8s-app": "kube-proxy"}

_CONFIG = """\
apiVersion: kubeproxy.config.k8s.io/v1alpha1
bindAddress: 0.0.0.0
clientConnection:
  kubeconfig: /var/lib/kube-proxy/kubeconfig.conf
clusterCIDR: 10.244.0.0/16
kind: KubeProxyConfiguration
mode: iptables"""


def install(client: Client) -> None:
    named = {"name": "kube-proxy", "namespace": "kube-system"}
    client.create("serviceaccounts", {"metadata": named})
    config = {"metadata": {**named, "labels": {"app": "kube-proxy"}}, "data": {"config.conf": _CONFIG}}
    client.create("configmaps", config)
    client.create("daemonsets.apps", {"metadata": {**named, "labels": LABELS}, "spec": _daemonset()})


def _daemonset() -> Object:
    node_name = {"fieldRef": {"apiVersion": "v1", "fieldPath": "spec.nodeName"}}
    container = {
        "name": "kube-proxy",
        "image": image_of("kube-proxy"),
        "imagePullPolicy": "IfNotPresent",
        "command": [
            "/usr/local/bin/kube-proxy",
            "--config=/var/lib/kube-proxy/config.conf",
            "--hostname-override=$(NODE_NAME)",
        ],
        "env": [{"name": "NODE_NAME", "valueFrom": node_name}],
        "securityContext": {"privileged": True},
        "volumeMounts": [
            {"name": "kube-proxy", "mountPath": "/var/lib/kube-proxy"},
            {"name": "xtables-lock", "mountPath": "/run/xtables.lock"},
            {"name": "lib-modules", "mountPath": "/lib/modules", "readOnly": True},
        ],
    }
    pod = {
        "containers": [container],
        "hostNetwork": True,
        "nodeSelector": {"kubernetes.io/os": "linux"},
        "priorityClassName": "system-node-critical",
        "serviceAccountName": "kube-proxy",
        "tolerations": [{"operator": "Exists"}],
        "volumes": [
            {"name": "kube-proxy", "configMap": {"name": "kube-proxy"}},
            {"name": "xtables-lock", "hostPath": {"path": "/run/xtables.lock", "type": "FileOrCreate"}},
            {"name": "lib-modules", "hostPath": {"path": "/lib/modules"}},
        ],
    }
    return {"selector": {"matchLabels": LABELS}, "template": {"metadata": {"labels": LABELS}, "spec": pod}}
