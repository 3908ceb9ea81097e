"""The blind clinic, played by keyboard in a page from a plain web server, and what it counts as right.

The option --screenshots keeps what a reader sees in runs/browser/.
"""

import itertools
import json
import math
import re
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
from playwright.sync_api import Page
from static_server import WEB, served_page

from benchmarks.studies.clinic import cases as study
from trm_nav.diagnosis.findings import diagnose

pytestmark = [pytest.mark.browser, pytest.mark.slow]

DATA: dict[str, Any] = json.loads((WEB / "clinic.json").read_text(encoding="utf-8"))
SCREENS = [(390, 844), (1024, 768), (1366, 900)]
CASES = 10


@pytest.fixture(scope="module")
def site(tmp_path_factory) -> Iterator[str]:
    folder = tmp_path_factory.mktemp("site")
    with served_page(folder, "clinic", "The blind clinic") as address:
        yield address


@pytest.fixture
def page(browser, site) -> Iterator[Page]:
    page, errors, asked = browser.new_page(), [], []
    page.on("pageerror", lambda error: errors.append(str(error)))
    page.on("console", lambda line: errors.append(line.text) if line.type in ("error", "warning") else None)
    page.on("request", lambda request: asked.append(request.url))
    try:
        yield page
    finally:
        page.close()
    assert not errors
    home = site.rpartition("/")[0]
    assert all(url.startswith((home, "data:", "about:")) for url in asked), "the page asked another host"


def opened(page: Page, site: str, rest: str = "") -> None:
    page.goto("about:blank")  # so that another fragment is another page
    page.goto(site + rest)
    page.locator("#clinic h2").wait_for()


def cases_of(page: Page, seed: int) -> list[dict[str, Any]]:
    return page.evaluate(
        """async (seed) => {
            const { roundOf } = await import("/web/clinic_rounds.js");
            return roundOf(seed, (await (await fetch("/web/clinic.json")).json()).cases);
        }""",
        seed,
    )


def press(page: Page, *keys: str) -> None:
    for key in keys:
        page.keyboard.press(key)


def tab_to(page: Page, selector: str) -> None:
    """Press Tab until the element has the focus, as someone without a mouse does."""
    for _ in range(60):
        if page.evaluate("(selector) => document.activeElement.matches(selector)", selector):
            return
        page.keyboard.press("Tab")
    raise AssertionError(f"no way to {selector} by Tab")


def choose(page: Page, group: str, value: str) -> None:
    """With the Tab key to a group of radio buttons, and with the arrow to one of them."""
    tab_to(page, f"input[name={group}]")
    page.keyboard.press("Space")
    for _ in range(12):
        if page.evaluate("document.activeElement.value") == value:
            return
        page.keyboard.press("ArrowDown")
    raise AssertionError(f"no {value} among the choices of {group}")


def test_a_round_is_played_by_keyboard_and_its_scores_are_right(page, site):
    opened(page, site, "#seed=5")
    cases = cases_of(page, 5)
    right, named = 0, 0
    for number, one in enumerate(cases, start=1):
        assert page.locator("h2").inner_text() == f"Case {number} of {CASES}"
        illness = one["right"][0] if number % 2 else "crawling"
        tab_to(page, "svg.pick")
        press(page, "Home", "ArrowRight", "ArrowRight")
        assert page.locator("svg.pick").get_attribute("aria-valuetext").startswith("epoch 3 of ")
        assert page.locator("#clinic-epoch").input_value() == "3"
        choose(page, "illness", illness)
        choose(page, "prescription", "leave")
        press(page, "Enter")
        heading = page.get_by_role("heading", name="What happened")
        heading.wait_for()
        assert heading.evaluate("(it) => it === document.activeElement"), "a reader is taken to the answer"
        near = one["began"] is not None and abs(one["began"] - 3) <= max(1, round(len(one["val_loss"]) / 10 + 1e-9))
        words = {True: "right", False: "wrong", None: "not counted"}
        spoken = page.locator("[role=status]").text_content()
        assert f"Illness {words[illness in one['right']]}." in spoken
        assert f"Beginning {words[None if one['began'] is None else near]}." in spoken
        right += illness in one["right"]
        finding = diagnose({name: one[name] for name in one if name not in ("family", "right", "began")})[0]
        named += finding.name.replace("still improving", "healthy") in one["right"]
        assert finding.evidence in page.locator(".clinic-words li").first.inner_text()
        if number < CASES:
            tab_to(page, ".clinic-foot .clinic-main")
            press(page, "Enter")
            page.get_by_role("heading", name=f"Case {number + 1} of {CASES}").wait_for()
    summary = page.locator(".clinic-summary")
    assert summary.locator("h3").inner_text() == "The round"
    rows = summary.locator("tbody tr").all_inner_texts()
    assert rows[0].split("\t")[:3] == ["Illness", f"{right} of {CASES}", f"{named} of {CASES}"]
    assert re.search(r"By chance alone somebody gets \d+ or more right in .* such rounds", summary.inner_text())

    page.reload()  # and nothing is lost
    page.locator(".clinic-summary").wait_for()
    assert page.locator(".clinic-list a", has_text="✓").count() == CASES


def test_the_same_seed_gives_the_same_ten_cases_of_ten_families_and_another_seed_others(page, site):
    opened(page, site)
    rounds = [cases_of(page, seed) for seed in (7, 7, 8)]
    assert rounds[0] == rounds[1] != rounds[2]
    for cases in rounds:
        assert len({one["family"] for one in cases}) == len(cases) == CASES


def right_prescriptions(one: dict[str, Any]) -> set[str]:
    """Those that gain at least half of the best gain, which must be two points; the rest as `site/clinic` says."""
    family = DATA["families"][one["family"]]
    if family["fault"] == "other-density":
        return {"check"}
    left = {run["seed"]: run["fresh"] for run in family["outcomes"]["leave"]}
    gains = {
        name: np.mean([run["fresh"] - left[run["seed"]] for run in family["outcomes"].get(name, [])] or [0])
        for name in DATA["prescriptions"]
    }
    best = max(gains.values())
    if best < study.HARM:
        return {"leave"}
    helped = {name for name, gain in gains.items() if gain > best / 2 - 1e-9}
    return helped | ({"leave"} if family["fault"] == "healthy" else set())


def test_the_right_prescriptions_and_the_odds_of_chance_are_those_of_an_independent_count(page, site):
    opened(page, site)
    found = page.evaluate(
        """async () => {
            const scores = await import("/web/clinic_scores.js");
            const data = await (await fetch("/web/clinic.json")).json();
            return data.cases.map((one) => [scores.rightPrescriptions(data, one), scores.byChance(data, one),
                scores.ofDiagnosis(one).prescription]);
        }"""
    )
    for one, (right, chance, doctor) in zip(DATA["cases"], found, strict=True):
        assert set(right) == right_prescriptions(one), one["family"]
        assert chance["illness"] == len(one["right"]) / len(DATA["illnesses"])
        assert chance["prescription"] == len(set(right)) / len(DATA["prescriptions"])
        assert doctor in DATA["prescriptions"], "the first remedy is among the prescriptions"
    probabilities = [0.1, 0.5, 0.9, 0.25]
    outcomes = list(itertools.product((0, 1), repeat=4))
    weights = [math.prod(p if hit else 1 - p for p, hit in zip(probabilities, one, strict=True)) for one in outcomes]
    for k in range(5):
        expected = sum(weight for weight, one in zip(weights, outcomes, strict=True) if sum(one) >= k)
        said = page.evaluate(
            "async ([p, k]) => (await import('/web/clinic_scores.js')).oddsOf(p, k)", [probabilities, k]
        )
        assert said == pytest.approx(expected, abs=1e-12)


def test_an_answer_that_is_not_complete_is_asked_for_by_one_sentence(page, site):
    opened(page, site, "#seed=2&case=4")
    button = page.get_by_role("button", name="Show what happened")
    button.click()
    assert page.locator("#clinic-problem").inner_text() == "Choose what is wrong."
    page.get_by_label("Crawling").check()
    for epoch in ("0", "1.5", "100000", "-3"):
        page.locator("#clinic-epoch").fill(epoch)
        button.click()
        assert page.locator("#clinic-problem").inner_text().startswith("The epoch must be a whole number from 1 to ")
    page.locator("#clinic-epoch").fill("")
    button.click()
    assert page.locator("#clinic-problem").inner_text() == "Choose a prescription."
    page.get_by_label("Leave it as it is").check()
    button.click()
    page.get_by_role("heading", name="What happened").wait_for()


@pytest.mark.parametrize(
    ("rest", "case", "sentence"),
    [
        ("#seed=abc&case=2", 2, "the seed must be a whole number from 0 to 999999. This is round 1, case 2."),
        ("#seed=-1", 1, "the seed must be"),
        ("#seed=3&case=11", 1, "the case must be a whole number from 1 to 10. This is round 3, case 1."),
        ("#seed=1e3&case=", 1, "the seed must be a whole number from 0 to 999999, and the case must be"),
        ("#%00%ff<script>=&&&", 1, ""),
        ("?nonsense=%E0%A4%A#seed=12", 1, ""),
    ],
)
def test_an_address_that_is_not_right_is_answered_by_a_sentence_and_a_round(page, site, rest, case, sentence):
    opened(page, site, rest)
    assert sentence in page.locator("[role=alert]").first.inner_text()
    assert page.locator("h2").inner_text() == f"Case {case} of {CASES}"


def test_the_sheet_has_the_answers_of_the_round_and_can_be_printed(page, site):
    opened(page, site, "?sheet#seed=5")
    cases = cases_of(page, 5)
    assert page.locator(".clinic-sheet section").count() == CASES
    for one, text in zip(cases, page.locator(".clinic-truth").all_inner_texts(), strict=True):
        assert text.lower().startswith(" or ".join(one["right"]))
        assert DATA["faults"][DATA["families"][one["family"]]["fault"]] in text
    page.emulate_media(media="print")
    assert page.locator(".clinic-sheet").is_visible() and not page.get_by_role("button", name="Print").is_visible()
    page.emulate_media(media="screen")
    page.get_by_role("link", name="Back to the questions").click()
    page.get_by_role("heading", name="Case 1 of 10").wait_for()


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
def test_nothing_is_wider_than_the_screen_and_every_control_has_a_name(page, site, keep, dark):
    page.emulate_media(color_scheme="dark" if dark else "light")
    for width, height in SCREENS[-1:] if dark else SCREENS:
        page.set_viewport_size({"width": width, "height": height})
        opened(page, site, f"#seed=9&case={1 + dark}")
        if page.locator("form").count():
            page.get_by_label("Oscillating").check()
            page.get_by_label("More data").check()
            violations(page)
            keep(page, f"clinic-form-{width}", full_page=True)
            page.get_by_role("button", name="Show what happened").click()
        page.locator(".clinic-results").wait_for()
        assert page.evaluate("document.documentElement.scrollWidth") <= width
        keep(page, f"clinic-{'dark' if dark else 'light'}-{width}", full_page=True)
    violations(page)
    page.evaluate("(theme) => { document.documentElement.dataset.theme = theme; }", "light" if dark else "dark")
    scheme = page.locator(".trm-clinic").evaluate("(it) => getComputedStyle(it).colorScheme")
    assert scheme == ("light" if dark else "dark"), "the book's theme counts for more than the system's"


def violations(page: Page) -> None:
    """axe-core finds nothing wrong with the page, where it is installed."""
    try:
        from axe_playwright_python.sync_playwright import Axe
    except ImportError:
        return
    found = Axe().run(page)
    assert found.violations_count == 0, found.generate_report()


def test_curves_grow_with_a_run_without_being_drawn_anew(page, site):
    opened(page, site)
    page.evaluate("""async () => {
        const { drawCurves } = await import("/web/curves.js");
        window.curves = drawCurves(document.body);
        window.empty = { train_loss: [], train_acc: [], val_loss: [], val_acc: [] };
        curves.update(empty, 12);
    }""")
    picture = page.locator("body > .trm-curves svg[role=img]").first
    assert picture.get_attribute("aria-label") == "Loss: no epoch is finished yet."
    kept = page.evaluate("""() => {
        const all = () => [...document.querySelectorAll("body > .trm-curves svg[role=img] :is(path, .axes text)")];
        const before = all();
        const losses = [1.2, 0.9, null];
        curves.update({ train_loss: losses, train_acc: [0.3, 0.5, 0.5], val_loss: [1.1, 1, null],
          val_acc: [0.4, 0.4, 0.5], chance: { train: { loss: 1.2, acc: 0.3 }, val: { loss: 1.2, acc: 0.3 } } }, 12);
        const first = all();
        curves.update({ train_loss: [1.2, 0.8], train_acc: [0.3, 0.5], val_loss: [1.1, 1], val_acc: [0.4, 0.4],
          chance: { train: { loss: 1.2, acc: 0.3 }, val: { loss: 1.2, acc: 0.3 } } }, 12);
        return all().every((one, i) => one === first[i]) && first.length >= before.length;
    }""")
    assert kept
    assert picture.get_attribute("aria-label") == (
        "Loss over 2 epochs: training from 1.20 nats to 0.800 nats, validation from 1.10 nats to 1.00 nats; "
        "the validation curve is lowest in epoch 2, at 1.00 nats."
    )
