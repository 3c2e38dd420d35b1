"""What the fan-out measured, as Markdown and as a plot."""

import glob
import json
import os
import statistics
import sys

sys.path.append(os.path.join(os.path.dirname(os.path.abspath(__file__)), "../local"))
import plot

CASES = {"fresh": "`true`, fresh connections", "open": "`true`, open connections", "changed": "64 KiB, changed",
         "unchanged": "64 KiB, unchanged"}


def read(place, pattern):
    found = []
    for path in glob.glob(os.path.join(place, pattern)):
        with open(path) as file:
            found.append(json.load(file))
    return sorted(found, key=lambda one: one["machines"])


def told(values):
    return " / ".join(f"{value:.2f}" for value in (min(values), statistics.median(values), max(values)))


def shares(own, theirs, index):
    # A row may be cut short by the clock: what couldn't be told apart from nothing has no ratio.
    return [a[index] / b[index] for a, b in zip(own, theirs) if b[index] > 0] or [float("nan")]


def table(one):
    print(f"### {one['machines']} machines\n")
    print("| action | peer | wall | client CPU | rounds |\n| --- | --- | --- | --- | --- |")
    for case, label in CASES.items():
        results = one["cases"].get(case, {})
        for name, theirs in results.items():
            if name == "stackmake":
                continue
            own = results["stackmake"]
            print(f"| {label} | {name} | {told(shares(own, theirs, 0))} | {told(shares(own, theirs, 1))} | {len(theirs)} |")
    print("\nMedians, as they were, for the order of things only: wall seconds, and milliseconds of the client's CPU a machine.\n")
    names = list(one["cases"]["fresh"])
    print("| | " + " | ".join(names) + " |\n| --- |" + " --- |" * len(names))
    for case, label in CASES.items():
        cells = []
        for name in names:
            pairs = one["cases"].get(case, {}).get(name)
            cells.append("—" if not pairs else
                         f"{statistics.median(p[0] for p in pairs):.2f} s, "
                         f"{statistics.median(p[1] for p in pairs) / one['machines'] * 1000:.1f} ms")
        print(f"| {label} | " + " | ".join(cells) + " |")
    print(f"\n{one['versions']}\n")


def write(place, picture):
    """All that is in `place`."""
    print("## One action on many machines\n")
    print("`make bench PARTS=fanout`: [how](fanout/README.md). What stackmake takes as a share of what they take, min / median / max\n"
          "of the paired rounds; below 1 it is ahead.\n")
    sizes = read(place, "fanout-*.json")
    for one in sizes:
        table(one)
    if picture and len(sizes) > 1:
        # One run of stackmake on the fewest machines is the unit.
        unit = statistics.median(pair[0] for pair in sizes[0]["cases"]["fresh"]["stackmake"])
        lines = {}
        for one in sizes:
            for name, pairs in one["cases"]["fresh"].items():
                lines.setdefault(name, []).append((one["machines"], statistics.median(p[0] for p in pairs) / unit))
        plot.write(picture, "`true` on fresh connections", "machines", "time (stackmake, fewest machines: 1)", lines)
        print(f"![Time against machines]({os.path.basename(picture)})\n")
    for one in read(place, "first-*.json"):
        print(f"### First action, {one['machines']} servers\n")
        print("From the start of the program, after one line of a file has changed that all of them are given, with a look at\n"
              "what stands: to the first file in place, and to the first command after it; seconds, min / median / max.\n")
        print(f"| file | command |\n| --- | --- |\n| {told(one['puts'])} | {told(one['commands'])} |\n\n{one['versions']}\n")
    for one in read(place, "sessions.json"):
        print("### Sessions\n")
        print(f"{one['machines']} sessions held, each of which says a line a second, for {one['seconds']:.0f} seconds: "
              f"{one['megabytes']:.0f} MB resident at most, {one['cores']:.2f} of a core.\n\n{one['versions']}\n")
    for one in read(place, "ciphers.json"):
        print(f"### Ciphers\n\nA file of {one['size'] >> 20} MiB to one machine whose sshd knows one cipher; client CPU, which "
              "hashes and encrypts.\n")
        names = list(one["found"])
        first, second = (one["found"][name] for name in names)
        print(f"{names[0]} as a share of {names[1]}: wall {told(shares(first, second, 0))}, client CPU "
              f"{told(shares(first, second, 1))}.\n\n{one['versions']}\n")
