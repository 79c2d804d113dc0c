"""The situations a client can be in, from the vendors' references and the bugs users report of gateways.

One module for each kind; `docs/matrix.md` lists them all.
"""

from __future__ import annotations

from cases import endings, errors, identity, media, output, reasoning, sampling, talk, tools
from neutral import Situation

MODULES = (talk, media, tools, output, reasoning, sampling, identity, endings, errors)
SITUATIONS: dict[str, Situation] = {it.name: it for module in MODULES for it in module.SITUATIONS}
