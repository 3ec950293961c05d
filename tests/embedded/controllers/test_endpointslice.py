"""EndpointSlices and Endpoints: which pods a Service reaches."""

from k8slearn.embedded.controllers.endpointslice.distribution import Contents, distribute

SLICES = "endpointslices.discovery.k8s.io"
HTTP = (("", 80, "TCP", None),)


def service(world, name="web", selector=None, ports=({"port": 8080, "targetPort": 80},), **spec):
    metadata = {"name": name, "namespace": "default", "labels": {"app": name}}
    selector = {"app": "web"} if selector is None else selector
    spec = {"selector": selector, "ports": list(ports), **spec}
    created = world.registry.create("services", {"metadata": metadata, "spec": spec})
    world.settle()
    return created


def slices(world, name="web"):
    label = "kubernetes.io/service-name"
    return [s for s in world.client.list(SLICES) if s["metadata"]["labels"].get(label) == name]


def conditions(endpoint_slice):
    return [tuple(endpoint["conditions"].values()) for endpoint in endpoint_slice["endpoints"] or ()]


def test_a_service_lists_the_ready_pods_it_selects(world):
    world.deploy(replicas=2)
    made = service(world)
    (found,) = slices(world)
    assert found["metadata"]["generateName"] == "web-"
    assert found["metadata"]["labels"] == {
        "app": "web",
        "endpointslice.kubernetes.io/managed-by": "endpointslice-controller.k8s.io",
        "kubernetes.io/service-name": "web",
    }
    assert found["metadata"]["ownerReferences"][0]["uid"] == made["metadata"]["uid"]
    assert found["ports"] == [{"name": "", "port": 80, "protocol": "TCP"}]
    pod = world.get("pods", world.names("pods")[0])
    assert found["endpoints"][0] == {
        "addresses": [pod["status"]["podIP"]],
        "conditions": {"ready": True, "serving": True, "terminating": False},
        "nodeName": pod["spec"]["nodeName"],
        "targetRef": {
            "kind": "Pod",
            "name": pod["metadata"]["name"],
            "namespace": "default",
            "uid": pod["metadata"]["uid"],
        },
    }
    subset = world.get("endpoints", "web")["subsets"][0]
    assert [address["ip"] for address in subset["addresses"]] == ["10.244.0.1", "10.244.0.2"]
    assert subset["ports"] == [{"port": 80, "protocol": "TCP"}]


def test_a_service_without_pods_has_one_empty_slice_and_empty_endpoints(world):
    service(world)
    (found,) = slices(world)
    assert found["endpoints"] is None and found["ports"] is None
    assert "subsets" not in world.get("endpoints", "web")


def test_a_pod_that_is_not_ready_is_listed_as_such_unless_the_service_publishes_it(world):
    world.deploy(replicas=1, image="broken")
    service(world)
    service(world, "eager", publishNotReadyAddresses=True)
    assert conditions(slices(world)[0]) == [(False, False, False)]
    assert conditions(slices(world, "eager")[0]) == [(True, False, False)]
    assert "notReadyAddresses" in world.get("endpoints", "web")["subsets"][0]
    assert "addresses" in world.get("endpoints", "eager")["subsets"][0]


def test_a_pod_that_is_ending_still_serves_but_is_not_ready(world):
    world.deploy(replicas=1)
    service(world)
    world.change(replicas=0)
    world.clock.advance(0.1)
    assert conditions(slices(world)[0]) == [(False, True, True)]
    assert "subsets" not in world.get("endpoints", "web")
    world.settle()
    assert conditions(slices(world)[0]) == []


def test_a_named_target_port_is_found_in_each_pod_and_an_unknown_one_left_out(world):
    containers = [{"name": "web", "image": "nginx:1.27", "ports": [{"name": "http", "containerPort": 8000}]}]
    template = {"metadata": {"labels": {"app": "web"}}, "spec": {"containers": containers}}
    world.deploy(replicas=1, template=template)
    ports = [
        {"name": "main", "port": 80, "targetPort": "http"},
        {"name": "other", "port": 81, "targetPort": "no-such"},
    ]
    service(world, ports=ports)
    assert slices(world)[0]["ports"] == [{"name": "main", "port": 8000, "protocol": "TCP"}]


def test_services_without_a_selector_or_with_an_external_name_get_no_endpoints(world):
    service(world, "manual", selector={})
    service(world, "ext", ports=(), type="ExternalName", externalName="example.com")
    assert world.client.list(SLICES) == [] and world.names("endpoints") == []


def test_a_headless_service_is_marked_and_needs_no_ports(world):
    world.deploy(replicas=1)
    service(world, "head", ports=(), clusterIP="None")
    (found,) = slices(world, "head")
    assert found["metadata"]["labels"]["service.kubernetes.io/headless"] == ""
    assert len(found["endpoints"]) == 1 and found["ports"] is None
    assert "ports" not in world.get("endpoints", "head")["subsets"][0]


def test_the_slices_and_endpoints_of_a_deleted_service_go(world):
    world.client.delete("services", service(world))
    world.settle()
    assert world.client.list(SLICES) == [] and world.names("endpoints") == []


def test_a_deleted_slice_comes_back(world):
    service(world)
    world.client.delete(SLICES, slices(world)[0])
    world.settle()
    assert len(slices(world)) == 1


def endpoints(*numbers):
    return [{"addresses": [f"10.0.0.{n}"], "targetRef": {"uid": str(n)}} for n in numbers]


def as_slice(numbers, ports=True):
    written = [{"name": "", "port": 80, "protocol": "TCP"}] if ports else None
    return {"endpoints": endpoints(*numbers) or None, "ports": written}


def test_two_hundred_and_fifty_endpoints_need_three_slices():
    plan = distribute([], {HTTP: endpoints(*range(250))})
    assert [len(contents.endpoints) for contents in plan.new] == [100, 100, 50]


def test_endpoints_stay_in_their_slice_and_new_ones_fill_the_gaps():
    first, second = as_slice(range(100)), as_slice(range(100, 150))
    plan = distribute([first, second], {HTTP: endpoints(*range(20, 160))})
    sizes = [(old is first, len(contents.endpoints)) for old, contents in plan.kept]
    assert sizes == [(True, 90), (False, 50)] and not plan.new and not plan.superfluous


def test_the_last_slice_is_emptied_rather_than_replaced():
    only = as_slice([1])
    assert distribute([only], {}).kept == [(only, Contents((), []))]


def test_endpoints_made_by_hand_are_mirrored_as_long_as_the_service_selects_nothing(world):
    service(world, "db", selector={}, ports=({"port": 5432},))
    metadata = {"name": "db", "namespace": "default", "labels": {"tier": "data"}}
    subset = {"addresses": [{"ip": "10.0.0.7"}], "ports": [{"port": 5432}]}
    world.registry.create("endpoints", {"metadata": metadata, "subsets": [subset]})
    world.settle()
    (found,) = slices(world, "db")
    assert found["endpoints"] == [{"addresses": ["10.0.0.7"], "conditions": {"ready": True}}]
    assert found["ports"] == [{"name": "", "port": 5432, "protocol": "TCP"}]
    assert found["metadata"]["labels"] == {
        "endpointslice.kubernetes.io/managed-by": "endpointslicemirroring-controller.k8s.io",
        "kubernetes.io/service-name": "db",
        "tier": "data",
    }
    assert found["metadata"]["ownerReferences"][0]["kind"] == "Endpoints"

    made = world.get("endpoints", "db")
    moved = {"notReadyAddresses": [{"ip": "10.0.0.8"}], "ports": [{"port": 5432}]}
    world.client.update("endpoints", {**made, "subsets": [moved]})
    world.settle()
    (again,) = slices(world, "db")
    assert again["metadata"]["uid"] == found["metadata"]["uid"]
    assert again["endpoints"] == [{"addresses": ["10.0.0.8"], "conditions": {"ready": False}}]

    world.client.update("endpoints", {**world.get("endpoints", "db"), "subsets": []})
    world.settle()
    assert slices(world, "db") == []
