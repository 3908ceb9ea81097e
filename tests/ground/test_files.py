"""Files are whole or not there, and files from elsewhere are read without running them."""

import os
import pickle
import re
import resource
from functools import partial

import pytest
import torch

from trm_nav import UserError
from trm_nav.files import load_tensors, require_writable, tensors, write_atomically, write_together

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
