"""Grading against its floors, over the whole guide's questions."""

from pathlib import Path

import pytest

from eval.gate import broken, figures_of
from eval.suite import run


def test_every_figure_of_the_grading_holds_its_floor(guide_index: Path) -> None:
    result = run("gate-grading", guide_index)
    failures = broken(result)
    assert not failures, "\n".join(failures)
    assert set(figures_of(result)) == {"grading"}


@pytest.mark.parametrize("held", [True, False])
def test_a_floor_that_is_not_held_is_named(tmp_path: Path, held: bool) -> None:
    floors = tmp_path / "floors.toml"
    floors.write_text('[answers]\n"point coverage" = 0.9\n"false refusals" = 0.1\n')
    figures = {"point coverage": 0.9 if held else 0.5, "false refusals": 0.1 if held else 0.2}
    lines = broken({"answers": {"figures": {"all": figures}}}, floors)
    names = [] if held else ["answers: point coverage", "answers: false refusals"]
    assert [line.split(" is ")[0] for line in lines] == names
