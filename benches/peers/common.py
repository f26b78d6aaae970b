"""What the runners share: their command line, their clock, and the one line of JSON they print.

Every runner is called as `runner.py DATA.npy MAP.npy --perplexity 30 --early 250 --late 500 --threads 2 --seed 42`, writes
the map as float32 and prints one JSON object:

    version                        of the peer
    total_s                        from points in memory to the map; what was compiled or imported before does not count
    neighbors_s, affinities_s, initialization_s, optimization_s
                                   its stages, those that the peer lets one tell apart
    ms_early, ms_late, ms_mean     milliseconds per iteration of the phases
    curve                          [iteration, seconds since the start, KL divergence as the peer estimates it] ...
    kl_reported                    the last of these
"""

import argparse
import importlib.metadata
import json
import time


def arguments(description, *positional, **flags):
    """The parsed command line; call it before numpy is needed, so that `--help` is quick."""
    parser = argparse.ArgumentParser(description=description)
    for name in positional or ("data", "map"):
        parser.add_argument(name)
    parser.add_argument("--perplexity", type=float, default=30)
    parser.add_argument("--early", type=int, default=250, help="iterations with exaggeration")
    parser.add_argument("--late", type=int, default=500, help="iterations without")
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--seed", type=int, default=42)
    for name, help in flags.items():
        parser.add_argument("--" + name, action="store_true", help=help)
    return parser.parse_args()


class Stages:
    """Adds up the seconds of the functions it is put around."""

    def __init__(self):
        self.seconds = {}
        self.active = True

    def around(self, owner, name, stage):
        """Replaces the function `owner.name` by one that also counts its time as that of `stage`."""
        inner = getattr(owner, name)

        def timed(*args, **kwargs):
            start = time.perf_counter()
            try:
                return inner(*args, **kwargs)
            finally:
                if self.active:
                    self.seconds[stage] = self.seconds.get(stage, 0.0) + time.perf_counter() - start

        setattr(owner, name, timed)


def finish(package, path, positions, **record):
    """Writes the map and prints the line, with the version of `package`; what is None was not measured."""
    import numpy as np

    np.save(path, np.ascontiguousarray(positions, dtype=np.float32))
    record["version"] = importlib.metadata.version(package)
    print(json.dumps({name: value for name, value in record.items() if value is not None}))
