"""Graphs of which everything is up to date."""

import os
import subprocess

HERE = os.path.dirname(os.path.abspath(__file__))


def prepare(stackmake, count, place):
    """For stackmake, which has built it, and for ninja and make, which find their files."""
    subprocess.run([os.path.join(HERE, "../generate-graph"), str(count), place], check=True)
    subprocess.run([stackmake, "-C", place, "-s", "-j", "64"], check=True, stdin=subprocess.DEVNULL)
    subprocess.run(["ninja", "-C", place, "--quiet"], check=True)
    # What was written a moment ago proves nothing yet.
    for _ in range(50):
        if os.path.exists(os.path.join(place, ".stackmake/fresh")):
            return
        subprocess.run([stackmake, "-C", place, "-n"], check=True, stdout=subprocess.DEVNULL)
    raise SystemExit("stackmake leaves no proof that everything is up to date")
