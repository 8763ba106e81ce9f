"""What other tools call our flags: told where somebody gives one that a command does not have."""

from collections.abc import Iterable, Mapping
from types import MappingProxyType

import click

_GROUPS: tuple[tuple[tuple[str, ...], str], ...] = (
    (("--lr",), "learning-rate learningrate base-lr"),
    (("--batch-size",), "batch bs batchsize minibatch mini-batch-size per-device-train-batch-size"),
    (("--epochs",), "epoch n-epochs num-epochs max-epochs nb-epochs num-train-epochs"),
    (
        ("--out", "--to", "--output", "--report"),
        "output output-dir output-path outdir out-dir outfile save save-dir save-to run-dir dest destination",
    ),
    (("--bank", "--report"), "data dataset data-dir data-path input input-file vectors embeddings source"),
    (("--model", "MODEL"), "model model-path checkpoint ckpt weights"),
    (("--device cuda",), "gpu gpus cuda use-cuda use-gpu"),
    (("--device cpu",), "cpu no-cuda use-cpu"),
    (("--device mps",), "mps"),
    (("--precision bf16", "--precision bfloat16"), "bf16 bfloat16"),
    (("--precision float16", "--dtype float16"), "fp16 half float16"),
    (("--layers",), "num-layers n-layers n-layer depth"),
    (("--heads",), "num-heads n-heads n-head nhead"),
    (("--width", "--dimension"), "d-model dim embed-dim model-dim n-embd"),
    (("--hidden",), "hidden-dim hidden-size ffn-dim"),
    (("--weight-decay",), "wd l2"),
    (("--clip",), "grad-clip gradient-clip gradient-clip-val max-grad-norm clip-norm clip-grad"),
    (("--accumulate",), "accumulation-steps gradient-accumulation-steps grad-accum accumulate-grad-batches"),
    (("--seed",), "random-seed random-state rng-seed"),
    (("--seeds",), "num-seeds n-seeds runs repeats"),
    (("--patience",), "early-stopping early-stopping-patience"),
    (("--architecture",), "arch network model-type"),
    (("--resume",), "resume-from resume-from-checkpoint continue"),
    (("--policy",), "threshold thresholds rules gates"),
    (("--train", "--split"), "train-split train-set train-articles"),
    (("--val", "--split"), "val-split validation valid dev val-articles"),
    (("--ood", "--split"), "test test-split test-set ood-split ood-articles"),
    (("--split",), "splits train val ood"),
    (("--context",), "context-length context-size window window-size seq-len sequence-length history-length"),
    (("--horizon",), "lookahead look-ahead steps-ahead lag"),
    (("--max-samples", "--max-windows"), "limit num-samples n-samples samples"),
    (("--overwrite",), "force yes exist-ok replace"),
    (("--format json",), "json"),
    (("--format markdown",), "markdown"),
    (("--html",), "page web"),
    (("--full",), "verbose details all-rows"),
    (("--quiet",), "silent no-progress"),
    (("--sign-key", "--key"), "private-key signing-key key sign"),
    (("--trusted-key",), "public-key verify-key trust"),
    (("--envelope",), "signature"),
    (("--champion",), "baseline previous"),
    (("--encoder",), "embedder embedding-model model-name sentence-transformer model-name-or-path"),
    (("--licence",), "license"),
    (("--note",), "notes comment description"),
    (("--tensorboard",), "logdir log-dir"),
    (("--report",), "report-file result"),
)
"""What we call it, the first that a command has, and what others do."""

OTHER_NAMES: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        f"--{name}": tuple(
            dict.fromkeys(ours for known, names in _GROUPS if name in names.split() for ours in known)
        )
        for name in dict.fromkeys(name for _, names in _GROUPS for name in names.split())
    }
)
"""A flag of other tools -> ours, by preference; a flag with a value, or the name of an argument."""


def our_name(given: str, parameters: Iterable[click.Parameter]) -> str | None:
    """What a command calls a flag that it does not have; None where nobody knows.

    Args:
        given: the flag.
        parameters: of the command.
    """
    spelt = given.lower().replace("_", "-")
    known = list(parameters)
    candidates = (spelt, *OTHER_NAMES.get(spelt, ()))
    return next((name for name in candidates if any(_is(each, name) for each in known)), None)


def _is(parameter: click.Parameter, name: str) -> bool:
    """Whether a parameter goes by the name, and takes the value after it."""
    if isinstance(parameter, click.Argument):
        return name == "MODEL" and parameter.name in ("model", "models")
    flag, _, value = name.partition(" ")
    if flag not in (*parameter.opts, *parameter.secondary_opts):
        return False
    return not (value and isinstance(parameter.type, click.Choice)) or value in parameter.type.choices
