"""SpikeInterface loads stores where they lie in a bucket.

cloud.py SESSION FOLDER URL ENDPOINT SECRET: the stores are below the URL; FOLDER is where the server keeps them. Prints how many.
"""

import sys
import warnings
from pathlib import Path

from spikeinterface.core.zarrextractors import read_zarr

import session
from stores import Held

warnings.simplefilter("ignore")
root, folder, url, endpoint, secret = sys.argv[1:]
options = {"key": "sandbox", "secret": secret, "client_kwargs": {"endpoint_url": endpoint, "region_name": "us-east-1"}}
found = session.streams(root)
for name, stream in found.items():
    Held(stream, Path(folder) / name, "exact").check(read_zarr(f"{url}/{name}", storage_options=options))
print(len(found))
