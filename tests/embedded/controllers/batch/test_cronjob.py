"""CronJobs: Jobs by the clock, in virtual time."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from k8slearn.embedded.clock import parse_timestamp

CRON_JOBS = "cronjobs.batch"
JOBS = "jobs.batch"
MINUTE, HOUR, DAY = 60, 3600, 86400


@pytest.fixture
def cron(workshop):
    def make(schedule: str, script: str = "exit 0", **spec):
        wanted = {
            "schedule": schedule,
            "jobTemplate": {"spec": {"template": workshop.template(script)}},
            **spec,
        }
        return workshop.client.create(CRON_JOBS, {"metadata": {"name": "tick"}, "spec": wanted})

    return make


def all_made(workshop) -> list[str]:
    """The times for which Jobs were made, also of those that are gone."""
    minutes = [int(name.rpartition("-")[2]) for name in workshop.created]
    return [datetime.fromtimestamp(minute * MINUTE, UTC).strftime("%d %H:%M") for minute in minutes]


def test_in_an_hour_a_schedule_of_five_minutes_makes_twelve_jobs_and_keeps_three(workshop, cron):
    cron("*/5 * * * *")
    workshop.advance(HOUR + 10)
    assert len(all_made(workshop)) == 12
    assert all_made(workshop)[:3] == ["01 00:05", "01 00:10", "01 00:15"]
    assert len(workshop.names(JOBS)) == 3
    assert len(workshop.pods()) == 3


def test_a_job_is_named_after_its_minute_and_knows_its_time(workshop, cron):
    created = cron("0 9 * * *", timeZone="Europe/Berlin")
    workshop.advance(8 * HOUR + 10)
    (name,) = workshop.names(JOBS)
    eight = datetime(2026, 1, 1, 8, tzinfo=UTC).timestamp()
    assert name == f"tick-{int(eight) // 60}"
    metadata = workshop.get(name)["metadata"]
    assert metadata["annotations"] == {
        "batch.kubernetes.io/cronjob-scheduled-timestamp": "2026-01-01T09:00:00+01:00"
    }
    assert metadata["ownerReferences"][0]["uid"] == created["metadata"]["uid"]
    status = workshop.status("tick", CRON_JOBS)
    assert status["lastScheduleTime"] == "2026-01-01T08:00:00Z"
    assert "active" not in status
    assert parse_timestamp(status["lastSuccessfulTime"]) == parse_timestamp(
        workshop.status(name)["completionTime"]
    )
    assert workshop.events("tick", CRON_JOBS) == [
        f"SuccessfulCreate: Created job {name}",
        f"SawCompletedJob: Saw completed job: {name}, condition: Complete",
    ]


def test_a_running_job_is_listed_as_active(workshop, cron):
    cron("* * * * *", "sleep 20")
    workshop.advance(MINUTE + 5)
    (reference,) = workshop.status("tick", CRON_JOBS)["active"]
    job = workshop.get(reference["name"])
    assert (reference["kind"], reference["uid"]) == ("Job", job["metadata"]["uid"])


@pytest.mark.parametrize(("policy", "jobs", "active"), [("Allow", 3, 3), ("Forbid", 1, 1), ("Replace", 3, 1)])
def test_jobs_that_take_longer_than_the_interval(workshop, cron, policy, jobs, active):
    cron("* * * * *", "sleep 3600", concurrencyPolicy=policy)
    workshop.advance(3 * MINUTE + 10)
    assert len(all_made(workshop)) == jobs
    assert len(workshop.status("tick", CRON_JOBS)["active"]) == active
    assert len(workshop.names(JOBS)) == active
    skipped = "JobAlreadyActive: Not starting job because prior execution is running and concurrency policy is Forbid"
    assert (skipped in workshop.events("tick", CRON_JOBS)) == (policy == "Forbid")


def test_of_failed_jobs_only_the_last_is_kept(workshop, cron):
    job = {"backoffLimit": 0, "template": workshop.template("exit 1")}
    cron("* * * * *", jobTemplate={"spec": job})
    workshop.advance(4 * MINUTE + 30)
    assert len(all_made(workshop)) == 4
    assert workshop.names(JOBS)[-1:] == workshop.names(JOBS)
    assert "lastSuccessfulTime" not in workshop.status("tick", CRON_JOBS)


def test_a_suspended_cronjob_makes_none_and_afterwards_makes_up_for_the_last_one_only(workshop, cron):
    cron("*/10 * * * *", suspend=True)
    workshop.advance(HOUR + 5 * MINUTE)
    assert all_made(workshop) == []
    workshop.change("tick", CRON_JOBS, suspend=False)
    workshop.advance(MINUTE)
    assert all_made(workshop) == ["01 01:00"]


def test_what_is_too_late_for_the_starting_deadline_is_left_out(workshop, cron):
    cron("0 * * * *", suspend=True, startingDeadlineSeconds=600)
    workshop.advance(HOUR + 15 * MINUTE)
    workshop.change("tick", CRON_JOBS, suspend=False)
    workshop.advance(MINUTE)
    assert all_made(workshop) == []
    assert workshop.events("tick", CRON_JOBS) == []
    workshop.advance(HOUR)
    assert all_made(workshop) == ["01 02:00"]


def test_more_than_a_hundred_missed_times_are_told_and_the_last_is_made_up_for(workshop, cron):
    cron("* * * * *", suspend=True)
    workshop.advance(2 * HOUR)
    workshop.change("tick", CRON_JOBS, suspend=False)
    workshop.advance(10)
    assert all_made(workshop) == ["01 02:00"]
    assert workshop.events("tick", CRON_JOBS)[0].startswith(
        "TooManyMissedTimes: too many missed start times."
    )


def test_a_new_schedule_does_not_look_back(workshop, cron):
    cron("0 3 * * *")
    workshop.advance(20 * MINUTE + 30)
    workshop.change("tick", CRON_JOBS, schedule="*/15 * * * *")
    workshop.advance(2 * MINUTE)
    assert all_made(workshop) == []
    workshop.advance(10 * MINUTE)
    assert all_made(workshop) == ["01 00:30"]


def test_a_schedule_without_times_is_told(workshop, cron):
    cron("0 0 31 2 *")
    workshop.advance(10)
    why = "time difference between two schedules is less than 1 second"
    assert workshop.events("tick", CRON_JOBS) == [f"InvalidSchedule: invalid schedule: 0 0 31 2 * : {why}"]


def test_settling_does_not_wait_for_the_next_time(workshop, cron):
    cron("0 * * * *")
    before = workshop.clock.now
    assert workshop.cluster.settle()
    assert workshop.clock.now - before < 5


def test_an_irregular_schedule_runs_at_each_of_its_times(workshop, cron):
    cron("30 6-16/4 * * thu")
    workshop.advance(1.5 * DAY)
    assert all_made(workshop) == ["01 06:30", "01 10:30", "01 14:30"]


def test_an_active_job_that_is_deleted_by_hand_is_missed(workshop, cron):
    cron("0 * * * *", "sleep 3600")
    workshop.advance(HOUR + 10)
    (name,) = workshop.names(JOBS)
    workshop.client.delete(JOBS, workshop.get(name))
    workshop.advance(60)
    assert "active" not in workshop.status("tick", CRON_JOBS)
    assert workshop.events("tick", CRON_JOBS)[-1] == f"MissingJob: Active job went missing: {name}"
    assert all_made(workshop) == ["01 01:00"]


def test_a_deleted_cronjob_takes_its_jobs_and_pods_along(workshop, cron):
    cron("* * * * *", "sleep 3600")
    workshop.advance(2 * MINUTE + 10)
    workshop.client.delete(CRON_JOBS, workshop.get("tick", CRON_JOBS))
    workshop.advance(60)
    assert workshop.names(JOBS) == workshop.names("pods") == []
