"""Saved machines under arbitrary damage, and the names that are saved with them."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mmtwin import saved
from mmtwin.errors import SavedMachineError
from mmtwin.machine import Machine
from mmtwin.units import format_size, parse_size

SCALARS = st.integers() | st.text() | st.booleans() | st.none()
NAMES = st.recursive(
    SCALARS,
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.integers() | st.text(max_size=5), inner, max_size=3)
    ),
    max_leaves=8,
)


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> tuple[bytes, Path]:
    """A saved machine's bytes, and a place for damaged ones."""
    directory = tmp_path_factory.mktemp("saved")
    machine = Machine(ram="64M", engine="interpreted")
    machine.save(directory / "m.mmt")
    return (directory / "m.mmt").read_bytes(), directory / "damaged.mmt"


@given(NAMES)
@settings(max_examples=50)
def test_names_survive_json(names: object) -> None:
    assert saved.decode(json.loads(json.dumps(saved.encode(names)))) == names


@given(st.data())
def test_any_damage_is_noticed(whole: tuple[bytes, Path], data: st.DataObject) -> None:
    content, path = whole
    place = data.draw(st.integers(0, len(content) - 1))
    if data.draw(st.booleans()):
        damaged = content[:place]
    else:
        flip = data.draw(st.integers(1, 255))
        damaged = content[:place] + bytes([content[place] ^ flip]) + content[place + 1 :]
    path.write_bytes(damaged)
    with pytest.raises(SavedMachineError) as caught:
        Machine.load(path, engine="interpreted")
    assert str(path) in str(caught.value) and "\n" not in str(caught.value)


@given(st.integers(0, 1 << 60))
def test_sizes_are_read_as_they_are_printed(size: int) -> None:
    assert parse_size(format_size(size)) == size
