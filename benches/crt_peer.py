"""`crt_peer.py FOLDER BUCKET PREFIX ENDPOINT`: a folder sent with the AWS CRT, as AWS CLI 2 sends it.

AWS CLI 2 is not on PyPI, and CLI 1 takes no notice of `s3.preferred_transfer_client`. Both versions are built on
`s3transfer`; this calls its CRT manager as CLI 2 does, without the CLI's own start and listing.
"""

import sys
from pathlib import Path

import botocore.session
from awscrt.auth import AwsCredentialsProvider
from s3transfer.crt import BotocoreCRTRequestSerializer, CRTTransferManager, create_s3_crt_client

REGION = "us-east-1"


def main(folder: Path, bucket: str, prefix: str, endpoint: str) -> None:
    client = create_s3_crt_client(REGION, AwsCredentialsProvider.new_environment(), use_ssl=False)
    serializer = BotocoreCRTRequestSerializer(
        botocore.session.get_session(), {"region_name": REGION, "endpoint_url": endpoint}
    )
    with CRTTransferManager(client, serializer) as manager:
        futures = [
            manager.upload(str(path), bucket, f"{prefix}/{path.relative_to(folder).as_posix()}")
            for path in sorted(folder.rglob("*"))
            if path.is_file()
        ]
        for future in futures:
            future.result()


if __name__ == "__main__":
    main(Path(sys.argv[1]), *sys.argv[2:])
