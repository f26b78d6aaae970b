"""The small .h5ad files of this folder, as anndata writes them: python make.py (anndata 0.12, h5py, scipy, pandas)."""

import gzip
import os
import warnings

import anndata
import numpy as np
import pandas as pd
import scipy.sparse as sp

warnings.filterwarnings("ignore")

N, D = 24, 6


def table():
    # The values are such that every test can compute them again: row i, column c is (7 i + 3 c) mod 11, half of them zero.
    i, c = np.meshgrid(np.arange(N), np.arange(D), indexing="ij")
    values = ((7 * i + 3 * c) % 11).astype(np.float32)
    values[(i + c) % 2 == 0] = 0
    return values


def file(x):
    obs = pd.DataFrame(index=[f"cell{i}" for i in range(N)])
    kinds = np.array(["b", "a", "NA"], dtype=object)[np.arange(N) % 3]
    codes = pd.Categorical(kinds, categories=["b", "a", "NA"])
    codes[1] = None
    obs["kind"] = codes
    obs["word"] = [f"w{i % 4}" for i in range(N)]
    obs["score"] = np.arange(N) * 0.5
    obs["count"] = np.arange(N) % 5
    obs["flag"] = np.arange(N) % 2 == 0
    obs["maybe"] = pd.array([None if i % 4 == 0 else i % 3 for i in range(N)], dtype="Int64")
    var = pd.DataFrame(index=[f"gene{c}" for c in range(D)])
    data = anndata.AnnData(x, obs=obs, var=var)
    data.layers["half"] = table() / 2
    data.obsm["X_pca"] = table()[:, :3].astype(np.float64)
    data.obsm["sparse"] = sp.csr_matrix(table()[:, 1:4])
    data.raw = anndata.AnnData(table() * 2, obs=obs, var=var)
    # A ring: three neighbors of each, by their distance along it.
    rows, columns, values = [], [], []
    for i in range(N):
        for step in (1, -1, 2):
            rows.append(i)
            columns.append((i + step) % N)
            values.append(abs(step) + 0.25 * (step < 0))
    data.obsp["distances"] = sp.csr_matrix((values, (rows, columns)), (N, N))
    data.uns["neighbors"] = {"distances_key": "distances", "connectivities_key": "connectivities", "params": {}}
    return data


def write(name, x, **options):
    # HDF5 is mostly holes where files are small: packed, they take a twentieth.
    file(x).write(f"{name}.h5ad", **options)
    with open(f"{name}.h5ad", "rb") as plain, open(f"{name}.h5ad.gz", "wb") as packed:
        packed.write(gzip.compress(plain.read(), 9, mtime=0))
    os.remove(f"{name}.h5ad")


if __name__ == "__main__":
    write("dense", table())
    write("gzip", table(), compression="gzip")
    write("lzf", table(), compression="lzf")
    write("csr", sp.csr_matrix(table()), compression="gzip")
    write("csc", sp.csc_matrix(table()), compression="gzip")
