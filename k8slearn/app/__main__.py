"""``python -m app web``: a program on a real machine."""

from __future__ import annotations

import asyncio
import sys

from .programs import run
from .real import RealHost

sys.exit(asyncio.run(run(RealHost(), sys.argv[1:])))
