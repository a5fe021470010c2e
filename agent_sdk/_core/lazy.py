"""Lazy imports of public names, which keep `import agent_sdk` fast."""
from __future__ import annotations

import importlib
import sys
from collections.abc import Callable, Mapping, Sequence
from typing import Any

Unknown = Callable[[str], AttributeError]


def attach(
    package: str,
    public: Sequence[str],
    modules: Mapping[str, Sequence[str]],
    rest: Sequence[str] = (),
    unknown: Unknown | None = None,
) -> tuple[Callable[[str], Any], Callable[[], list[str]]]:
    """
    Return `__getattr__` and `__dir__` for a package with lazy imports.

    Args:
        package: The package's `__name__`.
        public: Its `__all__`.
        modules: Names by module, relative to the package; `""` lists subpackages.
        rest: Modules to search, in order, for public names that *modules* does not list.
        unknown: Returns the error for a name that is not public.
    """
    homes = {name: module for module, names in modules.items() for name in names}

    def load(name: str) -> Any:
        home = homes.get(name)
        if home == "":
            return importlib.import_module(f".{name}", package)
        for module in rest if home is None else (home,):
            found = getattr(importlib.import_module(f".{module}", package), name, None)
            if found is not None:
                return found
        raise AttributeError(f"module {package!r} has no attribute {name!r}", name=name)

    def __getattr__(name: str) -> Any:
        if name not in public and name not in homes:
            text = f"module {package!r} has no attribute {name!r}"
            raise AttributeError(text, name=name) if unknown is None else unknown(name)
        found = vars(sys.modules[package])[name] = load(name)
        return found

    return __getattr__, lambda: sorted(public)
