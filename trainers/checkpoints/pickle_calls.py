"""What the pickle of a checkpoint may call, and with what: dense tensors, plain values, numpy's scalars."""

import re
from collections.abc import Sequence
from typing import NoReturn

from schemas.errors import ModelError

_WIDTHS = {
    "Double": 8,
    "Float": 4,
    "Half": 2,
    "BFloat16": 2,
    "Long": 8,
    "Int": 4,
    "Short": 2,
    "Char": 1,
    "Byte": 1,
    "Bool": 1,
    "ComplexDouble": 16,
    "ComplexFloat": 8,
}

STORAGES = {
    **{f"torch.{name}Storage": width for name, width in _WIDTHS.items()},
    "torch.storage.UntypedStorage": 1,
}
"""Kinds of storage, and the bytes of one of their numbers."""

_TENSORS = {
    "torch._utils._rebuild_tensor": (4, 4),
    "torch._utils._rebuild_tensor_v2": (6, 7),
    "torch._utils._rebuild_tensor_v3": (7, 8),
}
"""What makes a dense tensor of a storage, and how many arguments it takes."""

_PARAMETER = "torch._utils._rebuild_parameter"

_ATTRIBUTES = ("torch._utils._rebuild_parameter_with_state", "torch._tensor._rebuild_from_type_v2")
"""What makes a tensor with attributes, which could hide its methods."""

_NOT_DENSE = {
    "torch._utils._rebuild_sparse_tensor": "a sparse tensor",
    "torch._utils._rebuild_qtensor": "a quantised tensor",
    "torch._utils._rebuild_nested_tensor": "a nested tensor",
    "torch._utils._rebuild_meta_tensor_no_storage": "a tensor without data (on meta)",
    "torch._utils._rebuild_wrapper_subclass": "a tensor of a class of its own",
    "torch._utils._rebuild_device_tensor_from_numpy": "a tensor kept as an array",
    "torch._utils._rebuild_device_tensor_from_cpu_tensor": "a tensor of another device",
}

_DTYPES = (
    *("double", "float", "half", "long", "int", "short", "bool", "cfloat", "cdouble"),
    *("float64", "float32", "float16", "bfloat16", "complex64", "complex128"),
    *("int64", "int32", "int16", "int8", "uint8", "uint16", "uint32", "uint64"),
    *("float8_e4m3fn", "float8_e4m3fnuz", "float8_e5m2", "float8_e5m2fnuz", "float8_e8m0fnu"),
)

NUMPY_SCALARS = ("numpy.core.multiarray.scalar", "numpy._core.multiarray.scalar")
_ARRAYS = ("numpy.core.multiarray._reconstruct", "numpy._core.multiarray._reconstruct")

PLAIN_GLOBALS = frozenset(
    {
        *STORAGES,
        *_TENSORS,
        _PARAMETER,
        *_ATTRIBUTES,
        *_NOT_DENSE,
        *(f"torch.{name}" for name in _DTYPES),
        *NUMPY_SCALARS,
        "numpy.dtype",
        "collections.OrderedDict",
        "collections.Counter",
        "torch.nn.parameter.Parameter",
        "torch.Tensor",
        "torch.Size",
        "torch.device",
        "torch.serialization._get_layout",
        "_codecs.encode",
        "builtins.bytearray",
        "builtins.set",
        "builtins.complex",
    }
)
"""Names that a checkpoint may speak of; all others are refused before anything is built."""

_DTYPE_CODE = re.compile(r"[<>|=]?(?:b1|[iu][1248]|f(?:2|4|8|16)|[US]\d{1,5}|[?])")


class Node:
    """The stand-in of a value that is no number, text or None.

    Attributes:
        kind: ``dict``, ``tuple``, ``tensor``, ``global``, ...
        name: of a global, a storage or the code of a dtype.
        items: of a tuple.
        keys: the first names in a dictionary.
        plain: of a tuple or list, whether all its items are cheap to hash.
        depth: levels below it. size: values in it and below, one for each time it is named.
        placed: whether it is part of another value.
    """

    __slots__ = ("depth", "items", "keys", "kind", "name", "placed", "plain", "size")

    def __init__(self, kind: str, name: str = "", items: tuple[object, ...] = ()) -> None:
        self.kind, self.name, self.items = kind, name, items
        self.keys: tuple[str, ...] = ()
        self.plain = True
        self.depth, self.size, self.placed = 0, 1, False


def call(function: str, arguments: Sequence[object], name: str) -> object:
    """The stand-in of what a call makes; a call that no saved value needs is refused.

    Args:
        function: its full name, one of :data:`PLAIN_GLOBALS`.
        arguments: stand-ins.
        name: of the file, for messages.

    Raises:
        ModelError: the call makes no dense tensor or plain value.
        TypeError: no such call was ever saved.
    """
    kinds = [each.kind if isinstance(each, Node) else type(each).__name__ for each in arguments]
    if function in _NOT_DENSE:
        raise ModelError(
            f"{name} holds {_NOT_DENSE[function]}, expected dense tensors of real numbers; "
            "save tensor.to_dense(), or dequantised, as a plain tensor"
        )
    if function in _ATTRIBUTES:
        raise ModelError(f"{name} holds a tensor with attributes of its own; save tensor.detach().clone()")
    if function in _TENSORS:
        least, most = _TENSORS[function]
        if not least <= len(kinds) <= most or kinds[0] != "storage":
            raise TypeError
        return Node("tensor")
    if function == _PARAMETER:
        if len(kinds) != 3 or kinds[0] != "tensor":
            raise TypeError
        return Node("tensor")
    if function in NUMPY_SCALARS:
        if kinds != ["dtype", "bytes"]:
            raise TypeError
        return Node("number") if _is_number(arguments[0]) else Node("text")
    if function == "numpy.dtype":
        if not (kinds and kinds[0] == "str" and _DTYPE_CODE.fullmatch(str(arguments[0]))):
            _refuse_call(name, "numpy.dtype")
        return Node("dtype", str(arguments[0]))
    if function == "_codecs.encode":
        return _encoded(arguments, kinds, name)
    made = _VALUES.get(function)
    if made is None or tuple(kinds) not in made[1]:
        _refuse_call(name, function)
    if function == "builtins.set" and arguments and not _cheap(arguments[0]):
        raise TypeError
    return Node(made[0])


_VALUES = {
    "collections.OrderedDict": ("OrderedDict", ((),)),
    "collections.Counter": ("Counter", ((), ("dict",))),
    "builtins.set": ("set", ((), ("list",))),
    "builtins.bytearray": ("bytes", ((), ("bytes",), ("str", "str"))),
    "builtins.complex": ("number", (("float", "float"), ("int", "int"))),
    "torch.Size": ("tuple", ((), ("tuple",))),
    "torch.device": ("device", (("str",), ("str", "int"))),
    "torch.serialization._get_layout": ("layout", (("str",),)),
}
"""Function -> what it makes, and the kinds of arguments that it is saved with."""


def set_state(target: object, state: object, name: str) -> None:
    """Refuse a state that no saved value has.

    Raises:
        ModelError: the target is no value that is saved with one.
        TypeError: the state has another form.
    """
    if not isinstance(target, Node) or not isinstance(state, Node):
        raise TypeError
    if target.kind == "OrderedDict":
        # The versions of the modules; any other attribute could hide a method of the dictionary.
        if state.kind != "dict" or state.keys != ("_metadata",):
            _refuse_call(name, "an OrderedDict with attributes")
    elif target.kind == "dtype":
        parts = state.items
        # (version, byte order, subdtype, names, fields, itemsize, alignment, flags)
        if state.kind != "tuple" or len(parts) != 8 or any(part is not None for part in parts[2:5]):
            raise TypeError
        if parts[1] not in ("<", ">", "|", "=") or any(type(part) is not int for part in parts[5:]):
            raise TypeError
        code = target.name.lstrip("<>|=")
        size = int(code[1:]) * (4 if code[0] == "U" else 1) if code[0] in "US" else -1
        if parts[5] != size:
            raise TypeError
    else:
        _refuse_call(name, f"a {target.kind} with a state of its own")


def refusal(name: str, found: str) -> str:
    """What is said of a name that a checkpoint may not speak of."""
    what = f"{name} holds {found[:200]}, which could run code; expected only tensors and plain values"
    if found in _ARRAYS:
        return f"{what}. Where it was made, save arrays as tensors: torch.as_tensor(array)"
    return (
        f'{what}. Where it was made, save the weights alone, torch.save(module.state_dict(), "new.pt"), and '
        "evaluate them with --factory module:function, which makes their module"
    )


def _refuse_call(name: str, what: str) -> NoReturn:
    raise ModelError(
        f"{name} holds {what[:200]} in a form that torch.save does not write; "
        "save the model again with a recent torch"
    )


def _encoded(arguments: Sequence[object], kinds: list[str], name: str) -> bytes:
    """Bytes, which the second protocol of pickle saves as text."""
    if kinds != ["str", "str"] or arguments[1] not in ("latin1", "latin-1"):
        _refuse_call(name, "an encoded text")
    return str(arguments[0]).encode("latin-1")


def _is_number(dtype: object) -> bool:
    return isinstance(dtype, Node) and dtype.name.lstrip("<>|=")[:1] not in "US"


def _cheap(value: object) -> bool:
    return isinstance(value, Node) and value.plain
