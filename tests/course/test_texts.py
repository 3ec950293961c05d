from __future__ import annotations

import string

import pytest

from k8slearn.course import texts


def gaps(text: str) -> set[str]:
    return {name for _, name, _, _ in string.Formatter().parse(text) if name}


def test_every_language_has_all_words_with_the_same_gaps():
    english = texts.load("en").words
    for lang in texts.languages():
        words = texts.load(lang).words
        assert words.keys() == english.keys()
        assert {key: gaps(text) for key, text in words.items()} == {
            key: gaps(text) for key, text in english.items()
        }


def test_every_language_has_all_feedback_and_no_gap_of_its_own():
    english = texts.load("en").feedback
    for lang in texts.languages():
        feedback = texts.load(lang).feedback
        assert feedback.keys() == english.keys()
        for key, parts in feedback.items():
            assert parts.keys() == english[key].keys()
            assert gaps("".join(parts.values())) <= gaps("".join(english[key].values())), key


@pytest.mark.parametrize(
    ("environment", "spoken"),
    [
        ({}, "en"),
        ({"LANG": "zh_CN.UTF-8"}, "zh"),
        ({"LANG": "zh_CN.UTF-8", "LC_ALL": "C.UTF-8"}, "en"),
        ({"LANG": "de_DE.UTF-8"}, "en"),
        ({"LANG": "de_DE.UTF-8", "K8SLEARN_LANG": "zh"}, "zh"),
        ({"LANG": "zh_TW", "K8SLEARN_LANG": "en"}, "en"),
    ],
)
def test_the_language_comes_from_k8slearn_lang_else_the_locale(
    environment: dict[str, str], spoken: str, monkeypatch: pytest.MonkeyPatch
):
    for name in ("K8SLEARN_LANG", "LC_ALL", "LC_MESSAGES", "LANG"):
        monkeypatch.delenv(name, raising=False)
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    assert texts.language() == spoken
    assert texts.language("zh-CN") == "zh"
