"""The certification command: proves that a trained wave is right on every maze of every size, or says where it is not.

python -m trm_nav.certify checkpoints/best.pt
python -m trm_nav.certify checkpoints/best.pt --repair    # train on the mistakes, and write checkpoints/certified.pt
"""

import sys
from pathlib import Path
from typing import TYPE_CHECKING

from trm_nav import cli
from trm_nav.files import require_writable

if TYPE_CHECKING:
    from trm_nav.proof.certificate import Certificate

PROG = "python -m trm_nav.certify"
SHOWN = 5  # mistakes


def main() -> None:
    parser = cli.Parser(
        "Prove, by cases, that a model with mixing cross, halting and binary is right on every maze of every size.",
        PROG,
    )
    parser.add_argument("checkpoint", nargs="?", default="checkpoints/best.pt", help="checkpoint of the model")
    parser.add_argument(
        "--repair",
        action="store_true",
        help="train on the situations in which it is wrong until there are none, and write certified.pt beside it",
    )
    arguments = parser.parse_args()

    from trm_nav.learning import checkpoint  # here, so that --help answers at once
    from trm_nav.proof.certificate import certify
    from trm_nav.proof.repair import repair

    path, model = arguments.checkpoint, checkpoint.load_model(arguments.checkpoint)
    certificate = certify(model)
    print(f"{path}: {report(certificate)}", flush=True)
    if arguments.repair and not certificate.holds:
        repaired = Path(path).with_name("certified.pt")
        require_writable(repaired.parent)
        certificate = repair(model, on_round=lambda found: print(f"  {progress(found)}", flush=True))
        if certificate.holds:
            # Epoch, settings and validation results are those of the checkpoint that this one was made from.
            kept = checkpoint.load(path).model_dump()
            checkpoint.save({**kept, "model_state_dict": model.state_dict()}, repaired)
        print(f"{repaired if certificate.holds else path}: {report(certificate)}")
    if not certificate.holds:
        sys.exit(1)


def progress(certificate: "Certificate") -> str:
    """The outcome in a few words, for one round of a repair."""
    wrong = f"{len(certificate.mistakes)} kinds of mistakes" if certificate.mistakes else "no mistake"
    return f"{len(certificate.states)} states, {certificate.situations:,} situations, {wrong}"


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
