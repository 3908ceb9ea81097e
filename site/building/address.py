"""Where the project lives, for links to its files and for the services that run its lessons."""

import os
import re
import tomllib
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


def repository() -> str:
    """The address of the repository's pages, or "" where nobody has said it.

    On GitHub, the repository that builds the book: a fork's book then links to the fork. Elsewhere, the declared one.
    """
    on_github = os.environ.get("GITHUB_REPOSITORY")
    if on_github:
        return f"{os.environ.get('GITHUB_SERVER_URL', 'https://github.com')}/{on_github}"
    return declared()


def declared() -> str:
    """`repository-code` of CITATION.cff, or `Repository` among the `urls` of pyproject.toml, or ""."""
    cited = re.search(r"^repository-code:\s*[\"']?(\S+?)[\"']?\s*$", (ROOT / "CITATION.cff").read_text(), re.MULTILINE)
    urls = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"].get("urls", {})
    return (cited[1] if cited else str(urls.get("Repository", ""))).rstrip("/")


def published() -> str:
    """The address of the book, ending in a slash, or "" where nobody has said it: SITE_URL, or GitHub Pages' own."""
    owner, _, name = os.environ.get("GITHUB_REPOSITORY", "").partition("/")
    address = os.environ.get("SITE_URL") or (f"https://{owner.lower()}.github.io/{name}" if name else "")
    return address.rstrip("/") + "/" if address else ""
