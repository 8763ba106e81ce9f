"""An address is no path: it is told with the command that copies what it names."""

import pytest

from schemas.addresses import is_address, refuse_address
from schemas.errors import UsageError

READ = " is an address, and only this machine is read; download it first"
WRITTEN = " is an address, and only this machine is written to; name a path, and upload it"


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("s3://bucket/bank.npz", ": aws s3 cp s3://bucket/bank.npz ."),
        ("s3://bucket/data", ": aws s3 cp --recursive s3://bucket/data ."),
        ("S3://bucket/a folder/", ": aws s3 cp --recursive 'S3://bucket/a folder/' ."),
        ("gs://bucket/t.jsonl", ": gcloud storage cp gs://bucket/t.jsonl ."),
        ("hf://datasets/who/what", ": hf download who/what --repo-type dataset --local-dir ."),
        (
            "hf://datasets/who/what@main/a/b.npz",
            ": hf download who/what a/b.npz --repo-type dataset --local-dir .",
        ),
        ("hf://who/model/m.pt", ": hf download who/model m.pt --local-dir ."),
        ("hf://nonsense", ""),
        ("https://host/m.pt?x=1&y=2", ": curl -LO 'https://host/m.pt?x=1&y=2'"),
        ("hdfs://host/bank.npz", ": hdfs dfs -get hdfs://host/bank.npz"),
        ("abfs://container@account/bank.npz", ""),
    ],
)
def test_what_is_read_is_to_be_downloaded(text: str, told: str) -> None:
    assert is_address(text)
    with pytest.raises(UsageError) as error:
        refuse_address(text)
    assert str(error.value) == f"{text}{READ}{told}"


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("s3://bucket/run", ": aws s3 cp --recursive PATH s3://bucket/run"),
        ("gs://bucket/r.json", ": gcloud storage cp PATH gs://bucket/r.json"),
        ("hf://datasets/who/what", ": hf upload who/what PATH --repo-type dataset"),
        ("hf://who/model", ": hf upload who/model PATH"),
        ("https://host/r.json", ""),
        ("hdfs://host/run", ""),
    ],
)
def test_what_is_written_is_to_be_uploaded(text: str, told: str) -> None:
    with pytest.raises(UsageError) as error:
        refuse_address(text, output=True)
    assert str(error.value) == f"{text}{WRITTEN}{told}"


@pytest.mark.parametrize("output", [False, True])
def test_an_address_of_this_machine_is_a_path_with_something_before_it(output: bool) -> None:
    with pytest.raises(UsageError, match=r"name the path alone: /a/b\.npz"):
        refuse_address("file:///a/b.npz", output=output)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "bank.npz",
        "/a/b",
        "bundled:books",
        "control:ridge",
        "module:Class",
        "mlflow:a@b",
        "a/x://b",
        "1://x",
    ],
)
def test_everything_else_is_left_to_others(text: str) -> None:
    assert not is_address(text)
    refuse_address(text)
    refuse_address(text, output=True)
