"""Draws a comparison: `plots.py OUT < RUNS`, with one JSON object per line, runs of one data set together and in order.

Writes OUT/time-against-n.svg and, for each data set, OUT/kl-against-time-NAME.svg. Markers are judged values; lines are
what a peer says of itself on the way.
"""

import json
import pathlib
import sys

import matplotlib

matplotlib.use("svg")

from matplotlib import pyplot as plt

# Columns up to which data sets share the plot of time against the number of points: more take longer to search.
COLUMNS = 100
# KL divergences up to this multiple of the best one are shown; what is beyond says only that it is beyond.
WORST = 1.4
# Colors that stay apart for most color-blind people (Okabe and Ito 2008), then some more.
COLORS = "#d55e00 #0072b2 #009e73 #000000 #e69f00 #cc79a7 #56b4e9 #7a5195 #8c6d31 #7f7f7f #b3b300 #e7298a".split()
MARKERS = "osv^D<>"


def styles(runs):
    """The color and marker of each peer: the same in every plot."""
    peers = dict.fromkeys(run["peer"] for run in runs)
    return {
        peer: {"color": COLORS[i % len(COLORS)], "marker": MARKERS[i % len(MARKERS)]} for i, peer in enumerate(peers)
    }


def finish(axes, title, x, y, path):
    axes.set(title=title, xlabel=x, ylabel=y, xscale="log")
    axes.grid(color="#e4e4e4")
    axes.legend(loc="center left", bbox_to_anchor=(1.02, 0.5), frameon=False)
    axes.figure.savefig(path, bbox_inches="tight")
    plt.close(axes.figure)
    print("drawn:", path)


def time_against_n(runs, style, out):
    runs = [run for run in runs if run["d"] <= COLUMNS]
    if not runs:
        return
    axes = plt.figure(figsize=(9, 5.5)).add_subplot(yscale="log")
    for peer in dict.fromkeys(run["peer"] for run in runs):
        points = sorted((run["n"], run["total_s"]) for run in runs if run["peer"] == peer)
        axes.plot(*zip(*points), label=peer, **style[peer])
    title = "Time against the number of points"
    finish(axes, title, "points", "time from points to map (s)", out / "time-against-n.svg")


def kl_against_time(name, runs, style, out):
    runs = [run for run in runs if run["data"] == name and "kl" in run]
    if not runs:
        return
    axes = plt.figure(figsize=(9, 5.5)).add_subplot()
    shown = WORST * min(run["kl"] for run in runs)
    values = []
    for run in runs:
        judged = (run["total_s"], run["kl"])
        course = [(seconds, kl) for _, seconds, kl in run.get("curve") or []]
        label = f"{run['peer']} ({run['kl']:.3f})"
        # The last point is the judged one, and the only one with a marker.
        points = [*course, judged]
        axes.plot(*zip(*points), label=label, markevery=[len(points) - 1], **style[run["peer"]])
        values += [kl for _, kl in points if kl <= shown]
    room = 0.05 * (max(values) - min(values)) or 0.01
    axes.set_ylim(min(values) - room, max(values) + room)
    title = f"KL divergence against time: {name}, {runs[0]['n']} points"
    finish(axes, title, "time (s)", "KL divergence", out / f"kl-against-time-{name}.svg")


def main():
    out = pathlib.Path(sys.argv[1])
    runs = [json.loads(line) for line in sys.stdin]
    runs = [run for run in runs if run["task"] == "embed" and run.get("total_s", 0) > 0]
    style = styles(runs)
    time_against_n(runs, style, out)
    for name in dict.fromkeys(run["data"] for run in runs):
        kl_against_time(name, runs, style, out)


main()
