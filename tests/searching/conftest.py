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


class Server:
    """A database in an empty folder, which can be stopped and started again at the same address."""

    def __init__(self, programs: Path, folder: Path):
        self.programs, self.folder, self.as_user = programs, folder, {}
        (folder / "password").write_text("secret of the tests")
        if os.geteuid() == 0:
            self.as_user = {"user": NOBODY, "group": NOBODY}
            for path in (folder, folder / "password"):
                os.chown(path, NOBODY, NOBODY)
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]
        self.address = f"postgresql://course:secret%20of%20the%20tests@127.0.0.1:{self.port}/postgres"
        password = f"--pwfile={folder / 'password'}"
        self._run("initdb", "-U", "course", "-A", "scram-sha-256", password)
        self.start()

    def start(self) -> None:
        options = f"-c listen_addresses=127.0.0.1 -p {self.port} -k {self.folder} -c fsync=off"
        self._run("pg_ctl", "-l", self.folder / "log", "-w", "-o", options, "start")

    def stop(self) -> None:
        """Stop at once, as if the machine lost its power."""
        self._run("pg_ctl", "-m", "immediate", "-w", "stop")

    def _run(self, program: str, *words: str | Path) -> None:
        command = [self.programs / program, "-D", self.folder / "data", *words]
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL, cwd=self.folder, timeout=120, **self.as_user)


@pytest.fixture(scope="session")
def server() -> Iterator[Server]:
    """A new database. A test that stops it starts it again."""
    programs = find_postgres()
    if programs is None:
        missing("no PostgreSQL is installed to search with; on Debian and Ubuntu, run: apt install postgresql")
    # Not in pytest's folder, which another pytest may close to everybody else.
    with tempfile.TemporaryDirectory(prefix="postgres-", ignore_cleanup_errors=True) as folder:
        server = Server(programs, Path(folder))
        try:
            yield server
        finally:
            server.stop()


@pytest.fixture
def postgres(server: Server) -> str:
    """The address of a database, with a password in it."""
    return server.address
