"""Namespaces: what each gets, and how one goes."""


def namespace(world, name="team"):
    made = world.client.create("namespaces", {"metadata": {"name": name}})
    world.settle()
    return made


def test_each_namespace_gets_a_service_account_and_the_cluster_ca(world):
    namespace(world)
    assert world.names("serviceaccounts", "team") == ["default"]
    published = world.get("configmaps", "kube-root-ca.crt", "team")
    assert published["data"] == {"ca.crt": "PEM"}
    description = published["metadata"]["annotations"]["kubernetes.io/description"]
    assert description.startswith("Contains a CA bundle")


def test_they_come_back_when_they_are_deleted_or_altered(world):
    namespace(world)
    world.client.delete("serviceaccounts", world.get("serviceaccounts", "default", "team"))
    published = world.get("configmaps", "kube-root-ca.crt", "team")
    world.client.update("configmaps", {**published, "data": {"ca.crt": "forged"}})
    world.settle()
    assert world.names("serviceaccounts", "team") == ["default"]
    assert world.get("configmaps", "kube-root-ca.crt", "team")["data"] == {"ca.crt": "PEM"}


def test_a_deleted_namespace_goes_with_everything_in_it(world):
    made = namespace(world)
    spec = {"containers": [{"name": "web", "image": "nginx:1.27"}]}
    world.client.create("pods", {"metadata": {"name": "web", "namespace": "team"}, "spec": spec})
    world.settle()
    world.client.delete("namespaces", made)
    world.clock.advance(5.1)
    going = world.get("namespaces", "team", "")
    assert going["status"]["phase"] == "Terminating"
    assert "deletionTimestamp" in world.get("pods", "web", "team")["metadata"]
    world.clock.advance(5.1)
    assert world.client.get("namespaces", "", "team") is None
    left = [r for r in world.store.resources() if world.client.list(r, "team")]
    assert left == []


def test_what_holds_a_namespace_up_is_said_in_its_conditions(world):
    made = namespace(world)
    metadata = {"name": "keep", "namespace": "team", "finalizers": ["example.com/hold"]}
    world.client.create("configmaps", {"metadata": metadata})
    world.client.delete("namespaces", made)
    world.settle()
    conditions = world.get("namespaces", "team", "")["status"]["conditions"]
    # The sentences and their order are a real cluster's.
    assert [c["message"] for c in conditions if c["status"] == "True"] == [
        "Some resources are remaining: configmaps. has 1 resource instances",
        "Some content in the namespace has finalizers remaining: example.com/hold in 1 resource instances",
    ]
    keep = world.get("configmaps", "keep", "team")
    world.client.update("configmaps", {**keep, "metadata": {**keep["metadata"], "finalizers": []}})
    world.clock.advance(8)  # half of the 15 seconds that a finalizer is expected to take, and one more
    assert world.client.get("namespaces", "", "team") is None
