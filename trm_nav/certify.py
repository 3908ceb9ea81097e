"""The certification command: proves that a trained wave is right on every maze of every size, or says where it is not.

python -m trm_nav.certify checkpoints/best.pt
"""

import sys
from typing import TYPE_CHECKING

from trm_nav import cli

if TYPE_CHECKING:
    from trm_nav.navigation.certificate import Certificate

PROG = "python -m trm_nav.certify"
SHOWN = 5  # mistakes


def main() -> None:
    parser = cli.Parser(
        "Prove, by cases, that a model with mixing cross, halting and binary is right on every maze of every size.",
        PROG,
    )
    parser.add_argument("checkpoint", nargs="?", default="checkpoints/best.pt", help="checkpoint of the model")
    path = parser.parse_args().checkpoint

    from trm_nav.learning.checkpoint import load_model  # here, so that --help answers at once
    from trm_nav.navigation.certificate import certify

    certificate = certify(load_model(path))
    print(f"{path}: {report(certificate)}")
    if not certificate.holds:
        sys.exit(1)


def report(certificate: "Certificate") -> str:
    """The outcome in words, with the situations in which the model is wrong."""
    counts = f"{len(certificate.states)} states, {certificate.situations:,} situations"
    if certificate.holds:
        return (
            f"certified. {counts}: in each, the model does what a shortest path asks for, with a lead of at least "
            f"{certificate.margin:.2g} logits. It is right on every maze of every size"
        )
    if certificate.mistakes:
        wrong = "".join(f"\n  {mistake}" for mistake in certificate.mistakes[:SHOWN])
        return f"not certified. {counts}; the model is wrong in:{wrong}"
    if not certificate.closed:
        return f"not certified. More than {counts} arise: too many to examine"
    return f"not certified. {counts}; a lead of {certificate.margin:.1g} logits is too small to hold on every processor"


if __name__ == "__main__":
    cli.run(main, PROG)
