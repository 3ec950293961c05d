from __future__ import annotations

import random
import re

from hypothesis import given
from hypothesis import strategies as st

from k8slearn.kube.names import label_key, label_value, pod_template_hash, random_suffix

TEMPLATE = {"metadata": {"labels": {"app": "web"}}, "spec": {"containers": [{"name": "a", "image": "x"}]}}


def test_a_random_suffix_has_five_characters_and_follows_the_seed() -> None:
    suffix = random_suffix(random.Random(7))
    assert re.fullmatch("[bcdfghjklmnpqrstvwxz2456789]{5}", suffix)
    assert suffix == random_suffix(random.Random(7))


def test_the_hash_of_a_template_is_fixed_and_does_not_depend_on_the_order_of_keys() -> None:
    turned = {"spec": TEMPLATE["spec"], "metadata": TEMPLATE["metadata"]}
    assert pod_template_hash(TEMPLATE) == pod_template_hash(turned) == "7bfbc75fdd"


def test_a_collision_count_gives_another_hash() -> None:
    assert len({pod_template_hash(TEMPLATE, count) for count in (None, 1, 2)}) == 3


@given(st.dictionaries(st.text(max_size=3), st.integers() | st.text(max_size=5), max_size=3))
def test_a_hash_has_only_ten_characters(template: dict) -> None:
    assert re.fullmatch("[456789bcdf]{1,10}", pod_template_hash(template))


def test_labels_that_are_none() -> None:
    assert label_key("app.kubernetes.io/name") == []
    assert label_key("/app") == ["prefix part must be non-empty"]
    assert label_key("a" * 64) == ["name part must be no more than 63 bytes"]
    assert "with an optional DNS subdomain prefix" in label_key("a/b/c")[0]
    assert label_value("") == []
    assert label_value("x" * 64) == ["must be no more than 63 bytes"]
    assert "a valid label must be an empty string" in label_value("-x")[0]
