import os
from pathlib import Path

import pytest


def test_the_text_is_written(exercise, tmp_path):
    for text in ("step 1", "第 2 步"):
        exercise.write_whole(tmp_path / "state.json", text)
        assert (tmp_path / "state.json").read_text("utf-8") == text
    assert [file.name for file in tmp_path.iterdir()] == ["state.json"]


@pytest.mark.parametrize("place", ["fsync", "replace"])
def test_a_failure_leaves_the_old_file_alone(exercise, tmp_path, monkeypatch, place):
    file = tmp_path / "state.json"
    file.write_text("old")

    def fail(*_, **__):
        raise KeyboardInterrupt

    owner = os if place == "fsync" else Path
    with monkeypatch.context() as patch:
        patch.setattr(owner, place, fail)
        with pytest.raises(KeyboardInterrupt):
            exercise.write_whole(file, "new")
    assert file.read_text() == "old"
    assert list(tmp_path.iterdir()) == [file]


def test_the_bytes_are_on_the_disk_before_the_name_changes(exercise, tmp_path, monkeypatch):
    calls, sync, replace = [], os.fsync, Path.replace
    file = tmp_path / "state.json"
    file.write_text("old")

    def noting_sync(number):
        calls.append(("fsync", os.fstat(number).st_size))
        sync(number)

    def noting_replace(path, target):
        calls.append(("replace", Path(target).name))
        return replace(path, target)

    monkeypatch.setattr(os, "fsync", noting_sync)
    monkeypatch.setattr(Path, "replace", noting_replace)
    exercise.write_whole(file, "a longer text")
    assert calls[:2] == [("fsync", 13), ("replace", "state.json")]


def test_a_minute_of_saving_every_hour_with_a_failure_a_day(exercise):
    share = exercise.share_lost(3600, saving=60, failing=24 * 3600)
    assert share == pytest.approx(1 / 60 + 1 / 48)


def test_the_best_interval_is_the_root_of_twice_the_product(exercise):
    saving, failing = 30.0, 11_000.0
    best = (2 * saving * failing) ** 0.5
    least = exercise.share_lost(best, saving=saving, failing=failing)
    for factor in (0.5, 0.9, 1.1, 2.0):
        assert exercise.share_lost(factor * best, saving=saving, failing=failing) > least
