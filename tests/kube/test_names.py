from __future__ import annotations

import random
import re

from k8slearn.kube.names import label_key, label_value, random_suffix


def test_a_random_suffix_has_five_characters_and_follows_the_seed() -> None:
    suffix = random_suffix(random.Random(7))
    assert re.fullmatch("[bcdfghjklmnpqrstvwxz2456789]{5}", suffix)
    assert suffix == random_suffix(random.Random(7))


def test_labels_that_are_none() -> None:
    assert label_key("app.kubernetes.io/name") == []
    assert label_key("/app") == ["prefix part must be non-empty"]
    assert label_key("a" * 64) == ["name part must be no more than 63 bytes"]
    assert "with an optional DNS subdomain prefix" in label_key("a/b/c")[0]
    assert label_value("") == []
    assert label_value("x" * 64) == ["must be no more than 63 bytes"]
    assert "a valid label must be an empty string" in label_value("-x")[0]
