"""What an objective keeps that is only ever softened."""

from trainers.recipes.softened import Softened


def test_each_rollback_halves_the_push_and_a_saved_run_remembers_it() -> None:
    run = Softened()
    assert run.softness == 1.0
    run.soften()
    run.soften()
    assert run.softness == 0.25
    continued = Softened()
    continued.load(run.state())
    assert continued.softness == 0.25
    assert Softened().softness == 1.0  # the others are as they were


def test_it_listens_to_no_gate() -> None:
    run = Softened()
    run.end_epoch(-1.0, -1.0)
    assert run.admissible(-1.0)
    assert run.state() == Softened().state()
