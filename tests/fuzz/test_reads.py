"""Random reads of files leave the pages resident that they leave on real kernels."""

from __future__ import annotations

import pytest

from mmtwin.scenario import golden
from tests.fuzz import reads
from tests.scenario.real_kernels import GOLDEN

FOLDER = GOLDEN / "reads"
WANTED, VOLUME = 0.95, 0.02  # of the sequences; of what is read, either way
IN_FEW = 3  # scenarios, for engines that are slow


def score_of(kernel: str, engine: str | None, scenarios: int) -> reads.Score:
    total = reads.Score()
    for record in golden.read(FOLDER / f"{kernel}.jsonl.gz")[:scenarios]:
        reads.compare(reads.run_recorded(FOLDER, record, engine), record, total)
    return total


@pytest.mark.parametrize("kernel", ["6.1", "6.12"])
def test_random_reads_leave_what_they_leave_on_a_real_kernel(kernel: str, engine: str) -> None:
    total = score_of(kernel, engine, 25 if engine == "compiled" else IN_FEW)
    assert total.unanswered == 0
    assert total.identical >= WANTED * total.sequences, "\n".join([str(total), *total.different])
    assert abs(total.ours_kb - total.theirs_kb) <= VOLUME * total.theirs_kb


def test_a_seed_gives_the_scenario_whose_answers_are_kept() -> None:
    for number in (1, 25):
        kept = (FOLDER / f"{reads.NAME.format(number)}.mms").read_text()
        assert reads.scenario(number) == kept


def test_what_differs_is_counted_and_told() -> None:
    (record, *_) = golden.read(FOLDER / "6.12.jsonl.gz")
    changed = {**record, "ops": [list(op) for op in record["ops"]]}
    op = next(op for op in changed["ops"] if op[2].startswith("mincore"))
    op[3] = "0 runs +1"
    total = reads.Score()
    reads.compare(changed, record, total)
    assert (total.identical, total.sequences) == (19, 20)
    assert total.ours_kb == total.theirs_kb > 0
    assert "0 runs +1 here" in total.different[0]
