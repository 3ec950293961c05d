"""Jobs and CronJobs: defaults, what may change, and whose pods stay."""

from __future__ import annotations

from typing import Any

JOBS = "jobs.batch"
POD = {"restartPolicy": "Never", "containers": [{"name": "w", "image": "busybox:1.37"}]}


def spec(**more: Any) -> dict[str, Any]:
    return {"template": {"spec": POD}, **more}


def generated(job: dict[str, Any]) -> dict[str, str]:
    uid, name = job["metadata"]["uid"], job["metadata"]["name"]
    return {
        "batch.kubernetes.io/controller-uid": uid,
        "batch.kubernetes.io/job-name": name,
        "controller-uid": uid,
        "job-name": name,
    }


def test_the_smallest_job_gets_a_real_ones_spec(door) -> None:
    job = door.create(JOBS, "work", spec=spec())
    template = job["spec"].pop("template")
    assert job["spec"] == {
        "backoffLimit": 6,
        "completionMode": "NonIndexed",
        "completions": 1,
        "manualSelector": False,
        "parallelism": 1,
        "podReplacementPolicy": "TerminatingOrFailed",
        "selector": {"matchLabels": {"batch.kubernetes.io/controller-uid": job["metadata"]["uid"]}},
        "suspend": False,
    }
    assert template["metadata"]["labels"] == job["metadata"]["labels"] == generated(job)
    assert job["status"] == {}


def test_a_jobs_own_labels_are_not_those_of_its_template(door) -> None:
    metadata = {"name": "work", "labels": {"app": "a"}}
    template = {"metadata": {"labels": {"part": "b"}}, "spec": POD}
    job = door.registry.create(JOBS, {"metadata": metadata, "spec": {"template": template}}, namespace="ns")
    assert job["metadata"]["labels"] == {"app": "a"}
    assert job["spec"]["template"]["metadata"]["labels"] == {"part": "b", **generated(job)}


def test_parallelism_alone_makes_a_work_queue(door) -> None:
    job = door.create(JOBS, "queue", spec=spec(parallelism=3))
    assert "completions" not in job["spec"]


def test_policies_change_the_defaults(door) -> None:
    rules = [{"action": "Ignore", "onPodConditions": [{"type": "DisruptionTarget"}]}]
    wanted = spec(
        completions=2, completionMode="Indexed", backoffLimitPerIndex=1, podFailurePolicy={"rules": rules}
    )
    made = door.create(JOBS, "work", spec=wanted)["spec"]
    assert made["podReplacementPolicy"] == "Failed"
    assert made["backoffLimit"] == 2**31 - 1
    assert made["podFailurePolicy"]["rules"][0]["onPodConditions"][0]["status"] == "True"


def test_a_manual_selector_is_left_as_it_is(door) -> None:
    template = {"metadata": {"labels": {"app": "a"}}, "spec": POD}
    wanted = {"manualSelector": True, "selector": {"matchLabels": {"app": "a"}}, "template": template}
    job = door.create(JOBS, "work", spec=wanted)
    assert job["spec"]["selector"] == {"matchLabels": {"app": "a"}}
    assert job["spec"]["template"]["metadata"]["labels"] == {"app": "a"}


def test_a_deletion_that_names_no_propagation_orphans_a_jobs_pods_and_not_a_cronjobs_jobs(door) -> None:
    door.create(JOBS, "work", spec=spec())
    job, gone = door.registry.delete(JOBS, "ns", "work")
    assert not gone
    assert job["metadata"]["finalizers"] == ["orphan"]
    door.create("cronjobs.batch", "tick", spec={"schedule": "* * * * *", "jobTemplate": {"spec": spec()}})
    assert door.registry.delete("cronjobs.batch", "ns", "tick")[1]


def test_the_completions_of_an_indexed_job_change_with_its_parallelism(door) -> None:
    job = door.create(JOBS, "work", spec=spec(completions=2, parallelism=2, completionMode="Indexed"))
    refusal = door.refuses(door.update, JOBS, job, spec={**job["spec"], "completions": 3})
    assert (
        "spec.completions: Invalid value: 3: can only be modified in tandem with spec.parallelism" in refusal
    )
    grown = door.update(JOBS, job, spec={**job["spec"], "completions": 3, "parallelism": 3})
    assert grown["metadata"]["generation"] == 2


def test_the_job_in_a_cronjob_gets_its_pods_defaults_only(door) -> None:
    tick = door.create("cronjobs.batch", "tick", spec={"schedule": "@daily", "jobTemplate": {"spec": spec()}})
    job = tick["spec"].pop("jobTemplate")["spec"]
    assert list(job) == ["template"]
    assert job["template"]["spec"]["dnsPolicy"] == "ClusterFirst"
    assert tick["spec"] == {
        "concurrencyPolicy": "Allow",
        "failedJobsHistoryLimit": 1,
        "schedule": "@daily",
        "successfulJobsHistoryLimit": 3,
        "suspend": False,
    }
