"""Google's own client libraries as judges: of the emulator (part 1), and of what chatauth asks (part 2)."""

from __future__ import annotations

import argparse
import signal
import sys
from pathlib import Path

import questions
import scenario
from stage import Report


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("chatauth", type=Path, help="the binary that is judged")
    chatauth = str(parser.parse_args().chatauth.resolve(strict=True))
    # So that the blocks that end the children are left in order.
    signal.signal(signal.SIGTERM, lambda number, frame: sys.exit(128 + number))
    report = Report()
    scenario.run(chatauth, report)
    questions.run(chatauth, report)
    print(f"judges: {report.passed} passed, {len(report.failures)} failed")
    return 1 if report.failures else 0


if __name__ == "__main__":
    sys.exit(main())
