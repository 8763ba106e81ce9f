"""A release whose report is of version 1, as an earlier gatekeeper left it."""

import hashlib
import json
import os
from pathlib import Path

import pytest

from gatekeeper.deployment.releases import history
from gatekeeper.deployment.verify import Demands
from schemas.errors import ReportError
from schemas.reading.production import read_production
from schemas.records.production import Production
from tests.gatekeeper.deployment.folders import Offers, back
from tests.gatekeeper.deployment.served import ANY, deploy, put, served
from tests.gatekeeper.deployment.submissions import NOW, RELATIVE, make_report, report_bytes

pytestmark = pytest.mark.usefixtures("quick")


def version_1(data: bytes) -> bytes:
    """The report as version 1 wrote it: without the facts that version 2 added."""
    report = json.loads(data)
    report["schema_version"] = "1.0"
    report["settings"]["gates_version"] = 1
    for key in ("train_sha256", "policy_source", "config"):
        del report["inputs"][key]
    return json.dumps(report).encode()


@pytest.fixture
def older(offers: Offers, target: Path) -> Production:
    """Release 1, served; its report is of version 1."""
    release = put(offers("older", cosine=0.5), target)
    place = target / "releases" / "000001"
    stored = (target / "reports" / release.report_sha256 / "report.json").read_bytes()
    data = version_1(stored)
    digest = hashlib.sha256(data).hexdigest()
    (target / "reports" / release.report_sha256).rename(target / "reports" / digest)
    (target / "reports" / digest / "report.json").write_bytes(data)
    (place / "report.json").unlink()
    os.symlink(f"../../reports/{digest}/report.json", place / "report.json")
    record = place / "PRODUCTION.json"
    record.write_text(record.read_text().replace(release.report_sha256, digest))
    found = read_production(record)
    assert served(target) == found
    return found


def test_it_is_replaced_and_comes_back(offers: Offers, target: Path, older: Production) -> None:
    put(offers("newer", cosine=0.6), target)
    assert [each.release for each in history(target)] == [2, 1]
    restored = back(target)
    assert (restored.restores, restored.model, restored.report_sha256) == (
        1,
        older.model,
        older.report_sha256,
    )


@pytest.mark.usefixtures("older")
def test_it_is_no_champion_until_its_model_is_evaluated_again(offers: Offers, target: Path) -> None:
    demands = Demands(policy=RELATIVE)
    newer = offers("newer", cosine=0.6)
    with pytest.raises(ReportError) as caught:
        deploy(newer.model, newer.submission, demands, target, now=NOW)
    message = str(caught.value)
    assert message.startswith("the champion's report: report ")
    assert message.endswith(
        "expected schema_version 2.x, found '1.0'; older versions measured less; evaluate it again; evaluate "
        "the model in production and name its new report with --champion"
    )
    again = offers("older", cosine=0.5)
    again.report.write_bytes(report_bytes(make_report(again.digest, cosine=0.55)))
    done = deploy(newer.model, newer.submission, demands, target, champion=again.submission, now=NOW)
    assert done.production is not None
    assert done.production.release == 2
    assert back(target).restores == 1


def test_it_is_not_deployed_anew(offers: Offers, target: Path) -> None:
    offer = offers("older")
    offer.report.write_bytes(version_1(offer.report.read_bytes()))
    with pytest.raises(ReportError, match=r"found '1\.0'; older versions measured less; evaluate it again"):
        deploy(offer.model, offer.submission, ANY, target, now=NOW)
