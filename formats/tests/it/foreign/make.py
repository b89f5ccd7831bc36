"""Makes the foreign archives of this folder: `uv run --with pyzipper==0.4.0 --with pyminizip==0.2.6 make.py`, with Info-ZIP's `zip` and,
on the path, 7-Zip's `7zz` (25.01).

The password is `Käse 42`; each holds `body.mp4` (bytes 0 to 255, eight times), and some more.
"""

import os
import subprocess
import tempfile

import pyminizip
import pyzipper

HERE = os.path.dirname(os.path.abspath(__file__))
PASSWORD = "Käse 42"
CONTENT = bytes(range(256)) * 8
STORED, DEFLATED = pyzipper.ZIP_STORED, pyzipper.ZIP_DEFLATED


def aes(name, bits, version, method):
    path = os.path.join(HERE, name)
    with pyzipper.AESZipFile(path, "w", compression=method) as z:
        z.setpassword(PASSWORD.encode())
        z.setencryption(pyzipper.WZ_AES, nbits=bits, force_wz_aes_version=version)
        z.writestr("body.mp4", CONTENT)
        z.writestr("eye/left.mp4", b"left")
        z.writestr("eye/empty.mp4", b"")


aes("pyzipper-aes128-ae1.zip", 128, 1, DEFLATED)
aes("pyzipper-aes192-ae2.zip", 192, 2, DEFLATED)
aes("pyzipper-aes256-ae1.zip", 256, 1, STORED)
aes("pyzipper-aes256-ae2.zip", 256, 2, DEFLATED)

with tempfile.TemporaryDirectory() as folder:
    os.chdir(folder)
    with open("body.mp4", "wb") as f:
        f.write(CONTENT)
    # As the Python original of this program does it, level included.
    pyminizip.compress("body.mp4", None, os.path.join(HERE, "pyminizip.zip"), PASSWORD, 0)
    pyminizip.compress("body.mp4", "cam", os.path.join(HERE, "pyminizip-level9.zip"), PASSWORD, 9)
    target = os.path.join(HERE, "info-zip.zip")
    if os.path.exists(target):
        os.remove(target)
    subprocess.run(["zip", "-q", "-P", PASSWORD, target, "body.mp4"], check=True)
    # 7-Zip writes zips with ASCII passwords only.
    for method in ["AES256", "AES128", "ZipCrypto"]:
        target = os.path.join(HERE, f"7zip-{method.lower()}.zip")
        if os.path.exists(target):
            os.remove(target)
        subprocess.run(["7zz", "a", "-bso0", "-pKaese 42", f"-mem={method}", target, "body.mp4"], check=True)
    os.symlink("/etc", "link")
    link = os.path.join(HERE, "link.zip")
    if os.path.exists(link):
        os.remove(link)
    subprocess.run(["zip", "-q", "-y", link, "link"], check=True)
