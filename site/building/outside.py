"""Whether the links to other sites lead somewhere: what Sphinx's `linkcheck` has found, in sentences."""

import json
import re
from pathlib import Path

FOUND = "output.json"
ANSWERED = ("working", "redirected")
FAILED = ("broken", "timeout")
NO_ANSWER = re.compile(r"Pool\(|timed out|[Cc]onnection|resolve")  # what requests says where nobody answers


def unanswered(folder: Path) -> list[str]:
    """A sentence for each link to another site that leads nowhere; one for all if no site answers at all."""
    lines = (folder / FOUND).read_text(encoding="utf-8").splitlines()
    asked = [link for link in map(json.loads, lines) if link["status"] in (*ANSWERED, *FAILED)]
    failed = [link for link in asked if link["status"] in FAILED]
    silent = [link for link in failed if link["status"] == "timeout" or NO_ANSWER.search(link["info"])]
    if silent and len(silent) == len(asked):
        return ["no other site answers: --linkcheck needs a network"]
    return [
        f"{link['filename']} links to {link['uri']}, which "
        + ("does not answer" if link in silent else f"answers: {link['info']}")
        for link in failed
    ]
