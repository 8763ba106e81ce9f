"""What a run is made of, and what it leaves on the disk."""

from pathlib import Path

import pytest

from schemas.errors import UsageError
from tests.trainers.fitting import GRADIENT, MakeJob, fit


@pytest.mark.parametrize("name", GRADIENT)
def test_a_size_the_architecture_lacks_is_refused(name: str, make_job: MakeJob) -> None:
    with pytest.raises(UsageError, match=r"architecture 'gru' has no size 'heads'; its sizes: layers, width"):
        fit(make_job(horizon=2), name, architecture="gru")


def test_the_run_folder_holds_nothing_else(make_job: MakeJob) -> None:
    job = make_job(horizon=2)
    fit(job, "p6b")
    names = sorted(
        str(path.relative_to(job.folder)) for path in Path(job.folder).rglob("*") if path.is_file()
    )
    assert names == [
        "best_model.pt",
        "checkpoints/manifest.json",
        "checkpoints/state000001.pt",
        "checkpoints/state000002.pt",
        "training_history.json",
    ]
