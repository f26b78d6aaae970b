"""The small tables of this folder, as pandas, pyarrow and polars write them: python make_columnar.py (pandas 3.1, pyarrow 26.0,
polars 2.1)."""

from decimal import Decimal

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq

N, D = 24, 6


def values():
    # Every test can compute them again: row i, column c is (7 i + 3 c) mod 11.
    i, c = np.meshgrid(np.arange(N), np.arange(D), indexing="ij")
    return (7 * i + 3 * c) % 11


def frame():
    i = np.arange(N)
    data = pd.DataFrame(values().astype(np.float32), columns=[f"gene{c}" for c in range(D)])
    data.index = [f"cell{row}" for row in i]
    kinds = pd.Categorical(np.array(["b", "a", "c"], dtype=object)[i % 3], categories=["b", "a", "c"])
    kinds[1] = None
    data["kind"] = kinds
    data["word"] = [f"w{row % 4}" for row in i]
    data["when"] = pd.date_range("2026-01-01", periods=N, freq="D")
    return data


def types():
    i = np.arange(N)
    columns = {f"i{bits}": pa.array(-i, f"int{bits}") for bits in (8, 16, 32, 64)}
    columns |= {f"u{bits}": pa.array(i, f"uint{bits}") for bits in (8, 16, 32, 64)}
    columns["f16"] = pa.array((i / 2).astype(np.float16))
    columns["f32"] = pa.array(i / 4, pa.float32())
    columns["f64"] = pa.array(i / 10, pa.float64())
    columns["d128"] = pa.array([Decimal(int(row)) / 10 for row in i], pa.decimal128(20, 3))
    columns["d256"] = pa.array([Decimal(int(row)) / 10 for row in i], pa.decimal256(50, 3))
    columns["flag"] = pa.array(i % 2 == 0)
    columns["codes"] = pa.array(i % 5).dictionary_encode()
    columns["maybe"] = pa.array([None if row % 4 == 0 else int(row) for row in i], pa.int32())
    columns["text"] = pa.array([f"t{row % 2}" for row in i], pa.large_string())
    columns["none"] = pa.nulls(N)
    return pa.table(columns)


def lists(kind):
    rows = [[float(v) for v in row] for row in values()]
    columns = {"id": [f"doc{i}" for i in range(N)], "age": list(range(N)), "embedding": pa.array(rows, kind)}
    return pa.table(columns | {"topic": [f"topic {i % 3}" for i in range(N)]})


if __name__ == "__main__":
    frame().to_parquet("pandas.parquet")
    frame().reset_index().to_feather("pandas.feather")
    frame().to_parquet("gzip.parquet", compression="gzip", index=False)
    pq.write_table(types(), "types.parquet", data_page_version="2.0", use_dictionary=False, row_group_size=10)
    with pa.OSFile("types.arrows", "wb") as out, pa.ipc.new_stream(out, types().schema) as stream:
        stream.write_table(types(), max_chunksize=7)
    pq.write_table(lists(pa.list_(pa.float64())), "lists.parquet", compression="lz4")
    pq.write_table(lists(pa.list_(pa.float16(), D)), "fixed.parquet", compression="none")
    polars = pl.DataFrame(lists(pa.large_list(pa.float32())))
    polars.write_parquet("polars.parquet")
    polars.write_ipc("polars.arrow")
    polars.write_ipc("packed.arrow", compression="zstd")
