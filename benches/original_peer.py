"""A TIFF stack becomes a Zarr pyramid by the Python original, with two workers of dask.

usage: original_peer.py STACK.tif OUT LEVELS CHUNK
"""

import sys
import warnings


def main() -> None:
    warnings.filterwarnings("ignore")
    from aind_data_transfer.transformations.ome_zarr import write_files
    from dask.distributed import Client, LocalCluster
    from numcodecs import Blosc, blosc

    stack, out, levels, chunk = sys.argv[1], sys.argv[2], *map(int, sys.argv[3:5])
    blosc.use_threads = False
    with LocalCluster(n_workers=2, threads_per_worker=1) as cluster, Client(cluster):
        shape = (1, 1, chunk, chunk, chunk)
        write_files([stack], out, levels, 2, chunk_shape=shape, compressor=Blosc("zstd", 1, shuffle=1))


if __name__ == "__main__":
    main()
