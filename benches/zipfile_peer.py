"""`zipfile_peer.py FOLDER FILE.zip`: what the Python original does with a folder, deflate at level 6."""

import sys
import zipfile
from pathlib import Path


def main(folder: Path, archive: Path) -> None:
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED, compresslevel=6) as out:
        for path in sorted(folder.rglob("*")):
            if path.is_file():
                out.write(path, path.relative_to(folder))


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
