"""Jobs: pods that run to their end, and each of them counted once."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from k8slearn.embedded.clock import parse_timestamp
from k8slearn.embedded.cluster import Cluster
from k8slearn.embedded.controllers.job.backoff import Failures, remaining

TRACKING = "batch.kubernetes.io/job-tracking"
DONE = [("SuccessCriteriaMet", "CompletionsReached"), ("Complete", "CompletionsReached")]


def failed(reason: str) -> list[tuple[str, str]]:
    return [("FailureTarget", reason), ("Failed", reason)]


def created_after(workshop) -> list[float]:
    """The seconds between one pod and the next."""
    made = sorted(parse_timestamp(pod["metadata"]["creationTimestamp"]) for pod in workshop.pods())
    return [after - before for before, after in pairwise(made)]


def test_a_job_runs_its_pod_and_counts_it(workshop):
    workshop.job("exit 0")
    workshop.cluster.settle()
    status = workshop.status()
    assert (status["succeeded"], status["ready"], status["terminating"]) == (1, 0, 0)
    assert "active" not in status and status["uncountedTerminatedPods"] == {}
    assert workshop.conditions() == DONE
    (pod,) = workshop.pods()
    assert "finalizers" not in pod["metadata"]
    assert workshop.events() == [
        f"SuccessfulCreate: Created pod: {pod['metadata']['name']}",
        "Completed: Job completed",
    ]


def test_while_a_pod_runs_it_is_active_ready_and_held_by_a_finalizer(workshop):
    workshop.job("sleep 60")
    workshop.advance(5)
    status = workshop.status()
    assert (status["active"], status["ready"]) == (1, 1)
    assert workshop.pods()[0]["metadata"]["finalizers"] == [TRACKING]


def test_never_more_pods_at_a_time_than_parallelism_nor_more_than_are_missing(workshop):
    most = []
    workshop.client.watch("jobs.batch", lambda change: most.append(change.object["status"].get("active", 0)))
    workshop.job("sleep 2", completions=5, parallelism=2)
    workshop.advance(60)
    assert max(most) == 2
    assert workshop.status()["succeeded"] == len(workshop.pods()) == 5
    assert workshop.conditions() == DONE


def test_a_work_queue_makes_no_new_pods_once_one_has_succeeded(workshop):
    workshop.job("sleep $(hostname | wc -c)", parallelism=3)
    workshop.advance(60)
    assert workshop.status()["succeeded"] == len(workshop.pods()) == 3
    assert workshop.conditions() == DONE


def test_failed_pods_are_replaced_after_ten_seconds_then_twenty_until_the_limit(workshop):
    workshop.job("exit 3", backoffLimit=3)
    workshop.advance(200)
    assert workshop.status()["failed"] == 4
    assert workshop.conditions() == failed("BackoffLimitExceeded")
    first, second, third = created_after(workshop)
    assert 10 <= first <= 13 and 20 <= second <= 23 and 40 <= third <= 43
    assert workshop.events()[-1] == "BackoffLimitExceeded: Job has reached the specified backoff limit"


def test_the_wait_grows_to_ten_minutes_and_no_further():
    waits = [remaining(Failures(count, 0.0), 0.0) for count in (0, 1, 2, 6, 7, 8, 100)]
    assert waits == [0, 10, 20, 320, 600, 600, 600]


def test_with_on_failure_the_containers_restarts_count_and_the_pod_goes_in_the_end(workshop):
    workshop.job("exit 3", policy="OnFailure", backoffLimit=2)
    workshop.advance(120)
    assert workshop.conditions() == failed("BackoffLimitExceeded")
    assert workshop.pods() == []
    assert workshop.status()["failed"] == 1


def test_a_pod_deleted_by_hand_is_counted_before_it_goes_and_replaced(workshop):
    workshop.job("sleep 3600")
    workshop.advance(5)
    (pod,) = workshop.pods()
    workshop.client.delete("pods", pod)
    workshop.advance(0.5)
    assert pod["metadata"]["uid"] in {each["metadata"]["uid"] for each in workshop.pods()}
    workshop.advance(30)
    assert workshop.status()["failed"] == 1
    assert workshop.status()["active"] == 1
    assert pod["metadata"]["uid"] not in {each["metadata"]["uid"] for each in workshop.pods()}


def test_with_the_replacement_policy_failed_a_deleted_pod_is_replaced_when_it_has_ended(workshop):
    workshop.job("trap '' TERM; while true; do sleep 1; done", podReplacementPolicy="Failed")
    workshop.advance(5)
    workshop.client.delete("pods", workshop.pods()[0])
    workshop.advance(3)
    assert workshop.status()["terminating"] == 1
    assert len(workshop.pods()) == 1
    workshop.advance(30)
    assert (workshop.status()["failed"], workshop.status()["terminating"]) == (1, 0)
    assert workshop.status()["active"] == 1


def test_after_the_deadline_all_pods_go_and_count_as_failed(workshop):
    workshop.job("sleep 3600", activeDeadlineSeconds=20, completions=2, parallelism=2)
    workshop.advance(19)
    assert workshop.conditions() == []
    workshop.advance(2)
    assert workshop.conditions() == [("FailureTarget", "DeadlineExceeded")]
    workshop.advance(20)
    assert workshop.conditions() == failed("DeadlineExceeded")
    assert workshop.status()["failed"] == 2
    assert workshop.pods() == []


def test_settling_does_not_wait_for_a_deadline_or_a_back_off(workshop):
    before = workshop.clock.now
    workshop.job("sleep 3600", activeDeadlineSeconds=500)
    workshop.job("exit 1", name="fails")
    assert workshop.cluster.settle()
    assert workshop.clock.now - before < 10


def test_a_suspended_job_loses_its_pods_uncounted_and_its_start(workshop):
    workshop.job("sleep 3600", parallelism=2, completions=2)
    workshop.advance(5)
    workshop.change(suspend=True)
    workshop.advance(20)
    status = workshop.status()
    assert workshop.pods() == []
    assert "startTime" not in status and "failed" not in status and "active" not in status
    assert workshop.conditions() == [("Suspended", "JobSuspended")]
    workshop.change(suspend=False)
    workshop.advance(5)
    assert workshop.status()["active"] == 2
    assert workshop.conditions() == []
    assert parse_timestamp(workshop.status()["startTime"]) > workshop.clock.now - 6
    told = [event for event in workshop.events() if not event.startswith("Successful")]
    assert told == ["Suspended: Job suspended", "Resumed: Job resumed"]


def test_indexed_pods_know_their_index(workshop):
    workshop.job(
        "test $JOB_COMPLETION_INDEX = $(hostname | cut -d- -f2)",
        completions=4,
        parallelism=3,
        completionMode="Indexed",
    )
    workshop.advance(30)
    assert workshop.status()["completedIndexes"] == "0-3"
    assert workshop.conditions() == DONE
    assert sorted(pod["spec"]["hostname"] for pod in workshop.pods()) == [f"work-{n}" for n in range(4)]


def test_an_index_that_fails_too_often_is_given_up_and_the_others_go_on(workshop):
    workshop.job(
        "test $JOB_COMPLETION_INDEX != 1",
        completions=3,
        parallelism=3,
        completionMode="Indexed",
        backoffLimitPerIndex=1,
    )
    workshop.advance(60)
    status = workshop.status()
    assert (status["completedIndexes"], status["failedIndexes"], status["failed"]) == ("0,2", "1", 2)
    assert workshop.conditions() == failed("FailedIndexes")
    counts = sorted(
        pod["metadata"]["annotations"]["batch.kubernetes.io/job-index-failure-count"]
        for pod in workshop.pods()
        if pod["spec"]["hostname"] == "work-1"
    )
    assert counts == ["0", "1"]


def test_more_failed_indexes_than_allowed_end_the_job(workshop):
    workshop.job(
        "test $JOB_COMPLETION_INDEX -gt 1 || exit 1; sleep 3600",
        completions=4,
        parallelism=4,
        completionMode="Indexed",
        backoffLimitPerIndex=0,
        maxFailedIndexes=1,
    )
    workshop.advance(60)
    assert workshop.conditions() == failed("MaxFailedIndexesExceeded")
    assert workshop.status()["failedIndexes"] == "0,1"


@pytest.mark.parametrize(
    ("action", "reason", "count"),
    [("FailJob", "PodFailurePolicy", 1), ("Count", "BackoffLimitExceeded", 2)],
)
def test_the_first_rule_that_matches_decides(workshop, action, reason, count):
    rules = [
        {"action": action, "onExitCodes": {"operator": "In", "values": [7, 42]}},
        {"action": "Ignore", "onExitCodes": {"operator": "NotIn", "values": [1]}},
    ]
    workshop.job("exit 42", backoffLimit=1, podFailurePolicy={"rules": rules})
    workshop.advance(60)
    assert workshop.conditions() == failed(reason)
    assert workshop.status()["failed"] == count


def test_an_ignored_failure_does_not_count_and_is_tried_again(workshop):
    rules = [{"action": "Ignore", "onExitCodes": {"operator": "In", "values": [42]}}]
    workshop.job("exit 42", backoffLimit=0, podFailurePolicy={"rules": rules})
    workshop.advance(60)
    assert workshop.conditions() == []
    assert "failed" not in workshop.status()
    assert len(workshop.pods()) >= 3


def test_the_message_names_pod_exit_code_and_rule(workshop):
    rules = [{"action": "FailJob", "onExitCodes": {"operator": "In", "values": [42]}}]
    workshop.job("exit 42", podFailurePolicy={"rules": rules})
    workshop.advance(20)
    (pod,) = workshop.names("pods")
    message = f"Container w for pod default/{pod} failed with exit code 42 matching FailJob rule at index 0"
    assert workshop.status()["conditions"][-1]["message"] == message


@pytest.mark.parametrize(
    ("rule", "met"),
    [
        ({"succeededCount": 1}, True),
        ({"succeededIndexes": "0"}, True),
        ({"succeededIndexes": "0-2", "succeededCount": 1}, True),
        ({"succeededIndexes": "0,1"}, False),
        ({"succeededIndexes": "1,2", "succeededCount": 1}, False),
    ],
)
def test_a_success_rule_ends_the_job_early(workshop, rule, met):
    workshop.job(
        "test $JOB_COMPLETION_INDEX = 0 || sleep 3600",
        completions=3,
        parallelism=3,
        completionMode="Indexed",
        successPolicy={"rules": [rule]},
    )
    workshop.advance(60)
    expected = [("SuccessCriteriaMet", "SuccessPolicy"), ("Complete", "SuccessPolicy")]
    assert workshop.conditions() == (expected if met else [])
    assert workshop.status()["succeeded"] == 1
    assert "failed" not in workshop.status()


def test_a_larger_parallelism_takes_effect_at_once_and_a_smaller_one_deletes(workshop):
    workshop.job("sleep 3600", completions=6, parallelism=2)
    workshop.advance(5)
    workshop.change(parallelism=4)
    workshop.advance(5)
    assert workshop.status()["active"] == 4
    workshop.change(parallelism=1)
    workshop.advance(20)
    assert workshop.status()["active"] == len(workshop.pods()) == 1
    assert "failed" not in workshop.status()


@pytest.mark.parametrize("propagation", ["Background", "Foreground"])
def test_a_deleted_job_takes_its_pods_along(workshop, propagation):
    workshop.job("sleep 3600", parallelism=2, completions=2)
    workshop.advance(5)
    workshop.client.delete("jobs.batch", workshop.get(), propagation=propagation)
    workshop.advance(30)
    assert workshop.pods() == []
    assert workshop.names("jobs.batch") == []


def test_the_pods_of_a_job_deleted_without_them_run_on_and_can_be_deleted(workshop):
    workshop.job("sleep 3600")
    workshop.advance(5)
    workshop.client.delete("jobs.batch", workshop.get(), propagation="Orphan")
    workshop.advance(5)
    (pod,) = workshop.pods()
    assert not pod["metadata"].get("finalizers")
    assert "ownerReferences" not in pod["metadata"]
    workshop.client.delete("pods", pod)
    workshop.advance(30)
    assert workshop.pods() == []


def test_a_job_managed_by_someone_else_is_left_alone(workshop):
    workshop.job("exit 0", managedBy="example.com/other")
    workshop.advance(30)
    assert workshop.pods() == []
    assert workshop.status() == {}


def test_a_finished_job_goes_with_its_pods_when_its_time_is_over(workshop):
    workshop.job("exit 0", ttlSecondsAfterFinished=30)
    workshop.cluster.settle()
    workshop.advance(28)
    assert workshop.conditions() == DONE
    workshop.advance(4)
    assert workshop.names("jobs.batch") == workshop.pods() == []


def test_a_time_to_live_given_later_counts_from_the_end(workshop):
    workshop.job("exit 0")
    workshop.advance(100)
    workshop.change(ttlSecondsAfterFinished=50)
    workshop.advance(2)
    assert workshop.names("jobs.batch") == []


@settings(max_examples=15, deadline=None)
@given(
    codes=st.lists(st.sampled_from([0, 0, 0, 1]), min_size=1, max_size=8),
    deletions=st.lists(st.floats(0.5, 20), max_size=4),
    parallelism=st.integers(1, 4),
    seed=st.integers(0, 99),
)
def test_whatever_happens_each_pod_is_counted_once(codes, deletions, parallelism, seed):
    """Pods fail, and are deleted at any moment: in the end the numbers are those of the pods that there were."""
    with Cluster(2, seed=seed) as cluster:
        client, ends = cluster.client, {}

        def note(change):
            pod = change.object
            if change.type == "DELETED" or pod["status"].get("phase") in ("Succeeded", "Failed"):
                ends.setdefault(pod["metadata"]["uid"], pod["status"].get("phase"))

        client.watch("pods", note)
        chosen = f"set -- {' '.join(map(str, codes))}; shift $(($(hostname | cksum | cut -c1) % $#))"
        script = f"{chosen}; sleep 3; exit $1"
        container = {"name": "w", "image": "busybox:1.37", "command": ["sh", "-c", script]}
        pod_spec = {"restartPolicy": "Never", "terminationGracePeriodSeconds": 1, "containers": [container]}
        spec = {
            "completions": 4,
            "parallelism": parallelism,
            "backoffLimit": 3,
            "template": {"spec": pod_spec},
        }
        client.create("jobs.batch", {"metadata": {"name": "work"}, "spec": spec})
        for wait in deletions:
            cluster.clock.advance(wait)
            if running := [
                pod for pod in client.list("pods", "default") if pod["status"]["phase"] == "Running"
            ]:
                client.delete("pods", running[0])
        cluster.clock.advance(3600)
        job = client.get("jobs.batch", "default", "work")
        assert job is not None
        status = job["status"]
        assert status["uncountedTerminatedPods"] == {} and "active" not in status
        assert status.get("succeeded", 0) + status.get("failed", 0) == len(ends)
        assert any(condition["type"] in ("Complete", "Failed") for condition in status["conditions"])
        assert not any(pod["metadata"].get("finalizers") for pod in client.list("pods", "default"))
