"""Annotated data, with scanpy itself."""

import numpy as np
import pytest
import tsne_rs

sc = pytest.importorskip("scanpy")
from tsne_rs.scanpy import tsne  # noqa: E402


@pytest.fixture(scope="module")
def cells():
    """The 700 blood cells that scanpy ships, with components and neighbors."""
    adata = sc.datasets.pbmc68k_reduced()
    sc.pp.neighbors(adata, n_neighbors=31, use_rep="X_pca")
    return adata


def test_the_map_is_where_scanpy_looks_for_it(cells):
    adata = cells.copy()
    assert tsne(adata, random_state=1) is None
    assert adata.obsm["X_tsne"].shape == (700, 2) and type(adata.obsm["X_tsne"]) is np.ndarray
    assert adata.uns["tsne"]["params"]["use_rep"] == "X_pca"
    expected = tsne_rs.TSNE(random_state=1, preset="recommended").fit(adata.obsm["X_pca"])
    assert np.array_equal(adata.obsm["X_tsne"], expected)
    axes = sc.pl.tsne(adata, color="bulk_labels", show=False)
    assert axes.get_xlabel() == "tSNE1"


def test_the_graph_of_neighbors_is_used(cells):
    adata = cells.copy()
    tsne(adata, neighbors_key="neighbors", key_added="X_graph", random_state=1)
    assert adata.uns["X_graph"]["params"]["neighbors_key"] == "neighbors"
    assert adata.uns["X_graph"]["params"]["perplexity"] == 10
    map_ = adata.obsm["X_graph"]
    agreement = tsne_rs.metrics.label_agreement(map_, adata.obs["bulk_labels"])
    tsne(adata, perplexity=10, random_state=1)
    assert agreement > tsne_rs.metrics.label_agreement(adata.obsm["X_tsne"], adata.obs["bulk_labels"]) - 0.03
    # Through a file and back.
    copied = tsne(cells, n_pcs=10, copy=True, n_iter=20)
    assert "X_tsne" in copied.obsm and "tsne" in copied.uns and copied is not cells


def test_it_goes_through_a_file(cells, tmp_path):
    adata = tsne(cells, copy=True, n_iter=20)
    adata.write_h5ad(tmp_path / "cells.h5ad")
    again = sc.read_h5ad(tmp_path / "cells.h5ad")
    assert np.array_equal(again.obsm["X_tsne"], adata.obsm["X_tsne"])
    assert again.uns["tsne"]["params"]["preset"] == "recommended"


def test_what_is_not_there(cells):
    with pytest.raises(ValueError, match="use_rep"):
        tsne(cells, use_rep="X_scvi")
    with pytest.raises(ValueError, match="neighbors_key"):
        tsne(cells, neighbors_key="nothing")
    with pytest.raises(ValueError, match="n_pcs"):
        tsne(cells, n_pcs=1000)
    with pytest.raises(ValueError, match="n_pcs"):
        tsne(cells, use_rep="X", n_pcs=10)
