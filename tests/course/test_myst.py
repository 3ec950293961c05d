from __future__ import annotations

import pytest

from k8slearn.course.myst import parse
from k8slearn.errors import LessonError

TEXT = """# Pods

Prose with `code`.

```yaml
kind: Pod
```

```{code-cell}
:name: answer-serve
:tags: answer hard
%kubectl run model
```

+++

Two prose cells,
+++
cut apart.

```{code-cell}
1 + 1
```
"""


def test_prose_and_code_cells_come_in_order_with_their_names_and_tags():
    cells = parse(TEXT, "lesson.en.md")
    assert [(cell.id, cell.kind) for cell in cells] == [
        ("text-01", "markdown"),
        ("answer-serve", "code"),
        ("text-02", "markdown"),
        ("text-03", "markdown"),
        ("code-02", "code"),
    ]
    assert cells[1].tags == ("answer", "hard")
    assert cells[1].source == "%kubectl run model"


def test_a_fence_of_another_kind_stays_prose():
    assert "```yaml\nkind: Pod\n```" in parse(TEXT, "lesson.en.md")[0].source


def test_a_name_used_twice_is_refused_with_both_lines():
    twice = "```{code-cell}\n:name: a\n1\n```\n\n```{code-cell}\n:name: a\n2\n```\n"
    with pytest.raises(LessonError, match=r"here\.md:6: the name 'a' is taken by line 1"):
        parse(twice, "here.md")
