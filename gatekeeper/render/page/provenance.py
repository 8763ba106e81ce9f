"""Everything a report depends on, as labelled groups."""

from gatekeeper.render.page.figures import Table
from schemas.reading.report import content_sha256
from schemas.records.answers import Answers
from schemas.records.report import Report


def provenance(report: Report) -> tuple[Table, ...]:
    """Model, data, measurement, environment and the report itself, with their digests."""
    return (_model(report), _data(report), _measurement(report), _environment(report), _document(report))


def _model(report: Report) -> Table:
    model = report.inputs.model
    trained = model.training
    rows = [
        ("model", model.spec),
        ("kind", model.kind),
        ("architecture", model.architecture),
        ("SHA-256", model.sha256 or "none: it is no file"),
        ("fingerprint", model.fingerprint),
    ]
    if model.parameters:
        rows.append(("parameters", f"{model.parameters:,}"))
    if model.state_key is not None:
        rows.append(("weights under", model.state_key))
    if model.code is not None:
        told = "it is in no file that could be read" if model.code.sha256 is None else model.code.sha256
        rows += [
            ("code that was run", f"{model.code.spec}, from {model.code.file or 'no file'}"),
            ("SHA-256 of that file", told),
        ]
    if trained is not None:
        rows += [
            ("trained by", trained.trainer),
            ("kept epoch", "the recipe has no epochs" if trained.epoch is None else str(trained.epoch)),
            ("chosen by", trained.rule or "nothing to choose from"),
            ("chosen on", trained.chosen_on or "the checkpoint does not say"),
        ]
    return _table("Model", rows)


def _most(count: int | None) -> str:
    return "all" if count is None else f"at most {count}"


def _data(report: Report) -> Table:
    bank = report.inputs.bank
    rows = [
        ("bank", f"{bank.source}: {bank.rows} chunks of width {bank.dimension} in {bank.articles} articles"),
        ("bank SHA-256", bank.sha256),
    ]
    if bank.parents:
        rows.append((f"version {len(bank.parents) + 1}, grown from SHA-256", bank.parents[-1]))
    for name, split in report.inputs.splits.items():
        rows += [
            (name, f"{split.sampled} of {split.windows} windows in {split.articles} articles"),
            (f"{name} windows SHA-256", split.sha256),
            (f"{name} sample SHA-256", split.sample_sha256),
        ]
    if report.inputs.train_sha256 is not None:
        rows.append(("train windows SHA-256", report.inputs.train_sha256))
    return _table("Data", rows)


def _measurement(report: Report) -> Table:
    settings, policy = report.settings, report.policy
    low, high = settings.bin_edges
    rows = [
        ("policy", f"{policy.name}: {policy.description}"),
        ("policy file", report.inputs.policy_source),
        ("policy SHA-256", report.inputs.policy_sha256),
        ("configuration file", report.inputs.config or "none"),
        ("decides on", f"{policy.decide}, at least {policy.min_gates_passed} gates"),
        ("context", f"{settings.context} chunks"),
        ("horizon", f"{settings.horizon} (from {settings.horizon_source})"),
        ("seed", str(settings.seed)),
        ("windows a split", _most(settings.max_samples)),
        ("windows an article", _most(settings.max_per_article)),
        ("confidence", f"{settings.confidence:g}, clustered by article"),
        ("bin edges", f"{low:g}, {high:g}"),
        ("bank search", settings.retrieval),
        ("ridge control", settings.ridge),
        ("batches", f"{settings.batch_size} windows at most, {settings.order}"),
        *(_answers(name, answers) for name, answers in report.evidence.answers.items()),
        ("version of the gates", str(settings.gates_version)),
    ]
    return _table("Measurement", rows)


def _answers(split: str, answers: Answers) -> tuple[str, str]:
    """How the model answered on a split, and the chords between repeated answers."""
    return (
        f"answers on {split}",
        f"as precise as {answers.coarsest}; they differ by {answers.again:.1e} when asked again, "
        f"{answers.neighbours:.1e} beside neighbours, {answers.alone:.1e} alone",
    )


def _environment(report: Report) -> Table:
    found = report.environment
    rows = [
        ("gatekeeper", found.tool_version),
        ("gatekeeper SHA-256", found.tool_sha256),
        ("Python", found.python),
        ("platform", found.platform),
        ("device", f"{found.device}, {found.threads} threads"),
        ("packages", ", ".join(f"{name} {version}" for name, version in sorted(found.packages.items()))),
    ]
    if found.git_revision is not None:
        rows.append(("git revision", found.git_revision))
    return _table("Environment", rows)


def _document(report: Report) -> Table:
    scores = report.scores
    rows = [
        ("made", report.created),
        ("format", f"report {report.schema_version}"),
        ("content SHA-256", content_sha256(report)),
    ]
    if scores is not None:
        rows += [("scores of each sample", scores.name), ("scores SHA-256", scores.sha256)]
    return _table("Report", rows)


def _table(caption: str, rows: list[tuple[str, str]]) -> Table:
    return Table(caption, (), tuple(rows))
