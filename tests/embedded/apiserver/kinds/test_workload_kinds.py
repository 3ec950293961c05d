"""StatefulSets, DaemonSets and ControllerRevisions: defaults, and what may change. (``tests/parity`` has the
refusals, scenario bad-workloads.)"""

from __future__ import annotations

from typing import Any

import pytest

from k8slearn.embedded.apiserver.kinds import load

TEMPLATE = {
    "metadata": {"labels": {"app": "db"}},
    "spec": {"containers": [{"name": "db", "image": "busybox:1.37"}]},
}
STATEFUL, DAEMON = "statefulsets.apps", "daemonsets.apps"


def spec(**more: Any) -> dict[str, Any]:
    return {"selector": {"matchLabels": {"app": "db"}}, "template": TEMPLATE, **more}


def without(spec: dict[str, Any], *fields: str) -> dict[str, Any]:
    return {field: value for field, value in spec.items() if field not in fields}


def test_the_smallest_stateful_set_gets_a_real_ones_spec(door) -> None:
    db = door.create(STATEFUL, "db", spec=spec())
    assert without(db["spec"], "selector", "template") == {
        "persistentVolumeClaimRetentionPolicy": {"whenDeleted": "Retain", "whenScaled": "Retain"},
        "podManagementPolicy": "OrderedReady",
        "replicas": 1,
        "revisionHistoryLimit": 10,
        "serviceName": "",
        "updateStrategy": {"type": "RollingUpdate", "rollingUpdate": {"partition": 0, "maxUnavailable": 1}},
    }
    assert db["status"] == {"replicas": 0, "availableReplicas": 0}


def test_an_update_strategy_that_is_named_gets_no_numbers(door) -> None:
    db = door.create(STATEFUL, "db", spec=spec(updateStrategy={"type": "RollingUpdate"}))
    assert db["spec"]["updateStrategy"] == {"type": "RollingUpdate"}


def test_a_claim_template_is_a_claim(door) -> None:
    wanted = {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Gi"}}}
    claim = {"metadata": {"name": "data"}, "spec": wanted}
    db = door.create(STATEFUL, "db", spec=spec(volumeClaimTemplates=[claim]))
    assert db["spec"]["volumeClaimTemplates"] == [
        {
            "apiVersion": "v1",
            "kind": "PersistentVolumeClaim",
            "metadata": {"name": "data"},
            "spec": {**wanted, "volumeMode": "Filesystem"},
            "status": {"phase": "Pending"},
        }
    ]


def test_the_smallest_daemon_set_gets_a_real_ones_spec(door) -> None:
    agent = door.create(DAEMON, "agent", spec=spec())
    assert without(agent["spec"], "selector", "template") == {
        "revisionHistoryLimit": 10,
        "updateStrategy": {"type": "RollingUpdate", "rollingUpdate": {"maxUnavailable": 1, "maxSurge": 0}},
    }
    assert agent["status"] == {
        "currentNumberScheduled": 0,
        "numberMisscheduled": 0,
        "desiredNumberScheduled": 0,
        "numberReady": 0,
    }


def test_a_daemon_sets_annotation_counts_its_templates(door) -> None:
    def generation(obj: dict[str, Any]) -> str:
        return obj["metadata"]["annotations"]["deprecated.daemonset.template.generation"]

    agent = door.create(DAEMON, "agent", spec=spec())
    assert generation(agent) == "1"
    other = {**TEMPLATE, "spec": {"containers": [{"name": "db", "image": "busybox:1.36"}]}}
    changed = door.update(DAEMON, agent, spec=spec(template=other))
    assert generation(changed) == "2"
    waits = door.update(DAEMON, changed, spec={**changed["spec"], "minReadySeconds": 5})
    assert (generation(waits), waits["metadata"]["generation"]) == ("2", 3)


@pytest.mark.parametrize(
    ("field", "value", "shown"),
    [
        ("serviceName", "other", '"other"'),
        ("podManagementPolicy", "Parallel", '"Parallel"'),
    ],
)
def test_what_a_stateful_set_cannot_change(door, field: str, value: Any, shown: str) -> None:
    db = door.create(STATEFUL, "db", spec=spec())
    assert door.refuses(door.update, STATEFUL, db, spec={**db["spec"], field: value}) == (
        f'StatefulSet.apps "db" is invalid: spec.{field}: Invalid value: {shown}: field is immutable'
    )


def test_a_revisions_data_stay(door) -> None:
    revision = door.create("controllerrevisions.apps", "r", data={"a": 1}, revision=1)
    again = door.update("controllerrevisions.apps", revision, revision=2)
    assert again["revision"] == 2
    said = door.refuses(door.update, "controllerrevisions.apps", again, data={"a": 2})
    assert said.endswith('data: Invalid value: {"a":2}: field is immutable')


@pytest.mark.parametrize(
    ("owner", "shown"),
    [
        (
            {"apiVersion": "apps/v1", "kind": "StatefulSet", "name": "db", "controller": True},
            "statefulset.apps/db",
        ),
        ({"apiVersion": "v1", "kind": "Pod", "name": "p"}, "<none>"),
    ],
)
def test_a_revision_shows_who_controls_it(owner: dict[str, Any], shown: str) -> None:
    cells = {column.name: column.cell for column in load()["controllerrevisions.apps"].columns}
    assert cells["Controller"]({"metadata": {"ownerReferences": [owner]}}, 0.0) == shown
