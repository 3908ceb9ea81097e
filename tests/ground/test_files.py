"""Files are whole or not there, and files from elsewhere are read without running them."""

import errno
import json
import os
import pickle
import re
import resource
import zipfile
from functools import partial

import pytest
import torch

from trm_nav import UserError
from trm_nav.files import (
    json_with_digest,
    load_json,
    require_writable,
    write_atomically,
    write_together,
)
from trm_nav.tensor_files import load_tensors, tensors

TENSORS = {"some": torch.arange(5000), "plain": [1, "two"]}


def write_bytes(content, file):
    file.write(content)


def test_what_was_written_is_read_again(tmp_path):
    path = tmp_path / "new" / "folders" / "file.pt"
    write_atomically(path, tensors(TENSORS))
    found = load_tensors(path, "thing")
    assert torch.equal(found["some"], TENSORS["some"]) and found["plain"] == TENSORS["plain"]
    assert os.listdir(path.parent) == ["file.pt"]


@pytest.mark.parametrize("mistake", [RuntimeError, KeyboardInterrupt])
def test_a_write_that_fails_half_way_leaves_the_old_file_and_nothing_else(tmp_path, mistake):
    path = tmp_path / "file"
    path.write_bytes(b"old")

    def fail(file):
        file.write(b"half of the new")
        raise mistake

    with pytest.raises(mistake):
        write_atomically(path, fail)
    assert path.read_bytes() == b"old" and os.listdir(tmp_path) == ["file"]


def test_a_full_disk_is_named_and_leaves_the_old_file(tmp_path):
    path = tmp_path / "file"
    path.write_bytes(b"old")
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1000, hard))  # to a writer, a limit is what a full disk is
    try:
        with pytest.raises(UserError, match=f"cannot write {re.escape(str(path))}: File too large; "):
            write_atomically(path, partial(torch.save, TENSORS))
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert path.read_bytes() == b"old" and os.listdir(tmp_path) == ["file"]


def test_of_several_files_none_is_replaced_if_one_cannot_be(tmp_path):
    (tmp_path / "first").write_bytes(b"old")
    (tmp_path / "second").mkdir()
    with pytest.raises(UserError, match="second: it is a folder"):
        write_together({tmp_path / name: partial(write_bytes, b"new") for name in ("first", "second")})
    assert (tmp_path / "first").read_bytes() == b"old" and sorted(os.listdir(tmp_path)) == ["first", "second"]


def test_a_place_that_takes_no_files_is_refused_before_the_work(tmp_path):
    (tmp_path / "file").touch()
    for folder in (tmp_path / "file", tmp_path / "file" / "below"):
        sentence = f"cannot write into {folder}: {tmp_path / 'file'} is a file, not a folder"
        with pytest.raises(UserError, match=re.escape(sentence)):
            require_writable(folder)
        with pytest.raises(UserError, match="cannot write"):
            write_atomically(folder / "name", partial(write_bytes, b"new"))
    require_writable(tmp_path / "not" / "yet")
    assert os.listdir(tmp_path) == ["file"]


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write anywhere")
def test_a_folder_without_permission_is_refused_before_the_work(tmp_path):
    tmp_path.chmod(0o500)
    with pytest.raises(UserError, match=re.escape(f"no permission to write in {tmp_path}")):
        require_writable(tmp_path / "below")


class Bomb:
    def __reduce__(self):
        return os.abort, ()


def test_foreign_and_damaged_files_are_refused_with_a_sentence_and_never_run(tmp_path):
    whole, path = tmp_path / "whole", tmp_path / "other"
    torch.save(TENSORS, whole)
    whole = whole.read_bytes()
    torch.save(Bomb(), tmp_path / "bomb")
    foreign = [b"", b"hello world", b"PK\x03\x04", bytes(1000), pickle.dumps(Bomb()), (tmp_path / "bomb").read_bytes()]
    for content in foreign + [whole[:length] for length in (1000, len(whole) // 2, len(whole) - 20)]:
        path.write_bytes(content)
        with pytest.raises(UserError, match=f"{re.escape(str(path))} is not a thing, or a truncated one: .*; find it"):
            load_tensors(path, "thing", "find it")


def test_a_missing_file_and_a_folder_are_told_apart(tmp_path):
    with pytest.raises(UserError, match=re.escape(f"there is no thing at {tmp_path / 'none'}; ")):
        load_tensors(tmp_path / "none", "thing")
    with pytest.raises(UserError, match=re.escape(f"cannot read the thing {tmp_path}: Is a directory")):
        load_tensors(tmp_path, "thing")


def test_a_json_file_that_was_damaged_or_edited_is_noticed(tmp_path):
    path, content = tmp_path / "file.json", {"run": 32 * "a", "losses": [0.1, 1e-7], "name": "ä", "config": {"b": None}}
    path.write_bytes(json_with_digest(content))
    assert load_json(path, "thing", "find it") == content
    whole = path.read_bytes()
    for bit in range(0, 8 * len(whole), 3):
        damaged = bytearray(whole)
        damaged[bit // 8] ^= 1 << bit % 8
        path.write_bytes(damaged)
        try:
            assert load_json(path, "thing", "find it") == content  # 1e-07 and 1E-07 are the same
        except UserError as refusal:
            assert re.search("file.json is (damaged or was edited: .*; find it|not JSON)", str(refusal))


def test_a_json_file_of_another_program_needs_no_digest(tmp_path):
    path, content = tmp_path / "file.json", {"run": "first", "losses": [1, 2]}
    path.write_text(json.dumps(content))
    assert load_json(path, "thing", "find it") == content


@pytest.mark.parametrize("name", [None, 5, b"name", "a\0b", "\ud800", 2.5], ids=repr)
def test_what_is_no_path_is_refused(name):
    for use in (lambda: load_tensors(name, "thing"), lambda: write_atomically(name, partial(write_bytes, b""))):
        with pytest.raises(UserError, match="is not a path"):
            use()


def test_pipes_and_devices_are_refused_without_waiting_for_them(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    for path in (tmp_path / "pipe", "/dev/null", "/dev/zero", "/dev/full"):
        if os.path.exists(path):
            with pytest.raises(UserError, match="it is not a regular file; find it"):
                load_tensors(path, "thing", "find it")


def test_a_file_that_would_not_fit_into_the_memory_is_refused_by_its_size(tmp_path):
    path = tmp_path / "large.pt"
    with open(path, "wb") as file:
        file.truncate(2**40)  # takes no room on the disk
    with pytest.raises(UserError, match="large.pt would need about 2.2 TB of memory, and .* free; find it"):
        load_tensors(path, "thing", "find it")
    with pytest.raises(UserError, match="large.pt is not a thing: it has 1.1 TB"):
        load_json(path, "thing", "find it")


def test_an_archive_that_is_larger_unpacked_than_packed_is_refused(tmp_path):
    torch.save({"zeros": torch.zeros(10**6)}, tmp_path / "plain.pt")
    with zipfile.ZipFile(tmp_path / "plain.pt") as plain, zipfile.ZipFile(tmp_path / "bomb.pt", "w", 8) as bomb:
        for part in plain.infolist():
            bomb.writestr(part.filename, plain.read(part))
    with pytest.raises(UserError, match="bomb.pt is not a thing"):
        load_tensors(tmp_path / "bomb.pt", "thing")


@pytest.mark.parametrize("failing", ["fsync", "replace", "unlink"])
def test_a_disk_that_becomes_read_only_is_named(tmp_path, monkeypatch, failing):
    (tmp_path / "file").write_bytes(b"old")

    def refuse(*_, **__):
        raise OSError(errno.EROFS, os.strerror(errno.EROFS))

    for name in {failing, "unlink", "replace"}:
        monkeypatch.setattr(os, name, refuse)
    with pytest.raises(UserError, match="cannot write .*file: Read-only file system; "):
        write_atomically(tmp_path / "file", partial(write_bytes, b"new"))
    assert (tmp_path / "file").read_bytes() == b"old"


@pytest.mark.parametrize("older", [(), ("first", "second"), ("second",)])
def test_where_the_last_of_several_files_cannot_have_its_name_the_others_are_as_they_were(tmp_path, monkeypatch, older):
    for name in older:
        (tmp_path / name).write_bytes(b"old")
    replace = os.replace

    def fail_at_the_second(source, target):
        if str(target).endswith("second") and str(source).endswith(f"second.{os.getpid()}.tmp"):
            raise OSError(errno.EIO, os.strerror(errno.EIO))
        replace(source, target)

    monkeypatch.setattr(os, "replace", fail_at_the_second)
    with pytest.raises(UserError, match="cannot write"):
        write_together({tmp_path / name: partial(write_bytes, b"new") for name in ("first", "second")})
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == dict.fromkeys(older, b"old")
