"""Print every figure; exit 1 where one is not what it must be."""

from __future__ import annotations

import os
import sys
import tempfile
import time

from verify import bodies, canaries, drip, faults, kills, tokens

FIGURES = (faults, tokens, bodies, kills, canaries, drip)
_SHOWN = 5


def main() -> int:
    """Run what is named on the command line, else everything."""
    chosen = [module for module in FIGURES if not sys.argv[1:] or module.__name__.split(".")[1] in sys.argv[1:]]
    all_hold = bool(chosen)
    with tempfile.TemporaryDirectory(prefix="cds-targets-verify-") as state:
        os.environ["XDG_STATE_HOME"] = state
        for module in chosen:
            started = time.monotonic()
            for figure in module.figures():
                print(figure, *figure.why[:_SHOWN], sep="\n        ", flush=True)
                all_hold &= figure.holds
            print(f"      {module.__doc__} ({time.monotonic() - started:.0f} s)", flush=True)
    return 0 if all_hold else 1


if __name__ == "__main__":
    raise SystemExit(main())
