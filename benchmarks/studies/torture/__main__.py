"""Attacks on everything that a user can reach, and a judge who says what must hold whatever happens.

    python -m benchmarks.studies.torture                           # the whole campaign, into runs/torture/results.jsonl
    python -m benchmarks.studies.torture --only flags --count 100  # a hundred attacks of one group
    python -m benchmarks.studies.torture --again flags-0017        # one attack once more, with all that it printed
    python -m benchmarks.studies.torture --failures                # the failures found so far, by their causes

A campaign that was interrupted goes on where it was, unless the seed or the commit is another one. The attacks are made
in forks of a process that has imported PyTorch, so they need Linux.
"""

import argparse
import json
import sys
from pathlib import Path
from typing import Any

from .campaign import GROUPS, attacks, campaign, carry_out, header, read, sample, staged, warm_up
from .commands import ROOT
from .report import by_cause, page

PAGE = ROOT / "docs" / "reliability.md"
RESULTS = ROOT / "runs" / "torture" / "results.jsonl"


def main() -> None:
    parser = argparse.ArgumentParser(description="Attacks on the commands, the library, the notebooks and the files.")
    parser.add_argument("--seed", type=int, default=0, help="what chance decides by (default: 0)")
    parser.add_argument("--only", metavar="GROUP", action="append", choices=list(GROUPS), help=", ".join(GROUPS))
    parser.add_argument("--count", type=int, help="attacks of each group; left out, all")
    parser.add_argument("--sample", action="store_true", help="the few attacks that the ordinary tests make")
    parser.add_argument("--again", metavar="NAME", action="append", help="attacks to repeat, such as flags-0017")
    parser.add_argument("--failures", action="store_true", help="list the failures in the results by their causes")
    parser.add_argument("--page", action="store_true", help="write docs/reliability.md from the results so far")
    parser.add_argument("--workers", type=int, default=2, help="attacks at the same time (default: 2)")
    parser.add_argument("--results", type=Path, default=RESULTS, help="where the results are kept")
    arguments = parser.parse_args()
    if arguments.failures:
        print(listed(read(arguments.results)[1], arguments.seed))
        return
    if arguments.page:
        PAGE.write_text(page(*read(arguments.results)), encoding="utf-8")
        return
    warm_up()
    arguments.results.parent.mkdir(parents=True, exist_ok=True)
    stage = staged(arguments.results.parent)
    if arguments.again:
        again(arguments.again, arguments.seed, stage)
        return
    groups = arguments.only or GROUPS
    chosen = [one for group in groups for one in attacks(group, arguments.seed, stage, arguments.count)]
    if arguments.sample:
        chosen = sample(arguments.seed, stage)
    prepare(arguments.results, arguments.seed)
    results = campaign(chosen, stage, arguments.results, arguments.workers, show=True)
    if not (arguments.only or arguments.sample or arguments.count):
        PAGE.write_text(page(read(arguments.results)[0], results), encoding="utf-8")
    failed = sum(result["verdict"] == "failed" for result in results)
    print(f"{len(results):,} attacks, {failed:,} failed; {arguments.results}")
    sys.exit(failed > 0)


def prepare(results: Path, seed: int) -> None:
    """Begin a new file of results, unless the one there belongs to the same seed and commit."""
    ours, theirs = header(seed), read(results)[0]
    if any(ours[name] != theirs.get(name) for name in ("seed", "commit")):
        results.parent.mkdir(parents=True, exist_ok=True)
        results.write_text(json.dumps(ours) + "\n", encoding="utf-8")


def again(names: list[str], seed: int, stage: Path) -> None:
    """Repeat attacks, and print everything about them."""
    for name in names:
        (attack,) = (one for one in attacks(name.rsplit("-", 1)[0], seed, stage) if one.name == name)
        result = carry_out(attack, stage)
        print(f"{name}: {result['what']}\n{result['verdict']} in {result['seconds']} s; said: {result['said']}")
        print(*(f"  {complaint}" for complaint in result["complaints"]), *result["err"], sep="\n")


def listed(results: list[dict[str, Any]], seed: int) -> str:
    """The failures, the most frequent cause first, each with up to three attacks that show it."""
    causes = by_cause(results)
    lines = [f"{len(results):,} attacks, {sum(bool(r['complaints']) for r in results):,} failed, {len(causes)} causes"]
    for name, cases in causes.items():
        lines.append(f"\n{len(cases)} x {name}")
        lines += [f"  {result['name']}: {result['what'][:150]} -> {text[:200]}" for result, text in cases[:3]]
    return "\n".join([*lines, f"\nTo repeat one: python -m benchmarks.studies.torture --seed {seed} --again NAME"])


if __name__ == "__main__":
    main()
