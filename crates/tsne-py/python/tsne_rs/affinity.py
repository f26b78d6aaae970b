"""Affinities of points, and of new points to them."""

from ._affinities import Affinities, PrecomputedAffinities
from ._perplexity import Multiscale, MultiscaleMixture, PerplexityBasedNN, joint_probabilities_nn
from ._warn import log
from ._widths import FixedSigmaNN, Uniform

__all__ = [
    "Affinities",
    "FixedSigmaNN",
    "Multiscale",
    "MultiscaleMixture",
    "PerplexityBasedNN",
    "PrecomputedAffinities",
    "Uniform",
    "joint_probabilities_nn",
    "log",
]
