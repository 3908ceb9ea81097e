"""A real PostgreSQL, started for the tests that ask for it."""

import os
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from installed import missing

NOBODY = 65534  # PostgreSQL does not run as root


def find_postgres() -> Path | None:
    """The folder of PostgreSQL's programs: on the PATH, or where Debian puts them."""
    if found := shutil.which("initdb"):
        return Path(found).parent
    return max(Path("/usr/lib/postgresql").glob("*/bin"), default=None)


@pytest.fixture(scope="session")
def postgres() -> Iterator[str]:
    """The address of a new database, with a password in it."""
    programs = find_postgres()
    if programs is None:
        missing("no PostgreSQL is installed to search with; on Debian and Ubuntu, run: apt install postgresql")
    # Not in pytest's folder, which another pytest may close to everybody else.
    with tempfile.TemporaryDirectory(prefix="postgres-", ignore_cleanup_errors=True) as folder:
        yield from serve(programs, Path(folder))


def serve(programs: Path, folder: Path) -> Iterator[str]:
    """Serve a new database from an empty folder. Yields its address."""
    (folder / "password").write_text("secret of the tests")
    as_user = {}
    if os.geteuid() == 0:
        as_user = {"user": NOBODY, "group": NOBODY}
        for path in (folder, folder / "password"):
            os.chown(path, NOBODY, NOBODY)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    data, options = folder / "data", f"-c listen_addresses=127.0.0.1 -p {port} -k {folder} -c fsync=off"

    def run(*command: str | Path) -> None:
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL, cwd=folder, timeout=120, **as_user)

    run(programs / "initdb", "-D", data, "-U", "course", "-A", "scram-sha-256", f"--pwfile={folder / 'password'}")
    run(programs / "pg_ctl", "-D", data, "-l", folder / "log", "-w", "-o", options, "start")
    try:
        yield f"postgresql://course:secret%20of%20the%20tests@127.0.0.1:{port}/postgres"
    finally:
        run(programs / "pg_ctl", "-D", data, "-m", "immediate", "-w", "stop")
