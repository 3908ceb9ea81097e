"""The certification command: what it prints, and its exit status."""

import pytest
from tiny import RUN

from trm_nav import certify
from trm_nav.certify import SHOWN, report
from trm_nav.learning.run import fit, prepare
from trm_nav.mazes.encoding import FREE, UP
from trm_nav.proof.certificate import Certificate, Mistake

WAVE = {**RUN, "mixing": "cross", "halting": True, "binary": True, "within_reach": True, "epochs": 1}
MISTAKE = Mistake(token=FREE, neighbours=(-4, -3, -2, 7), decides=True, action=UP)


@pytest.mark.slow
def test_a_model_that_has_hardly_learned_is_not_certified_and_the_situations_are_shown(paths, tmp_path, command):
    fit(prepare({**WAVE, **paths, "checkpoint_dir": tmp_path}))
    status, (first, *mistakes), err = command(certify, tmp_path / "best.pt")
    assert (status, err) == (1, [])
    assert first.startswith(f"{tmp_path / 'best.pt'}: not certified.") and 1 <= len(mistakes) <= SHOWN
    assert all(mistake.startswith(("  a cell (UP ", "  the goal (UP ")) for mistake in mistakes)


def test_a_model_of_another_kind_is_refused(paths, tmp_path, command):
    fit(prepare({**RUN, **paths, "epochs": 1, "mixing": "conv", "checkpoint_dir": tmp_path}))
    status, out, (sentence,) = command(certify, tmp_path / "best.pt")
    assert (status, out) == (2, []) and "--mixing cross" in sentence


def test_the_report_says_what_was_proved_and_what_was_not():
    proved = Certificate(states={3: UP}, situations=4000, closed=True, margin=1.25)
    assert report(proved).startswith("certified. 1 states, 4,000 situations") and "1.2 logits" in report(proved)
    assert "not certified" in report(Certificate(closed=True, margin=1e-5, situations=9))
    assert "too many" in report(Certificate(closed=False, margin=1.0))
    wrong = report(Certificate(mistakes=[MISTAKE] * 9, margin=1.0))
    assert wrong.count(str(MISTAKE)) == SHOWN
    assert str(MISTAKE) == (
        "a cell (UP outside the grid, DOWN a wall, LEFT waiting, RIGHT decided in state 7) decides for UP"
    )
