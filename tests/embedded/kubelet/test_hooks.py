"""postStart and preStop."""

from __future__ import annotations


def hooked(machine, script="", grace=5, **hooks):
    machine.run("app", script, container={"lifecycle": hooks}, terminationGracePeriodSeconds=grace)


def shell(script):
    return {"exec": {"command": ["sh", "-c", script]}}


def test_the_container_is_running_only_after_post_start(machine):
    hooked(machine, postStart=shell("sleep 4; echo done > /tmp/prepared"))
    assert machine.moments["app"][-1].at > 4
    assert machine.exec("app", "cat", "/tmp/prepared")[0] == "done\n"


def test_a_failing_post_start_hook_kills_the_container(machine):
    hooked(machine, grace=1, postStart=shell("echo bad; exit 3"))
    machine.wait(3)
    events = machine.events("app")
    assert "Warning FailedPostStartHook: PostStartHook failed" in events
    assert "Normal Killing: FailedPostStartHook" in events
    uid = machine.pod("app")["metadata"]["uid"]
    seen = [
        change.object["status"]["containerStatuses"][0]
        for change in machine.store.changes_since("pods", 0)
        if change.object["status"].get("containerStatuses")
    ]
    waiting = next(s for s in seen if s["state"].get("waiting", {}).get("reason") == "PostStartHookError")
    assert waiting["state"]["waiting"]["message"] == (
        'Exec lifecycle hook ([sh -c echo bad; exit 3]) for Container "main" in Pod '
        f"\"app_default({uid})\" failed - error: command 'sh -c echo bad; exit 3' exited with 3: , "
        'message: "bad\\n"'
    )
    assert waiting["lastState"]["terminated"]["exitCode"] == 137


def test_pre_stop_runs_before_term_and_counts_towards_the_grace_period(machine):
    program = "trap 'exit 0' TERM; while true; do sleep 1; done"
    hooked(machine, program, grace=20, preStop={"sleep": {"seconds": 6}})
    begun = machine.clock.now
    machine.delete("app")
    machine.clock.settle()
    assert machine.gone("app")
    assert 6 < machine.clock.now - begun < 10


def test_pre_stop_that_takes_too_long_is_cut_off(machine):
    hooked(machine, grace=3, preStop=shell("sleep 100"))
    begun = machine.clock.now
    machine.delete("app")
    machine.clock.settle()
    assert machine.clock.now - begun < 8


def test_a_failing_pre_stop_hook_is_reported(machine):
    hooked(machine, grace=2, preStop=shell("exit 4"))
    machine.delete("app")
    machine.clock.settle()
    assert "Warning FailedPreStopHook: PreStopHook failed" in machine.events("app")
