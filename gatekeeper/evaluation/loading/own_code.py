"""Modules that the user's own code makes: ``package.module:function``, a class, or a module made already.

The code is named by the user, never by a file. Which file defines it and that file's digest go into the
report. What it imports is in no digest, and code that runs can do anything: the digest says what the user
named, not that nothing else took part.
"""

import contextlib
import hashlib
import inspect
import sys
from dataclasses import dataclass, replace
from pathlib import Path
from types import ModuleType

import torch
from torch import nn

from gatekeeper.evaluation.loading.how import Factory
from gatekeeper.evaluation.model import Candidate, candidate_on, describe
from schemas.errors import ModelError
from schemas.records.model import OwnCode
from schemas.text import printable
from trainers.own_code import import_object, running, spec_of


@dataclass(frozen=True, eq=False)
class OwnModule:
    """A module, and the code that made it."""

    module: nn.Module
    code: OwnCode


def own_candidate(spec: str, device: torch.device) -> Candidate:
    """The module of ``package.module:factory`` as a model.

    Raises:
        ModelError: as :func:`make_module`, or the module cannot be prepared.
    """
    own = make_module(spec)
    with running(spec):
        own.module.eval()
        info = replace(describe(spec, "factory", spec, own.module), code=own.code)
        return candidate_on(device, own.module, info)


def make_module(factory: Factory) -> OwnModule:
    """Import and call the user's own code.

    Raises:
        ModelError: it cannot be imported, raises or exits, or makes no module.
    """
    spec = factory if isinstance(factory, str) else spec_of(factory)
    found, home = _found(factory)
    code = _code(spec, found, home)  # before it runs, which may change the file
    with running(spec):
        made = found if isinstance(found, nn.Module) else found() if callable(found) else found
    if not isinstance(made, nn.Module):
        raise ModelError(f"{spec} must be or return a torch.nn.Module; found {type(made).__name__}")
    return OwnModule(made, code)


def code_of(factory: Factory) -> OwnCode:
    """What a report says of the user's own code; it is imported, and not called.

    Raises:
        ModelError: it cannot be imported.
    """
    return _code(factory if isinstance(factory, str) else spec_of(factory), *_found(factory))


def _found(factory: Factory) -> tuple[object, ModuleType | None]:
    if isinstance(factory, str):
        return import_object(factory)
    return factory, sys.modules.get(getattr(factory, "__module__", ""))


def _code(spec: str, found: object, home: ModuleType | None) -> OwnCode:
    """Where an object is defined; of an instance, the file of the module it was found in."""
    is_source = inspect.isfunction(found) or inspect.isclass(found)
    place = data = None
    with contextlib.suppress(TypeError, OSError, ValueError):  # built in, typed at a prompt, or gone
        place = inspect.getsourcefile(inspect.unwrap(found) if is_source else home)  # type: ignore[arg-type]
        data = None if place is None else Path(place).read_bytes()
    if place is None or data is None:
        return OwnCode(spec, None, None)
    return OwnCode(spec, printable(Path(place).name), hashlib.sha256(data).hexdigest())
