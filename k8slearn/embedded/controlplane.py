"""The manifests of the control plane's static pods, as kubeadm writes them to /etc/kubernetes/manifests.

Upstream: cmd/kubeadm/app/phases/controlplane and etcd. Their probes are left out: they ask servers that are no
containers here (``runtime/programs/components.py``).
"""

from __future__ import annotations

from k8slearn.embedded.runtime.programs.components import image_of
from k8slearn.embedded.store import Object

_PKI = "/etc/kubernetes/pki"
_SHARED_CERTIFICATES = {
    "ca-certs": "/etc/ssl/certs",
    "etc-ca-certificates": "/etc/ca-certificates",
    "k8s-certs": _PKI,
    "usr-local-share-ca-certificates": "/usr/local/share/ca-certificates",
    "usr-share-ca-certificates": "/usr/share/ca-certificates",
}


def manifests(node: str, ip: str) -> list[Object]:
    """The pods of the control plane node ``node`` with the InternalIP ``ip``; the kubelet adds its name to theirs."""
    return [_etcd(node, ip), _apiserver(ip), _controller_manager(), _scheduler()]


def _etcd(node: str, ip: str) -> Object:
    flags = [
        f"--advertise-client-urls=https://{ip}:2379",
        f"--cert-file={_PKI}/etcd/server.crt",
        "--client-cert-auth=true",
        "--data-dir=/var/lib/etcd",
        "--feature-gates=InitialCorruptCheck=true",
        f"--initial-advertise-peer-urls=https://{ip}:2380",
        f"--initial-cluster={node}=https://{ip}:2380",
        f"--key-file={_PKI}/etcd/server.key",
        f"--listen-client-urls=https://127.0.0.1:2379,https://{ip}:2379",
        "--listen-metrics-urls=http://127.0.0.1:2381",
        f"--listen-peer-urls=https://{ip}:2380",
        f"--name={node}",
        f"--peer-cert-file={_PKI}/etcd/peer.crt",
        "--peer-client-cert-auth=true",
        f"--peer-key-file={_PKI}/etcd/peer.key",
        f"--peer-trusted-ca-file={_PKI}/etcd/ca.crt",
        "--snapshot-count=10000",
        f"--trusted-ca-file={_PKI}/etcd/ca.crt",
        "--watch-progress-notify-interval=5s",
    ]
    directories = {"etcd-certs": f"{_PKI}/etcd", "etcd-data": "/var/lib/etcd"}
    pod = _pod("etcd", flags, 2381, {"cpu": "100m", "memory": "100Mi"}, directories, read_only=False)
    return _annotated(pod, "etcd.advertise-client-urls", f"https://{ip}:2379")


def _apiserver(ip: str) -> Object:
    flags = [
        f"--advertise-address={ip}",
        "--allow-privileged=true",
        "--authorization-mode=Node,RBAC",
        f"--client-ca-file={_PKI}/ca.crt",
        "--enable-admission-plugins=NodeRestriction",
        "--enable-bootstrap-token-auth=true",
        f"--etcd-cafile={_PKI}/etcd/ca.crt",
        f"--etcd-certfile={_PKI}/apiserver-etcd-client.crt",
        f"--etcd-keyfile={_PKI}/apiserver-etcd-client.key",
        "--etcd-servers=https://127.0.0.1:2379",
        f"--kubelet-client-certificate={_PKI}/apiserver-kubelet-client.crt",
        f"--kubelet-client-key={_PKI}/apiserver-kubelet-client.key",
        "--kubelet-preferred-address-types=InternalIP,ExternalIP,Hostname",
        f"--proxy-client-cert-file={_PKI}/front-proxy-client.crt",
        f"--proxy-client-key-file={_PKI}/front-proxy-client.key",
        "--requestheader-allowed-names=front-proxy-client",
        f"--requestheader-client-ca-file={_PKI}/front-proxy-ca.crt",
        "--requestheader-extra-headers-prefix=X-Remote-Extra-",
        "--requestheader-group-headers=X-Remote-Group",
        "--requestheader-username-headers=X-Remote-User",
        "--secure-port=6443",
        "--service-account-issuer=https://kubernetes.default.svc.cluster.local",
        f"--service-account-key-file={_PKI}/sa.pub",
        f"--service-account-signing-key-file={_PKI}/sa.key",
        "--service-cluster-ip-range=10.96.0.0/16",
        f"--tls-cert-file={_PKI}/apiserver.crt",
        f"--tls-private-key-file={_PKI}/apiserver.key",
        "--runtime-config=",
    ]
    pod = _pod("kube-apiserver", flags, 6443, {"cpu": "250m"}, _SHARED_CERTIFICATES)
    return _annotated(pod, "kube-apiserver.advertise-address.endpoint", f"{ip}:6443")


def _controller_manager() -> Object:
    config = "/etc/kubernetes/controller-manager.conf"
    flags = [
        "--allocate-node-cidrs=true",
        f"--authentication-kubeconfig={config}",
        f"--authorization-kubeconfig={config}",
        "--bind-address=127.0.0.1",
        f"--client-ca-file={_PKI}/ca.crt",
        "--cluster-cidr=10.244.0.0/16",
        "--cluster-name=k8slearn",
        f"--cluster-signing-cert-file={_PKI}/ca.crt",
        f"--cluster-signing-key-file={_PKI}/ca.key",
        "--controllers=*,bootstrapsigner,tokencleaner",
        f"--kubeconfig={config}",
        "--leader-elect=true",
        f"--requestheader-client-ca-file={_PKI}/front-proxy-ca.crt",
        f"--root-ca-file={_PKI}/ca.crt",
        f"--service-account-private-key-file={_PKI}/sa.key",
        "--service-cluster-ip-range=10.96.0.0/16",
        "--use-service-account-credentials=true",
    ]
    paths = {**_SHARED_CERTIFICATES, "kubeconfig": config}
    return _pod("kube-controller-manager", flags, 10257, {"cpu": "200m"}, dict(sorted(paths.items())))


def _scheduler() -> Object:
    config = "/etc/kubernetes/scheduler.conf"
    flags = [
        f"--authentication-kubeconfig={config}",
        f"--authorization-kubeconfig={config}",
        "--bind-address=127.0.0.1",
        f"--kubeconfig={config}",
        "--leader-elect=true",
    ]
    return _pod("kube-scheduler", flags, 10259, {"cpu": "100m"}, {"kubeconfig": config})


def _pod(
    name: str,
    flags: list[str],
    port: int,
    requests: dict[str, str],
    paths: dict[str, str],
    *,
    read_only: bool = True,
) -> Object:
    """``paths`` are the node's, by the names of their volumes; what ends in ``.conf`` is a file."""
    container: Object = {
        "name": name,
        "image": image_of(name),
        "imagePullPolicy": "IfNotPresent",
        "command": [name, *flags],
        "ports": [{"name": "probe-port", "containerPort": port, "hostPort": port, "protocol": "TCP"}],
        "resources": {"requests": requests},
        "volumeMounts": [
            {"name": volume, "mountPath": path, **({"readOnly": True} if read_only else {})}
            for volume, path in paths.items()
        ],
    }
    return {
        "metadata": {
            "name": name,
            "namespace": "kube-system",
            "labels": {"component": name, "tier": "control-plane"},
        },
        "spec": {
            "containers": [container],
            "hostNetwork": True,
            "priorityClassName": "system-node-critical",
            "securityContext": {"seccompProfile": {"type": "RuntimeDefault"}},
            "volumes": [
                {
                    "name": volume,
                    "hostPath": {
                        "path": path,
                        "type": "FileOrCreate" if path.endswith(".conf") else "DirectoryOrCreate",
                    },
                }
                for volume, path in paths.items()
            ],
        },
    }


def _annotated(pod: Object, name: str, value: str) -> Object:
    return {**pod, "metadata": {**pod["metadata"], "annotations": {f"kubeadm.kubernetes.io/{name}": value}}}
