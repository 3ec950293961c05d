"""The few words that views say by themselves, in each language.

Names and messages of the cluster stay as they are.
"""

from __future__ import annotations

_WORDS: dict[str, dict[str, str]] = {
    "en": {
        "map": "Cluster map",
        "namespace": "namespace",
        "all": "all namespaces",
        "live": "live",
        "still": "picture of {time}",
        "lost": "not live ({problem}), trying again …",
        "cpu": "CPU requested",
        "of": "{used} of {all}",
        "others": "+ {count} in other namespaces",
        "tray": "Waiting for a node",
        "tray-empty": "no pod is waiting",
        "control-plane": "control plane",
        "cordoned": "cordoned",
        "not-ready": "NotReady",
        "gone": "no such node",
        "taint": "taint",
        "ready": "Ready",
        "running": "Running, not Ready",
        "pending": "Pending",
        "crash": "Failing",
        "terminating": "Terminating",
        "done": "Completed",
        "node": "node",
        "containers": "containers ready",
        "restarts": "restarts",
        "ip": "address",
        "image": "image",
        "exit": "last exit",
        "condition": "condition",
        "why": "why",
        "pods": "pods",
        "pod-gone": "{name} is gone",
        "pod-is": "{name}: {state}",
        "many": "{count} pods changed",
    },
    "zh": {
        "map": "集群地图",
        "namespace": "命名空间",
        "all": "所有命名空间",
        "live": "实时",
        "still": "{time} 的快照",
        "lost": "已断开（{problem}），正在重试……",
        "cpu": "已请求的 CPU",
        "of": "{used} / {all}",
        "others": "其他命名空间还有 {count} 个",
        "tray": "等待调度",
        "tray-empty": "没有等待中的 Pod",
        "control-plane": "控制平面",
        "cordoned": "已停止调度",
        "not-ready": "未就绪",
        "gone": "节点不存在",
        "taint": "污点",
        "ready": "就绪",
        "running": "运行中，未就绪",
        "pending": "等待中",
        "crash": "出错",
        "terminating": "终止中",
        "done": "已完成",
        "node": "节点",
        "containers": "就绪容器",
        "restarts": "重启次数",
        "ip": "地址",
        "image": "镜像",
        "exit": "上次退出",
        "condition": "状况",
        "why": "原因",
        "pods": "Pod",
        "pod-gone": "{name} 已消失",
        "pod-is": "{name}：{state}",
        "many": "{count} 个 Pod 发生变化",
    },
}


class Words:
    """``Words("zh")("others", count=3)``. ``zh-CN`` is ``zh``; a language without a table is English."""

    def __init__(self, lang: str) -> None:
        self.lang = lang.split("-")[0].split("_")[0].lower()
        if self.lang not in _WORDS:
            self.lang = "en"
        self._table = _WORDS[self.lang]

    def __call__(self, key: str, **values: object) -> str:
        return self._table[key].format(**values)
