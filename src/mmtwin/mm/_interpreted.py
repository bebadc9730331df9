"""The engine's namespace when it runs as plain Python: the same classes as in `_engine`.

Which files make up the engine is said once, in `_engine.pyx`.
"""

import importlib
import re
from pathlib import Path

_INCLUDED = re.findall(
    r'^include "(\w+)\.py"', Path(__file__).with_name("_engine.pyx").read_text(), re.MULTILINE
)
for _name in _INCLUDED:
    _module = importlib.import_module(f"mmtwin.mm.{_name}")
    for _class, _value in vars(_module).items():
        if isinstance(_value, type) and _value.__module__ == _module.__name__:
            globals()[_class] = _value
