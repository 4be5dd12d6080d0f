"""The demo's time by stage and its peak memory.

Runs ``yunqiao demo --check`` in a process of its own, so that memory is the program's and not this script's. The last
line is one JSON object: households, persons, seconds by stage, their sum, each stage's share, peak memory.

    python benchmarks/bench_demo.py [--quick]
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import time


def main() -> None:
    """Run the demo and print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="2,000 households instead of 20,000")
    parser.add_argument("--scenario", default="plenty")
    arguments = parser.parse_args()
    households = 2_000 if arguments.quick else 20_000
    began = time.perf_counter()
    done = subprocess.run(
        [
            sys.executable,
            "-m",
            "app.cli",
            "demo",
            "--check",
            "--households",
            str(households),
            "--scenario",
            arguments.scenario,
        ],
        stdout=subprocess.PIPE,
        text=True,
        check=True,
    )
    wall_s = time.perf_counter() - began
    report = json.loads(done.stdout.splitlines()[-1])
    total = sum(report["seconds"].values())
    for stage, seconds in report["seconds"].items():
        print(f"{stage:<28} {seconds:8.2f} s  {seconds / total:6.1%}")
    print(f"{'process from start to end':<28} {wall_s:8.2f} s")
    print(f"{'peak memory':<28} {report['peak_rss_mb']:8.0f} MB")
    print(
        json.dumps(
            {
                "households": report["households"],
                "persons": report["persons"],
                "seconds": report["seconds"],
                "wall_s": round(wall_s, 2),
                "share": {stage: round(seconds / total, 4) for stage, seconds in report["seconds"].items()},
                "peak_rss_mb": report["peak_rss_mb"],
            }
        )
    )


if __name__ == "__main__":
    main()
