"""Where a study is kept: a file in its folder, or what many machines can reach.

| address | for |
|---|---|
| none | SQLite in the study's folder: any number of processes on one machine |
| postgresql://user@host/name, mysql://... | any number of machines |
| journal:PATH | a file on a disk that all machines share |
| grpc://host:port | Optuna's proxy in front of one of the databases |

A password may be in the address. It is never part of a message; give it in the environment, or in PostgreSQL's own
password file, to keep it out of the list of processes as well.
"""

import logging
import re
import warnings
import weakref
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit

import optuna
from optuna.exceptions import ExperimentalWarning, StorageInternalError
from optuna.storages import BaseStorage, GrpcStorageProxy, JournalStorage, RDBStorage
from optuna.storages.journal import JournalFileBackend
from sqlalchemy.exc import SQLAlchemyError

from trm_nav.errors import UserError

CONNECT = 5  # seconds to wait for an answer
PORTS = {"postgresql": 5432, "mysql": 3306, "grpc": 13000}
DRIVERS = {"postgresql": "psycopg", "mysql": "pymysql"}  # where the address names no other
DATABASE = "study.db"

optuna.logging.set_verbosity(optuna.logging.ERROR)
# Ctrl-C may hit a worker that waits for the database. That its connection is then thrown away is no news.
logging.getLogger("sqlalchemy.pool").setLevel(logging.CRITICAL)


class Unreachable(UserError):
    """The storage does not answer, or refuses what it is asked."""


def connect(address: str | None, folder: Path) -> BaseStorage:
    """The storage of a study in a folder. Raises UserError with one sentence, without a password, if there is none."""
    kind = "sqlite" if address is None else re.split(r"[:+]", address)[0]
    if kind not in ("sqlite", "journal", *PORTS):
        raise UserError(
            "`storage` must begin with postgresql://, mysql://, sqlite:///, journal: or grpc://, and name where the "
            "study is kept"
        )
    if kind in PORTS:
        place(address or "")
    with one_sentence(address):
        if kind == "journal":
            assert address is not None
            path = Path(address.removeprefix("journal:").removeprefix("//"))
            path.parent.mkdir(parents=True, exist_ok=True)
            return JournalStorage(JournalFileBackend(str(path)))
        if kind == "grpc":
            return _proxy(address or "")
        if address is None:
            folder.mkdir(parents=True, exist_ok=True)
            address = f"sqlite:///{folder / DATABASE}"
        address = re.sub(
            r"^(\w+):", lambda kind: f"{kind[1]}+{DRIVERS[kind[1]]}:" if kind[1] in DRIVERS else kind[0], address
        )
        wait = {"timeout": 60} if kind == "sqlite" else {"connect_timeout": CONNECT}
        storage = RDBStorage(address, engine_kwargs={"connect_args": wait, "pool_pre_ping": True})
        weakref.finalize(storage, storage.engine.dispose)  # which closes its connections
        return storage


def _proxy(address: str) -> BaseStorage:
    host, port = place(address)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ExperimentalWarning)
        proxy = GrpcStorageProxy(host=host, port=port)
    proxy.wait_server_ready(timeout=CONNECT)
    return proxy


def place(address: str) -> tuple[str, int]:
    """Host and port of an address. Raises UserError if it is none."""
    try:
        parts = urlsplit(address)
        return parts.hostname or "localhost", parts.port or PORTS.get(re.split(r"[:+]", address)[0], 0)
    except ValueError:  # no port number, or brackets that do not match
        raise UserError("`storage` is no address; write it as in postgresql://user@host:5432/name") from None


@contextmanager
def one_sentence(address: str | None) -> Iterator[None]:
    """Turn whatever a storage complains of into one UserError, which quotes nothing: there may be a password in it."""
    try:
        yield
    except UserError:
        raise
    except ImportError:
        needed = DRIVERS.get(re.split(r"[:+]", address or "")[0], "grpcio protobuf")
        raise UserError(f"this `storage` needs a package more: pip install {needed}") from None
    except Exception as error:
        of_grpc = type(error).__module__.startswith("grpc")
        if isinstance(error, SQLAlchemyError | StorageInternalError | ConnectionError) or of_grpc:
            raise unreachable(address) from None
        if isinstance(error, OSError):
            where = f" {error.filename}" if error.filename else ""
            raise UserError(f"cannot read or write{where}: {error.strerror}; name another folder") from None
        raise


def unreachable(address: str | None) -> Unreachable:
    """What is said of a storage that cannot be used: where it is, and nothing else of its address."""
    if address is None or address.startswith("sqlite"):
        return Unreachable("the study's database cannot be read or written; name another folder, or free some space")
    host, port = place(address)
    return Unreachable(
        f"the storage at {host}:{port} does not answer, or refuses this user or database; check that it runs, "
        "and the address; the same command then goes on"
    )
