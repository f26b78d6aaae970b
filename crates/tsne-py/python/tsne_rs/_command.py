"""The command ``tsne``, as an entry point."""

from __future__ import annotations

import sys

from ._tsne_rs import command


def main() -> int:
    """Runs the command of this process's arguments and returns its exit code."""
    return command(["tsne", *sys.argv[1:]])


if __name__ == "__main__":
    sys.exit(main())
