"""Images: present, pulled, missing, mended."""

from __future__ import annotations

from itertools import pairwise


def test_a_missing_image_fails_and_backs_off(machine):
    machine.run("ghost", container={"image": "no-such-image:1"})
    machine.wait(120)
    error = machine.events("ghost", "Failed")[0].partition(": ")[2]
    assert error.startswith('Failed to pull image "no-such-image:1": failed to pull and unpack image "')
    assert machine.events("ghost") == [
        'Normal Pulling: Pulling image "no-such-image:1"',
        f"Warning Failed: {error}",
        "Warning Failed: Error: ErrImagePull",
        'Normal BackOff: Back-off pulling image "no-such-image:1"',
        "Warning Failed: Error: ImagePullBackOff",
    ]
    assert {"ErrImagePull", "ImagePullBackOff"} <= set(machine.words("ghost"))
    assert machine.pod("ghost")["status"]["phase"] == "Pending"
    assert machine.condition("ghost", "PodReadyToStartContainers")["status"] == "True"


def test_a_registry_says_of_a_missing_tag_that_it_is_not_found_and_of_a_repository_that_access_is_denied(
    machine,
):
    for name, image in (("tag", "k8slearn/app:v1.1"), ("repository", "k8slearm/app:1.1")):
        machine.run(name, container={"image": image})
    machine.wait(5)
    missing_tag, missing_repository = (machine.events(name, "Failed")[0] for name in ("tag", "repository"))
    reference = "docker.io/k8slearn/app:v1.1"
    assert missing_tag.endswith(
        f'"k8slearn/app:v1.1": rpc error: code = NotFound desc = failed to pull and unpack image "{reference}": '
        f'failed to resolve reference "{reference}": {reference}: not found'
    )
    assert "pull access denied, repository does not exist or may require authorization" in missing_repository


def test_pulls_are_tried_again_after_at_least_10_20_40_seconds(machine):
    pulls = []

    def note(change):
        if change.object["reason"] == "Pulling":
            pulls.append(machine.clock.now)

    machine.client.watch("events", note)
    machine.run("ghost", container={"image": "no-such-image:1"})
    machine.wait(200)
    waits = [later - earlier for earlier, later in pairwise(pulls)]
    assert [wait >= least for wait, least in zip(waits, (10, 20, 40), strict=False)] == [True] * 3


def test_the_waiting_message_of_the_back_off_repeats_the_error(machine):
    messages = set()

    def note(change):
        for status in change.object["status"].get("containerStatuses", ()):
            waiting = status["state"].get("waiting", {})
            messages.add((waiting.get("reason"), waiting.get("message", "").partition(": ")[0]))

    machine.client.watch("pods", note)
    machine.run("ghost", container={"image": "no-such-image:1"})
    machine.wait(40)
    assert ("ImagePullBackOff", 'Back-off pulling image "no-such-image:1"') in messages


def test_a_mended_image_starts_the_container_without_waiting(machine):
    machine.run("ghost", container={"image": "no-such-image:1"})
    machine.wait(100)
    machine.change("ghost", image="busybox:1.37")
    machine.clock.settle()
    assert "running" in machine.container("ghost")["state"]
    assert machine.container("ghost")["restartCount"] == 0


def test_another_image_restarts_a_running_container(machine):
    machine.run("web", terminationGracePeriodSeconds=1)
    machine.change("web", image="nginx:1.29", command=[])
    machine.clock.settle()
    container = machine.container("web")
    assert container["image"].endswith("nginx:1.29")
    assert container["restartCount"] == 1
    assert "Normal Killing: Container main definition changed, will be restarted" in machine.events("web")


def test_an_image_that_is_spoilt_later_is_not_asked_for_again_and_again(machine):
    machine.run("web", terminationGracePeriodSeconds=1)
    machine.change("web", image="no-such-image:1")
    machine.wait(60)
    assert machine.container("web")["state"]["waiting"]["reason"] in ("ErrImagePull", "ImagePullBackOff")
    assert machine.container("web")["lastState"]["terminated"]["exitCode"] == 137
    assert machine.count("web", "Pulling") + machine.count("web", "BackOff") <= 6


def test_never_pulling_a_missing_image_says_so(machine):
    machine.run("never", container={"image": "no-such-image:1", "imagePullPolicy": "Never"})
    machine.wait(2)
    message = 'Container image "no-such-image:1" is not present with pull policy of Never'
    assert machine.events("never") == [
        f"Warning ErrImageNeverPull: {message}",
        "Warning Failed: Error: ErrImageNeverPull",
    ]
    assert machine.container("never")["state"]["waiting"] == {
        "reason": "ErrImageNeverPull",
        "message": message,
    }


def test_always_pulling_pulls_what_is_there(machine):
    machine.run("fresh", container={"imagePullPolicy": "Always"})
    pulling, pulled = machine.events("fresh")[:2]
    assert pulling == 'Normal Pulling: Pulling image "busybox:1.37"'
    assert pulled.startswith('Normal Pulled: Successfully pulled image "busybox:1.37" in ')
    assert pulled.endswith(" bytes.")


def test_a_name_that_is_no_image_name_is_invalid(machine):
    machine.run("shout", container={"image": "Nginx:1.27"})
    machine.wait(20)
    waiting = machine.container("shout")["state"]["waiting"]
    assert waiting["reason"] == "InvalidImageName"
    assert waiting["message"] == (
        'Failed to apply default image tag "Nginx:1.27": couldn\'t parse image name "Nginx:1.27": '
        "invalid reference format: repository name (library/Nginx) must be lowercase"
    )


def test_a_missing_pull_secret_is_told_when_an_image_is_pulled(machine):
    secrets = [{"name": "nosuch"}, {"name": "more"}]
    machine.run("box", container={"imagePullPolicy": "Always"}, imagePullSecrets=secrets)
    assert machine.events("box", "FailedToRetrieveImagePullSecret") == [
        "Warning FailedToRetrieveImagePullSecret: Unable to retrieve some image pull secrets (nosuch, more); "
        "attempting to pull the image may not succeed."
    ]
    machine.run("present", imagePullSecrets=secrets)
    assert machine.events("present", "FailedToRetrieveImagePullSecret") == []
