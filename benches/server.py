"""The server that throws everything away, and what it says it has been given."""

import subprocess
import urllib.parse
import urllib.request
from contextlib import contextmanager
from pathlib import Path
from xml.etree import ElementTree

S3 = "{http://s3.amazonaws.com/doc/2006-03-01/}"


@contextmanager
def null_s3(program: Path):
    """Gives the endpoint of a server that ends with the block."""
    with subprocess.Popen([program], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True) as process:
        try:
            yield process.stdout.readline().strip()
        finally:
            process.kill()


def holds(endpoint: str, bucket: str) -> tuple[int, int]:
    """Objects and bytes of a bucket."""
    objects, size, token = 0, 0, None
    while True:
        query = {"list-type": "2"} | ({"continuation-token": token} if token else {})
        with urllib.request.urlopen(f"{endpoint}/{bucket}?{urllib.parse.urlencode(query)}") as answer:
            page = ElementTree.parse(answer).getroot()
        sizes = [int(item.text) for item in page.iter(f"{S3}Size")]
        objects, size = objects + len(sizes), size + sum(sizes)
        token = page.findtext(f"{S3}NextContinuationToken")
        if token is None:
            return objects, size
