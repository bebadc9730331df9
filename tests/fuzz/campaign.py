"""Many sequences, one after another, and what came of them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field

from tests.fuzz.compare import Difference, shrink
from tests.fuzz.generate import Abilities, Generator
from tests.fuzz.ops import Op

Run = Callable[[Sequence[Op]], Difference | None]


@dataclass
class Tally:
    """Sequences by outcome. A host whose task dies has not answered: it is asked once more."""

    agreed: int = 0  # of these,
    again: int = 0  # so many at the second time of asking only
    unanswered: int = 0  # died twice
    deaths: list[str] = field(default_factory=list)  # what the host said of each
    found: list[tuple[int, list[Op], Difference]] = field(default_factory=list)  # shrunk, by seed

    @property
    def tried(self) -> int:
        return self.agreed + self.unanswered + len(self.found)

    @property
    def complete(self) -> bool:
        """Every sequence was answered, and the twin agreed."""
        return self.agreed == self.tried

    def __str__(self) -> str:
        text = f"{self.agreed} of {self.tried} sequences agree"
        if self.again:
            text += f", {self.again} of them when asked again, for a task of this host had died"
        if self.unanswered:
            text += f"; {self.unanswered} without an answer: tasks of this host died twice"
        return text


def campaign(
    run: Run, seeds: Sequence[int], nr_ops: int, abilities: Abilities, tally: Tally
) -> Iterator[tuple[int, list[Op], Difference]]:
    """Run a sequence for each seed, add it to the tally, and yield disagreements, shrunk."""
    for seed in seeds:
        ops = Generator(seed, abilities).sequence(nr_ops)
        difference = run(ops)
        died = False
        if difference is not None and difference.what == "death":
            died = True
            tally.deaths.append(f"seed {seed}, command {difference.index}: {difference.kernel}")
            difference = run(ops)
        if difference is None:
            tally.agreed += 1
            tally.again += died
        elif difference.what == "death":
            tally.unanswered += 1
        else:
            found = (seed, *shrink(ops, difference, run))
            tally.found.append(found)
            yield found
