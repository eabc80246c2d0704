"""`make verify` says no where a figure is not what it must be."""

from __future__ import annotations

from collections.abc import Iterator
from types import SimpleNamespace

import pytest
from verify import __main__ as command
from verify.figure import Figure, control


@pytest.mark.parametrize(
    ("found", "most", "holds"), [(0, 0, True), (1, 0, False), (1.05, 1.07, True), (1.08, 1.07, False), (9, None, True)]
)
def test_a_figure_holds_up_to_what_it_may_be(found: float, most: float | None, holds: bool) -> None:
    figure = Figure("rows lost", found, "10", most)
    assert figure.holds is holds
    assert str(figure).startswith("ok" if holds else "FAIL")


@pytest.mark.parametrize(("found", "code"), [(0, 0), (1, 1)])
def test_one_figure_that_does_not_hold_is_an_exit_of_1(
    found: int, code: int, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def figures() -> Iterator[Figure]:
        yield Figure("good", 0, "5")
        yield Figure("lost", found, "5", why=("row 3",) * found)

    monkeypatch.setattr(command, "FIGURES", (SimpleNamespace(figures=figures, __name__="verify.kills"),))
    monkeypatch.setattr("sys.argv", ["verify"])
    assert command.main() == code
    assert ("row 3" in capsys.readouterr().out) is bool(found)


def test_an_unknown_figure_is_no_success(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.argv", ["verify", "nothing"])
    assert command.main() == 1


def test_a_figure_without_its_control_is_none() -> None:
    with pytest.raises(SystemExit, match="no figure"):
        control(False, "a good token was refused")
    control(True, "never said")
