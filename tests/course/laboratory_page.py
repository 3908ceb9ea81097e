"""The laboratory of lesson 05 on a page in the browser: what it shows, and what a reader can do with it."""

import time
from pathlib import Path

from jupyterlab_page import POLLING, NotebookPage

ASK = Path(__file__).with_suffix(".js").read_text(encoding="utf-8")


class LaboratoryPanel:
    """The panel on the page of a lesson whose laboratory cell has been run."""

    def __init__(self, lesson: NotebookPage):
        self.page = lesson.page
        self.panel = lesson.outside.locator(".trm-lab")
        self.panel.scroll_into_view_if_needed()

    @property
    def text(self) -> str:
        return self.panel.inner_text()

    def says(self, words: str) -> bool:
        return words in self.text

    def press(self, words: str, until: str, clicks: int = 1) -> float:
        """Click the button with this text and wait for a condition. Returns the seconds that this took."""
        button = self.panel.get_by_role("button", name=words, exact=True)
        button.scroll_into_view_if_needed()
        started = time.monotonic()
        button.click(click_count=clicks)
        self.wait(until)
        return round(time.monotonic() - started, 2)

    def wait(self, condition: str) -> None:
        self.page.wait_for_function(f"() => {{ {ASK} return {condition}; }}", polling=POLLING)

    def ask(self, expression: str) -> object:
        """The value of an expression of laboratory_page.js."""
        return self.page.evaluate(f"() => {{ {ASK} return {expression}; }}")

    def another_experiment(self) -> str:
        """A condition for `press`: a run has ended that is not in the list now."""
        return f"experiments() > {len(self.experiments())} && !button('Train').disabled"

    def experiments(self) -> list[str]:
        """The list of runs, one text for each."""
        return self.panel.locator(".lab-runs button").all_inner_texts()

    def checked(self, label: str) -> bool:
        return self.panel.get_by_label(label).is_checked()

    def toggle(self, label: str) -> None:
        """Press the space bar on a check box."""
        self.panel.get_by_label(label).press("Space")

    def value(self, label: str) -> str:
        """What a slider says to a screen reader."""
        return self.panel.get_by_label(label, exact=True).get_attribute("aria-valuetext") or ""

    def move(self, label: str) -> float:
        """Press an arrow key on a slider. Returns the seconds until its value has changed."""
        before, started = self.value(label), time.monotonic()
        self.panel.get_by_label(label, exact=True).press("ArrowRight")
        while self.value(label) == before:
            time.sleep(0.01)
        return round(time.monotonic() - started, 2)

    def cut_off(self) -> list[str]:
        """The parts that are not wholly inside of the panel."""
        return self.panel.evaluate("""panel => {
            const { left, right } = panel.getBoundingClientRect();
            return [...panel.querySelectorAll(":not(code)")].filter(part => {
                const box = part.getBoundingClientRect();
                return box.width && !part.closest("pre, svg > *") && (box.left < left - 1 || box.right > right + 1);
            }).map(part => part.outerHTML.slice(0, 100));
        }""")

    def copied(self) -> str:
        """What the Copy button puts into the clipboard."""
        self.page.context.grant_permissions(["clipboard-read", "clipboard-write"])
        self.panel.get_by_text("Commands that reproduce this run").click()
        self.panel.get_by_role("button", name="Copy").click()
        self.panel.get_by_role("button", name="Copied").wait_for()
        return self.page.evaluate("navigator.clipboard.readText()")
