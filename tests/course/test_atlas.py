"""The atlas of luck in a page from a plain web server: chosen by keyboard, kept in the address, counted right.

The option --screenshots keeps what a reader sees in runs/browser/.
"""

import json
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
from playwright.sync_api import Page
from scipy.stats import binomtest
from static_server import WEB, served_page

pytestmark = [pytest.mark.browser, pytest.mark.slow]

DATA: dict[str, Any] = json.loads((WEB / "atlas.json").read_text(encoding="utf-8"))
SCREENS = [(390, 844), (1024, 768), (1366, 900)]
FIRST, *_ = DATA["presets"]
TWO = "#preset=Overfitting&remedy=augmentation&remedy=a+label+for+every+cell"


@pytest.fixture(scope="module")
def site(tmp_path_factory) -> Iterator[str]:
    folder = tmp_path_factory.mktemp("site")
    attributes, below = ' data-laboratory="laboratory.html"', '<h2 id="reading">How to read it</h2>'
    with served_page(folder, "atlas", "The atlas of luck", attributes, below) as address:
        yield address


@pytest.fixture(scope="module")
def page(browser) -> Iterator[Page]:
    page, errors = browser.new_page(), []
    page.on("pageerror", lambda error: errors.append(str(error)))
    page.on("console", lambda line: errors.append(line.text) if line.type in ("error", "warning") else None)
    yield page
    page.close()
    assert not errors


def opened(page: Page, site: str, rest: str = "") -> None:
    page.goto("about:blank")  # so that another fragment is another page
    page.goto(site + rest)
    page.locator("#atlas svg").first.wait_for()


def runs_of(preset: str, *tried: str) -> list[dict[str, Any]]:
    return [run for run in DATA["runs"] if run["preset"] == preset and set(run["remedies"]) == set(tried)]


def ends(runs: list[dict[str, Any]]) -> np.ndarray:
    return np.array([run["val_acc"][-1] for run in runs])


def said(page: Page) -> str:
    return page.locator(".atlas-words").inner_text()


def tab_to(page: Page, selector: str) -> None:
    for _ in range(30):
        if page.evaluate("(selector) => document.activeElement.matches(selector)", selector):
            return
        page.keyboard.press("Tab")
    raise AssertionError(f"no way to {selector} by Tab")


def test_a_preset_and_two_remedies_are_chosen_by_keyboard_and_kept_in_the_address(page, site):
    opened(page, site)
    tab_to(page, "button[aria-pressed=false]")
    page.keyboard.press("Enter")
    assert said(page).startswith("Underfitting: ")
    assert page.url.endswith("#preset=Underfitting")
    for count, remedy in enumerate(["a wider model", "more epochs"], start=1):
        tab_to(page, f"input[data-name='{remedy}']")
        page.keyboard.press("Space")
        assert page.evaluate("document.activeElement.dataset.name") == remedy, "the focus stays"
        assert page.locator("input:checked").count() == count
    assert page.get_by_role("checkbox", name="a deeper model").is_disabled(), "two at most"
    assert page.url.endswith("#preset=Underfitting&remedy=a+wider+model&remedy=more+epochs")
    before = said(page)
    assert before.startswith("Underfitting with a wider model and more epochs: ")
    page.reload()
    page.locator("#atlas svg").first.wait_for()
    assert said(page) == before
    link = page.get_by_role("link", name="laboratory").get_attribute("href")
    assert link == "laboratory.html#preset=Underfitting&dim=8&epochs=30&train="
    page.get_by_role("checkbox", name="a wider model").uncheck()
    assert page.get_by_role("checkbox", name="a deeper model").is_enabled()


def test_every_run_is_a_line_and_a_dot_and_a_row_of_the_table(page, site):
    opened(page, site, TWO)
    with_both, alone = runs_of("Overfitting", "augmentation", "a label for every cell"), runs_of("Overfitting")
    loss, accuracy, dots = (
        page.locator("#atlas svg[role=img]").all()[1:] + page.locator("#atlas svg[role=img]").all()[:1]
    )
    assert loss.locator(".train.fainter").count() == loss.locator(".validation.fainter").count() == len(with_both)
    assert accuracy.locator(".validation.fainter").count() == len(with_both) + 1, "and the median without"
    assert dots.locator(".dot").count() == len(with_both) + len(alone)
    assert dots.locator(".change").count() == len(with_both)
    words = dots.get_attribute("aria-label")
    for runs in (with_both, alone):
        assert ", ".join(map(str, sorted(np.floor(100 * ends(runs) + 0.5).astype(int)))) in words
    page.get_by_text("The numbers").click()
    rows = page.locator("#atlas tbody tr").all_inner_texts()
    assert [row.split("\t")[2] for row in rows] == [f"{100 * end:.1f}%" for end in ends(with_both)]
    assert [row.split("\t")[-1] for row in rows] == [run["finding"] for run in with_both]


@pytest.mark.parametrize("tried", [("augmentation",), ("more dropout",), ("a smaller model",)], ids=" ".join)
def test_the_sentences_are_those_of_an_independent_count(page, site, tried):
    opened(page, site, f"#preset=Overfitting&remedy={tried[0]}")
    values, before = ends(runs_of("Overfitting", *tried)), ends(runs_of("Overfitting"))
    gains = values - before
    higher, lower = (gains > 0).sum(), (gains < 0).sum()
    text = said(page)
    for some in (values, before):
        low, middle, high = (f"{np.floor(100 * share + 0.5):.0f}%" for share in np.quantile(some, [0, 0.5, 1]))
        assert f"{low} to {high} (median {middle})" in text
    assert f"{higher} of {len(gains)} runs end higher" in text
    chance = binomtest(higher, higher + lower, alternative="greater").pvalue
    if higher <= lower:
        assert "This is no cure." in text
    elif chance > 0.05:
        assert f"A coin does as well in {np.floor(100 * chance + 0.5):.0f}% of all cases: this may be luck." in text
    else:
        assert f"A coin does as well in one of {round(1 / chance):,} cases." in text
    if higher > lower:
        wrong = (values[:, None] <= before[None]).sum()
        assert f"{wrong} of {len(values) * len(before)} such pairs point the wrong way." in text


@pytest.mark.parametrize(
    ("rest", "sentence"),
    [
        ("#preset=Overtfitting", 'There is no preset "Overtfitting".'),
        ("#preset=Healthy&remedy=sleep", 'There is no remedy "sleep" for Healthy.'),
        ("#preset=Overfitting&remedy=augmentation&remedy=augmentation", "A remedy can be tried once."),
        (TWO + "&remedy=more+data", "At most 2 remedies can be tried together."),
        ("#%00%ff<script>=1", 'It asks for "'),
        ("#seed=" + "9" * 3000, 'It asks for "seed", which the atlas does not have.'),
    ],
)
def test_an_address_that_is_not_right_is_answered_by_a_sentence_and_a_choice(page, site, rest, sentence):
    opened(page, site, rest)
    problem = page.locator("#atlas [role=alert]")
    assert problem.inner_text().startswith(f"The address was not understood. {sentence}")
    assert page.locator("#atlas input:checked").count() == 0
    page.get_by_role("button", name=FIRST).click()
    assert problem.inner_text() == "", "the next choice is right"


def test_another_address_shows_another_choice_and_a_place_in_the_page_shows_none(page, site):
    opened(page, site, TWO)
    before = said(page)
    page.evaluate("window.location.hash = '#reading'")
    page.evaluate("() => new Promise(requestAnimationFrame)")
    assert said(page) == before and page.url.endswith("#reading")
    page.evaluate("window.location.hash = '#preset=Divergence&remedy=a+lower+learning+rate'")
    page.get_by_text("Divergence with a lower learning rate: ").wait_for()


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
def test_nothing_is_wider_than_the_screen_and_every_control_has_a_name(page, site, keep, dark):
    page.emulate_media(color_scheme="dark" if dark else "light")
    opened(page, site, TWO)
    for width, height in SCREENS:
        page.set_viewport_size({"width": width, "height": height})
        assert page.evaluate("document.documentElement.scrollWidth") <= width
        keep(page, f"atlas-{'dark' if dark else 'light'}-{width}", full_page=True)
    try:
        from axe_playwright_python.sync_playwright import Axe
    except ImportError:
        pass
    else:
        found = Axe().run(page)
        assert found.violations_count == 0, found.generate_report()
    page.evaluate("(theme) => { document.documentElement.dataset.theme = theme; }", "light" if dark else "dark")
    scheme = page.locator(".trm-atlas").evaluate("(it) => getComputedStyle(it).colorScheme")
    assert scheme == ("light" if dark else "dark"), "the book's theme counts for more than the system's"


def test_a_file_that_is_missing_is_told(browser, site):
    page = browser.new_page()
    page.route("**/atlas.json", lambda route: route.fulfill(status=404, body=""))
    page.goto(site)
    page.get_by_role("alert").get_by_text("The runs could not be loaded: reload this page.").wait_for()
    page.close()
