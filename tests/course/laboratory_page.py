"""The laboratory of lesson 05 as it stands on the page, and a reader's hands on it."""

import time

from jupyterlab_page import NotebookPage

# What can be asked of the panel in the browser. A button is found by its words, a control by its label.
ASK = """
const panel = document.querySelector('.trm-laboratory');
const button = words => [...panel.querySelectorAll('button')].find(one => one.textContent.trim() === words);
const said = words => panel.innerText.includes(words);
const commands = () => panel.querySelector('textarea').value;
const experiments = () => [...panel.querySelectorAll('select')].at(-1).options.length;
"""


class LaboratoryPanel:
    """Found on a page on which the laboratory's cell has been run."""

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
        """A condition for `press`: the picture is no longer the one of now."""
        self.page.evaluate("window.source = document.querySelector('.trm-laboratory img').src")
        return "panel.querySelector('img').src !== window.source"

    def press(self, words: str, until: str, clicks: int = 1) -> float:
        """Click a button and wait for a condition; the seconds that took."""
        button = self.panel.get_by_role("button", name=words, exact=True)
        button.scroll_into_view_if_needed()
        started = time.monotonic()
        button.click(click_count=clicks)
        self.wait(until)
        return round(time.monotonic() - started, 2)

    def wait(self, condition: str) -> None:
        self.page.wait_for_function(f"() => {{ {ASK} return {condition}; }}")

    def another_experiment(self) -> str:
        """A condition for `press`: a run has ended that is not among the experiments of now."""
        return f"experiments() > {len(self.experiments())} && !button('Train').disabled"

    def experiments(self) -> list[str]:
        """The list of experiments, in words."""
        return self.panel.get_by_label("experiments").locator("option").all_inner_texts()

    def choose(self, label: str, index: int) -> None:
        """Pick from a drop-down list."""
        self.panel.get_by_label(label).select_option(index=index)

    def checked(self, label: str) -> bool:
        return self.panel.get_by_label(label).is_checked()

    def move(self, label: str) -> float:
        """Press an arrow key on a slider; the seconds until its number is another one."""
        slider = self.panel.locator(".widget-hslider", has=self.page.get_by_text(label, exact=True))
        number = slider.locator(".widget-readout")
        before, started = number.inner_text(), time.monotonic()
        slider.locator(".noUi-handle").press("ArrowRight")
        while number.inner_text() == before:
            time.sleep(0.01)
        return round(time.monotonic() - started, 2)

    def copied(self) -> str:
        """What the Copy button leaves in the clipboard."""
        self.page.context.grant_permissions(["clipboard-read", "clipboard-write"])
        self.panel.get_by_role("button", name="Copy commands").click()
        self.panel.get_by_role("button", name="Copied").wait_for()
        return self.page.evaluate("navigator.clipboard.readText()")
