"""The tables of the wave, in Markdown, from what has been measured."""

import statistics
from typing import Any

from benchmarks.markdown import table

from .held_out import LOOPS, MAP, SIDES, SUITES


def report(results: dict[str, Any]) -> str:
    """All tables, each under a sentence that says what it shows."""
    seeds, ablations = results["seeds"], results["ablations"]
    machines = sorted({result["machine"] for result in seeds.values()})
    parts = [
        f"{len(seeds)} seeds, each in a process of one thread, on a machine that did other work as well. "
        f"{'; '.join(machines)}. No seed that was run is left out. "
        "`python -m benchmarks.studies.wave seeds 0 1` repeats two of them.",
        "The trained networks and their certificates. *Wrong cells* are those of the 64 x 64 and the perfect "
        "29 x 29 mazes of the next table before any repair; *wrong cells after* are those of all held-out mazes.",
        seeds_table(seeds),
        "The certified networks on held-out mazes. *Exact* is the share of mazes with an optimal action in every "
        "cell that can reach the goal.",
        suites_table(seeds),
        "Share of exact mazes by size and by the share of removable walls that are opened, 20 mazes in each field, "
        "in the worst seed; the goal is anywhere.",
        heat_map(seeds),
    ]
    if ablations:
        parts += ["One part changed at a time, without repair.", ablations_table(ablations)]
    return "\n\n".join(parts)


def seeds_table(seeds: dict[str, Any]) -> str:
    """One row a seed: the training, its certificate, its repair, and the certificate after it."""
    rows = []
    for seed, result in sorted(seeds.items(), key=lambda item: int(item[0].split("/")[1])):
        repaired = result["repaired"]
        rows.append(
            [
                seed.split("/")[1],
                f"{result['parameters']}",
                f"{result['seconds']:.0f}",
                _outcome(result["certificate"]),
                f"{sum(suite['wrong_cells'] for suite in result['suites'].values()):,}",
                f"{repaired['rounds']}, {repaired['seconds']:.0f} s",
                _outcome(repaired["certificate"]),
                f"{repaired['certificate']['states']}",
                f"{repaired['certificate']['situations']:,}",
                f"{repaired['certificate']['margin']:.2f}",
                f"{sum(suite['wrong_cells'] for suite in repaired['suites'].values()):,}",
            ]
        )
    heads = [
        "seed",
        "parameters",
        "training, CPU s",
        "certificate",
        "wrong cells",
        "rounds of repair",
        "certificate after",
    ]
    return "\n".join(table([*heads, "states", "situations", "margin", "wrong cells after"], rows))


def _outcome(certificate: dict[str, Any]) -> str:
    return "holds" if certificate["holds"] else "mistakes" if certificate["mistakes"] else "open"


def suites_table(seeds: dict[str, Any]) -> str:
    """One row a suite: over all seeds, cells that are wrong, and mazes that are exact, in the worst seed too."""
    rows = []
    for name in ["every maze of 4 x 4", *(suite.name for suite in SUITES)]:
        found = [result["repaired"]["suites"][name] for result in seeds.values()]
        if found:
            exact = [1 - suite["wrong_mazes"] / suite["mazes"] for suite in found]
            cells = sum(suite["cells"] for suite in found)
            wrong = sum(suite["wrong_cells"] for suite in found)
            rows.append([name, f"{found[0]['mazes']:,}", f"{len(found)}", f"{wrong:,} of {cells:,}", *_shares(exact)])
    return "\n".join(table(["mazes", "number", "seeds", "wrong cells", "exact, mean", "exact, worst seed"], rows))


def heat_map(seeds: dict[str, Any]) -> str:
    """Share of exact mazes, in the worst seed, for each size and share of opened walls."""
    rows = []
    for side in SIDES:
        row = [f"{side} x {side}"]
        for share in LOOPS:
            name = next(suite.name for suite in MAP if suite.name == f"{side} x {side}, {share:.0%} opened")
            found = [result["repaired"]["suites"][name] for result in seeds.values()]
            row.append(f"{min((1 - suite['wrong_mazes'] / suite['mazes'] for suite in found), default=0):.0%}")
        rows.append(row)
    return "\n".join(table(["size", *(f"{share:.0%} opened" for share in LOOPS)], rows))


def ablations_table(ablations: dict[str, Any]) -> str:
    """One row a variant: parameters, seconds, certificates, and exact mazes of two kinds, over its seeds."""
    names = list(dict.fromkeys(key.split("/")[0] for key in ablations))
    rows = []
    for name in names:
        found = [result for key, result in ablations.items() if key.split("/")[0] == name]
        certified = [result["certificate"]["holds"] for result in found if result["certificate"]]
        row = [
            name,
            f"{found[0]['parameters']}",
            f"{len(found)}",
            f"{statistics.mean(r['seconds'] for r in found):.0f}",
        ]
        row.append(f"{sum(certified)} of {len(certified)}" if certified else "-")
        for suite in found[0]["suites"]:
            row += _shares([1 - r["suites"][suite]["wrong_mazes"] / r["suites"][suite]["mazes"] for r in found])
        rows.append(row)
    suites = list(next(iter(ablations.values()))["suites"]) if ablations else []
    heads = ["variant", "parameters", "seeds", "CPU s", "certified"]
    for suite in suites:
        heads += [f"{suite}: exact", "worst"]
    return "\n".join(table(heads, rows))


def _shares(shares: list[float]) -> list[str]:
    """The mean and the worst."""
    return [f"{statistics.mean(shares):.2%}", f"{min(shares):.2%}"]
