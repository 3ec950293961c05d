"""Makes the pictures of docs/views anew, in light and dark, each at the last moment of its story.

python -m tools.gallery [VIEW …]
"""

from __future__ import annotations

import shutil
import sys
from pathlib import Path

from playwright.sync_api import sync_playwright

from tools.gallery.stage import BROWSER_FLAGS, Stage
from tools.gallery.stories import STORIES, recorded

FOLDER = Path(__file__).parents[2] / "docs" / "views"


def main(names: list[str]) -> None:
    FOLDER.mkdir(parents=True, exist_ok=True)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=BROWSER_FLAGS)
        for name in names or STORIES:
            for theme in ("light", "dark"):
                shown, batches = recorded(name)
                stage = Stage(browser, shown, theme=theme, device_scale_factor=1.5)
                for batch in batches:
                    stage.feed.listener(batch)
                stage.page.wait_for_timeout(450)  # dots are on their way, pods have arrived
                stage.page.locator(".k8s-view").screenshot(path=FOLDER / f"{name}-{theme}.png")
                stage.close()


main(sys.argv[1:])
