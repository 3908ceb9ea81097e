"""README.md, INSTRUCTORS.md, notebooks/README.md and the lessons promise what was measured, and nothing beside it."""

import json
import re
from pathlib import Path

import pytest

from benchmarks.studies.promises import formats, lessons, markers, measuring, results

ROOT = Path(__file__).parents[2]
FIGURE = re.compile(r"\d[\d.,]*(?: to \d[\d.,]*)? ?(?:%|(?:s|seconds|MB|GB)\b)")

# Figures of INSTRUCTORS.md that stand outside of a marker, each with the reason why no measurement can change it.
ALLOWED = {
    "125 to 150%": "the zoom of a browser",
    "20%": "a wrong answer to expect: one action in five",
    "50 to 65%": "what the training guide expects of 1,000 mazes",
    "90 to 95%": "what the training guide expects of 100,000 mazes",
    "60%": "an exam question",
    "100%": "an exam question, and a wrong answer to expect",
    "32 GB": "advice: the calculated memory, rounded up to a size that is sold",
    "1 GB": "what Binder promises",
    "2 GB": "what Binder allows",
}


def test_every_marked_figure_is_the_measured_one():
    assert markers.differences() == []


def test_instructors_md_holds_no_figure_outside_of_a_marker():
    text = markers.MARKER.sub("", (ROOT / "INSTRUCTORS.md").read_text(encoding="utf-8"))
    typed = set(FIGURE.findall(text))
    assert not typed - ALLOWED.keys(), "measure it, or say in ALLOWED why it needs no measurement"
    assert not ALLOWED.keys() - typed, "no longer needed in ALLOWED"


def test_every_lesson_is_in_the_map_with_all_three_times():
    text = (ROOT / "notebooks" / "README.md").read_text(encoding="utf-8")
    keys = {marker["key"] for marker in markers.MARKER.finditer(text)}
    for path in lessons.lessons():
        assert {f"lessons.{path.stem}.{what}" for what in ("reading", "exercises", "running")} <= keys


def test_every_lesson_opens_with_its_three_times():
    for path in lessons.lessons():
        opening = "".join(json.loads(path.read_text(encoding="utf-8"))["cells"][0]["source"])
        keys = {marker["key"] for marker in markers.MARKER.finditer(opening)}
        assert keys == {f"lessons.{path.stem}.{what}" for what in ("reading", "exercises", "running")}


def test_the_minutes_for_exercises_are_those_of_their_headings():
    measured = results.Measured(results.load())
    for path in lessons.lessons():
        minutes = lessons.reading(path)["exercise_minutes"]
        assert measured.latest("lessons", path.stem, "exercise_minutes") == minutes, (
            f"{path.name} has changed: python -m benchmarks.studies.promises measure lessons"
        )


@pytest.mark.slow
def test_the_judgement_of_the_diagnosis_is_that_of_its_present_rules():
    now = measuring.measure_diagnosis({}, lambda found: None)
    assert results.Measured(results.load()).latest("diagnosis") == json.loads(json.dumps(now)), (
        "the rules or the histories have changed: python -m benchmarks.studies.promises measure diagnosis, then write"
    )


def test_every_preset_was_measured_with_ten_seeds():
    measured = results.Measured(results.load())
    for label in results.load()["machines"]["Intel Xeon"]["presets"]:
        assert sum(measured.findings(label).values()) >= measuring.SEEDS, label


@pytest.mark.parametrize(("values", "text"), [
    ([0.5], "50%"), ([0.49, 0.562, 0.55], "49 to 56%"), ([0.996, 1.0], "100%"), ([0.991, 1.0], "99 to 100%"),
    ([None, None], "-"), ([None, 0.25], "25%"),
])  # fmt: skip
def test_a_promise_is_the_range_of_all_values(values, text):
    assert formats.spread(values, formats.percent) == text


@pytest.mark.parametrize(("seconds", "text"), [
    (5.0, "5 s"), (5.1, "10 s"), (58, "60 s"), (90, "90 s"), (91, "2 min"), (121, "2.5 min"),
])  # fmt: skip
def test_a_running_time_is_rounded_up(seconds, text):
    assert formats.running(seconds) == text


@pytest.fixture
def small(tmp_path, monkeypatch):
    """A project of two documents, one of them a notebook, with one measured figure."""
    (tmp_path / "notebooks").mkdir()
    figures = {"machines": {"here": {"labels": {"cap": [0.78, 0.79]}}}}
    (tmp_path / "promises.json").write_text(json.dumps(figures))
    documents = [tmp_path / "README.md", tmp_path / "notebooks" / "00_a.ipynb"]
    monkeypatch.setattr(markers, "ROOT", tmp_path)
    monkeypatch.setattr(results, "RESULTS", tmp_path / "promises.json")
    monkeypatch.setattr(markers, "documents", lambda: documents)
    documents[0].write_text("At most <!-- m:labels.cap -->1%<!-- /m --> are right.\n")
    documents[1].write_text('{"cells": [{"source": ["About <!-- m:labels.cap --><!-- /m -->, \\u00e9\\n"]}]}')
    return documents


def test_write_puts_the_figures_in_and_changes_nothing_else(small):
    assert len(markers.differences()) == 2
    markers.write()
    assert small[0].read_text() == "At most <!-- m:labels.cap -->78 to 79%<!-- /m --> are right.\n"
    assert small[1].read_text() == (
        '{"cells": [{"source": ["About <!-- m:labels.cap -->78 to 79%<!-- /m -->, \\u00e9\\n"]}]}'
    )
    assert markers.differences() == []


@pytest.mark.parametrize(("text", "message"), [
    ("a <!-- m:labels.cup -->1%<!-- /m -->", "nothing was measured for labels.cup"),
    ("a <!-- m:labels.cap -->78 to 79%", "not closed"),
    ("- <!-- m:labels.cap -->78 to 79%<!-- /m --> of them", "must not begin with a marker"),
])  # fmt: skip
def test_a_marker_that_cannot_work_is_named(small, text, message):
    small[1].write_text("{}")
    small[0].write_text(text)
    (difference,) = markers.differences()
    assert "README.md" in difference and message in difference


def test_figures_of_all_machines_are_united():
    both = results.Measured(
        {"machines": {"a": {"labels": {"cap": [0.7]}}, "b": {"labels": {"cap": [0.8]}, "training": {"success": [0.9]}}}}
    )
    assert markers.text(both, "labels.cap") == "70 to 80%"
    assert markers.text(both, "training.success") == "90%"
    with pytest.raises(KeyError):
        markers.text(both, "training.first_val_acc")
