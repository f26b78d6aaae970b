"""The method, its maps and its optimizer, by the names that openTSNE has for them."""

from ._embedding import TSNEEmbedding
from ._estimator import TSNE
from ._load import load
from ._objective import kl_divergence_auto, kl_divergence_bh, kl_divergence_exact, kl_divergence_fft
from ._optimizer import OptimizationInterrupt, gradient_descent
from ._partial import PartialTSNEEmbedding

__all__ = [
    "OptimizationInterrupt",
    "PartialTSNEEmbedding",
    "TSNE",
    "TSNEEmbedding",
    "gradient_descent",
    "kl_divergence_auto",
    "kl_divergence_bh",
    "kl_divergence_exact",
    "kl_divergence_fft",
    "load",
]
