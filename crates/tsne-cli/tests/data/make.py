"""The small .h5ad files of this folder, as anndata writes them: python make.py (anndata 0.12, h5py, scipy, pandas)."""

import gzip
import os
import warnings

import anndata
import h5py
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
    file(x).write(f"{name}.h5ad", **options)
    pack(name)


def pack(name):
    # HDF5 is mostly holes where files are small: packed, they take a twentieth.
    with open(f"{name}.h5ad", "rb") as plain, open(f"{name}.h5ad.gz", "wb") as packed:
        packed.write(gzip.compress(plain.read(), 9, mtime=0))
    os.remove(f"{name}.h5ad")


def legacy():
    # As anndata wrote before 0.7, with the types of 10x_pbmc68k_reduced.h5ad of scanpy.
    data, i = file(table()), np.arange(N)

    def compound(columns):
        array = np.zeros(len(columns[0][1]), [(name, v.dtype, v.shape[1:]) for name, v in columns])
        for name, values in columns:
            array[name] = values
        return array

    codes = np.where(i == 1, -1, i % 3).astype(np.int8)
    obs = [("index", data.obs_names.to_numpy().astype("S16")), ("kind", codes)]
    obs += [("word", data.obs["word"].to_numpy().astype("S8"))]
    obs += [("score", i * 0.5), ("count", i % 5), ("flag", i % 2 == 0), ("single", (i * 0.5).astype(">f4"))]
    # Too few categories for its codes: numbers, as anndata reads it.
    obs += [("few", (i % 4).astype(np.int8))]
    obsm = [("X_pca", data.obsm["X_pca"].astype("<f4")), ("X_umap", table()[:, 1:3].astype("<f8"))]
    with h5py.File("legacy.h5ad", "w") as out:

        def put(name, array, **options):
            out.create_dataset(name, data=array, compression="gzip", **options)

        def sparse(name, matrix):
            for part in ("data", "indices", "indptr"):
                put(f"{name}/{part}", getattr(matrix, part))
            out[name].attrs["h5sparse_format"] = "csr"
            out[name].attrs["h5sparse_shape"] = np.array(matrix.shape)

        put("X", table())
        put("obs", compound(obs), chunks=(7,))
        put("var", compound([("index", data.var_names.to_numpy().astype("S13")), ("means", np.ones(D, "<f4"))]))
        put("obsm", compound(obsm), chunks=(5,))
        sparse("raw.X", sp.csr_matrix(table() * 2))
        put("raw.var", compound([("index", data.var_names.to_numpy().astype("S13"))]))
        put("uns/kind_categories", np.array(["b", "a", "NA"], "S2"))
        put("uns/few_categories", np.array(["x", "y"], "S1"))
        sparse("uns/neighbors/distances", data.obsp["distances"])
        put("uns/neighbors/params/method", np.array(["umap"], "S4"))
    pack("legacy")


if __name__ == "__main__":
    write("dense", table())
    write("gzip", table(), compression="gzip")
    write("lzf", table(), compression="lzf")
    write("csr", sp.csr_matrix(table()), compression="gzip")
    write("csc", sp.csc_matrix(table()), compression="gzip")
    legacy()
