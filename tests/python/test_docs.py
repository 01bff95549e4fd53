"""The Python examples of README.md and docs/ are typed into an interpreter, and what it shows is compared."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

from hadoop import console
from hadoop.containers import wait_for
from hadoop.fetch import REPOSITORY

USER = "alice"
PAGE_TIMEOUT_S = 240.0
PAGES = [page for page in [REPOSITORY / "README.md", *sorted((REPOSITORY / "docs").glob("*.md"))]
         if "```pycon" in page.read_text()]
# As the interactive interpreter does, but that an exception's lines of code are left out.
INTERPRETER = r"""
import json, sys, traceback
begin, end, texts = json.loads(sys.argv[1])
names = {"__name__": "__main__"}
for number, text in enumerate(texts):
    print(begin.format(number), end="", flush=True)
    try:
        exec(compile(text + "\n", "<page>", "single"), names)
    except Exception as error:
        print("Traceback (most recent call last):\n  File ...\n" + "".join(traceback.format_exception_only(error)), end="")
    print(end.format(number), end="", flush=True)
"""


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_examples_show_what_the_page_says(environment: Any, hadoop: Any, rm_view: Any, page: Path, tmp_path: Path) -> None:
    hadoop.make_home(USER)
    wait_for("the cluster is idle", lambda: not rm_view.busy())
    examples = console.commands(page.read_text(), "pycon", ">>>", "...")
    assert examples
    session = json.dumps([console.BEGIN, console.END, [example.text for example in examples]])
    shown = console.on_terminal([str(environment.python), "-c", INTERPRETER, session], hadoop.env(user=USER), tmp_path,
                                PAGE_TIMEOUT_S)
    console.compare(page, examples, shown, {})


def test_every_method_and_exception_is_on_the_page(package: Any) -> None:
    page = (REPOSITORY / "docs/python.md").read_text()
    methods = [name for name in vars(package.Knit) if not name.startswith("_") and callable(getattr(package.Knit, name))]
    assert len(methods) > 10
    for name in [*methods, *(name for name in package.__all__ if name[0].isupper())]:
        assert re.search(rf"\b{name}\b", page), name
