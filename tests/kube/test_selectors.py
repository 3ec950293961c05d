from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from k8slearn.kube.selectors import (
    FieldSelector,
    FieldTerm,
    LabelSelector,
    Requirement,
    SelectorError,
    parse_fields,
    parse_labels,
)

WEB = {"app": "web", "tier": "front", "size": "5"}


@pytest.mark.parametrize(
    ("selector", "matches"),
    [
        ("", True),
        ("app", True),
        ("!app", False),
        ("!old", True),
        ("app=web", True),
        ("app==web,tier!=back", True),
        ("app=db", False),
        ("gone!=x", True),
        ("tier in (front, back)", True),
        ("tier notin (front)", False),
        ("gone notin (front)", True),
        ("gone in (front)", False),
        ("size>4,size<6", True),
        ("size>5", False),
        ("app>4", False),
        ("app=", False),
    ],
)
def test_a_label_selector_matches(selector: str, matches: bool) -> None:
    assert parse_labels(selector).matches(WEB) is matches


@pytest.mark.parametrize(
    ("selector", "sentence"),
    [
        ("app in", "unable to parse requirement: found '' expected: '('"),
        ("app in (a", "unable to parse requirement: found '', expected: ',' or ')'"),
        ("a in (b c)", "unable to parse requirement: found 'c', expected: ',' or ')'"),
        ("a in (", "unable to parse requirement: found '', expected: ',', ')' or identifier"),
        ("a==b,", "found '', expected: identifier after ','"),
        ("a=b,,c", "found ',', expected: identifier after ','"),
        ("!", "unable to parse requirement: found '', expected: identifier"),
        ("=b", "found '=', expected: !, identifier, or 'end of string'"),
        ("a!", "unable to parse requirement: found '!', expected: in, notin, =, ==, !=, gt, lt"),
        ("a b", "unable to parse requirement: found 'b', expected: in, notin, =, ==, !=, gt, lt"),
        ("a=b)", "found ')', expected: ',' or 'end of string'"),
        (
            "a>x",
            'unable to parse requirement: values[0]: Invalid value: "x": '
            "for 'Gt', 'Lt' operators, the value must be an integer",
        ),
    ],
)
def test_a_broken_label_selector_is_refused_in_kubernetes_words(selector: str, sentence: str) -> None:
    with pytest.raises(SelectorError) as caught:
        parse_labels(selector)
    assert str(caught.value) == sentence


def test_labels_in_a_selector_must_be_labels() -> None:
    with pytest.raises(SelectorError, match=r"<nil>: Invalid value: \"-a\": name part must consist of"):
        parse_labels("-a=b")
    with pytest.raises(
        SelectorError, match=r"values\[0\]\[a\]: Invalid value: \"-b\": a valid label must be"
    ):
        parse_labels("a=-b")


def test_a_selector_is_written_sorted_by_key() -> None:
    assert str(parse_labels("x=1, b in (c,a), !q, r, z!=2, a>3")) == "a>3,b in (a,c),!q,r,x=1,z!=2"


@pytest.mark.parametrize(
    ("selector", "matches"),
    [
        ("metadata.name=web", True),
        ("metadata.name==web,status.phase!=Failed", True),
        ("metadata.name!=web", False),
        ("spec.nodeName=", True),
        (",metadata.name=web", True),
        ("", True),
    ],
)
def test_a_field_selector_matches(selector: str, matches: bool) -> None:
    assert parse_fields(selector).matches({"metadata.name": "web", "status.phase": "Running"}) is matches


@pytest.mark.parametrize(
    ("selector", "sentence"),
    [
        ("x", "invalid selector: 'x'; can't understand 'x'"),
        ("a=b=c", "invalid field selector: unescaped character in value: 61"),
        ("a=\\n", "invalid field selector: invalid escape sequence: \\n"),
        ("a=\\", "invalid field selector: invalid escape sequence: \\"),
    ],
)
def test_a_broken_field_selector_is_refused_in_kubernetes_words(selector: str, sentence: str) -> None:
    with pytest.raises(SelectorError) as caught:
        parse_fields(selector)
    assert str(caught.value) == sentence


keys = st.from_regex(r"([a-z]{1,3}/)?[a-zA-Z][a-z0-9._-]{0,5}[a-z0-9]", fullmatch=True).filter(
    lambda key: key not in ("in", "notin")
)
values = st.from_regex(r"[a-z0-9]([a-z0-9._-]{0,4}[a-z0-9])?", fullmatch=True).filter(
    lambda value: value not in ("in", "notin")
)
sets = st.lists(values, min_size=1, max_size=3, unique=True).map(lambda found: tuple(sorted(found)))
requirements = st.one_of(
    st.builds(Requirement, keys, st.sampled_from(["in", "notin"]), sets),
    st.builds(Requirement, keys, st.sampled_from(["=", "==", "!="]), values.map(lambda value: (value,))),
    st.builds(Requirement, keys, st.sampled_from(["exists", "!"]), st.just(())),
    st.builds(Requirement, keys, st.sampled_from(["gt", "lt"]), st.integers(0, 99).map(lambda n: (str(n),))),
)


@given(st.lists(requirements, max_size=4))
def test_a_written_label_selector_reads_the_same(found: list[Requirement]) -> None:
    selector = LabelSelector(sorted(found, key=lambda requirement: requirement.key))
    assert parse_labels(str(selector)) == selector


@given(st.text(max_size=20))
def test_any_text_is_a_label_selector_or_refused(text: str) -> None:
    try:
        selector = parse_labels(text)
    except SelectorError:
        return
    assert parse_labels(str(selector)) == selector


fields = st.builds(
    FieldTerm, st.from_regex("[a-z.]{1,5}", fullmatch=True), st.booleans(), st.text(max_size=5)
)


@given(st.lists(fields, max_size=3))
def test_a_written_field_selector_reads_the_same(found: list[FieldTerm]) -> None:
    assert sorted(parse_fields(str(FieldSelector(found)))) == sorted(found)
