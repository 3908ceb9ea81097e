"""The laboratory of lesson 05 on a page in the browser: what it shows, and what a reader can do with it."""

import time
from pathlib import Path

from jupyterlab_page import NotebookPage

ASK = Path(__file__).with_suffix(".js").read_text(encoding="utf-8")


class LaboratoryPanel:
    """The panel on the page of a lesson whose laboratory cell has been run."""

    def __init__(self, lesson: NotebookPage):
        self.page = lesson.page
        self.panel = lesson.outside.locator(".trm-laboratory")
        self.panel.scroll_into_view_if_needed()

    @property
    def text(self) -> str:
        return self.panel.inner_text()

    def says(self, words: str) -> bool:
        return words in self.text

    def another_picture(self) -> str:
        """A condition for `press`: the picture is no longer the one shown now."""
        self.page.evaluate("window.source = document.querySelector('.trm-laboratory img').src")
        return "panel.querySelector('img').src !== window.source"

    def press(self, words: str, until: str, clicks: int = 1) -> float:
        """Click the button with this text and wait for a condition. Returns the seconds that this took."""
        button = self.panel.get_by_role("button", name=words, exact=True)
        button.scroll_into_view_if_needed()
        started = time.monotonic()
        button.click(click_count=clicks)
        self.wait(until)
        return round(time.monotonic() - started, 2)

    def wait(self, condition: str) -> None:
        self.page.wait_for_function(f"() => {{ {ASK} return {condition}; }}")

    def another_experiment(self) -> str:
        """A condition for `press`: a run has ended that is not in the list of experiments now."""
        return f"experiments() > {len(self.experiments())} && !button('Train').disabled"

    def experiments(self) -> list[str]:
        """The list of experiments, one text for each."""
        return self.panel.get_by_label("experiments").locator("option").all_inner_texts()

    def choose(self, label: str, index: int) -> None:
        """Choose an entry of the drop-down list with this label."""
        self.panel.get_by_label(label).select_option(index=index)

    def checked(self, label: str) -> bool:
        return self.panel.get_by_label(label).is_checked()

    def toggle(self, label: str) -> None:
        """Press the space bar on a check box."""
        self.panel.get_by_label(label).press("Space")

    def move(self, label: str) -> float:
        """Press an arrow key on a slider. Returns the seconds until its value has changed."""
        slider = self.panel.locator(".widget-hslider", has=self.page.get_by_text(label, exact=True))
        number = slider.locator(".widget-readout")
        before, started = number.inner_text(), time.monotonic()
        slider.locator(".noUi-handle").press("ArrowRight")
        while number.inner_text() == before:
            time.sleep(0.01)
        return round(time.monotonic() - started, 2)

    def copied(self) -> str:
        """What the Copy button puts into the clipboard."""
        self.page.context.grant_permissions(["clipboard-read", "clipboard-write"])
        self.panel.get_by_role("button", name="Copy commands").click()
        self.panel.get_by_role("button", name="Copied").wait_for()
        return self.page.evaluate("navigator.clipboard.readText()")
