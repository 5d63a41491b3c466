# SPDX-License-Identifier: Apache-2.0
"""The embedded bucket, used through the S3 clients that people have."""

import base64
import hashlib
import io
import os
import shutil
import subprocess
import sys
import urllib.error
import urllib.parse
import urllib.request
import uuid
import zlib

import pytest

boto3 = pytest.importorskip("boto3")
minio = pytest.importorskip("minio")

from botocore.config import Config
from botocore.exceptions import ClientError
from minio.commonconfig import CopySource
from minio.deleteobjects import DeleteObject

MEBIBYTE = 1024 * 1024
REGION = "us-east-1"

# Keys that clients, servers and file systems have stumbled over.
KEYS = [
    "plain.txt",
    "folder/sub folder/file.txt",
    "a+b=c&d.txt",
    "100%.txt",
    "%41%2F.txt",
    "été/ü.pdf",
    "e\u0301.txt",
    "emoji 😀.txt",
    "quote'\"<>.xml",
    "semi;colon,comma:colon@at!$()*~.txt",
    "question?mark#hash.txt",
    "back\\slash|pipe^caret`tick{brace}[bracket].txt",
    "trailing space ",
    " leading space",
    "dots/..hidden/...",
    "folder marker/",
    "n" * 900,
    "ä" * 450,
    "x/" * 300 + "deep",
]

# Keys that most clients' URL code would tidy up; S3 itself takes them.
UNTIDY_KEYS = ["double//slash", "/leading/slash", "a/./b", "a/../b", "..", "trailing//"]

small_keys = pytest.mark.parametrize("key", KEYS, ids=lambda key: ascii(key)[:40])


def content(length, seed=1):
    """Bytes that do not repeat, the same each time."""
    block = b"".join(
        hashlib.sha256(f"{seed}:{number}".encode()).digest() for number in range(2048)
    )
    return (block * (length // len(block) + 1))[:length]


def make_boto(platform, access_key=None, secret_key=None, **options):
    return boto3.client(
        "s3",
        endpoint_url=platform.s3_url,
        aws_access_key_id=access_key or platform.access_key,
        aws_secret_access_key=secret_key or platform.secret_key,
        region_name=REGION,
        config=Config(
            signature_version="s3v4",
            s3={"addressing_style": "path"},
            retries={"max_attempts": 1},
            **options,
        ),
    )


@pytest.fixture(scope="module")
def boto(platform):
    return make_boto(platform)


@pytest.fixture(scope="module")
def bucket(boto):
    name = "clients-" + uuid.uuid4().hex[:12]
    boto.create_bucket(Bucket=name)
    yield name
    for page in boto.get_paginator("list_objects_v2").paginate(Bucket=name):
        for item in page.get("Contents", []):
            boto.delete_object(Bucket=name, Key=item["Key"])
    boto.delete_bucket(Bucket=name)


@pytest.fixture(scope="module")
def mini(platform):
    host = urllib.parse.urlsplit(platform.s3_url).netloc
    return minio.Minio(
        host, platform.access_key, platform.secret_key, secure=False, region=REGION
    )


def error_code(caught):
    return caught.value.response["Error"]["Code"]


class TestBoto3:
    @small_keys
    def test_put_get_head_delete(self, boto, bucket, key):
        body = key.encode() * 3
        put = boto.put_object(
            Bucket=bucket,
            Key=key,
            Body=body,
            ContentType="text/plain",
            Metadata={"course": "maths"},
        )
        assert put["ETag"] == '"%s"' % hashlib.md5(body).hexdigest()
        got = boto.get_object(Bucket=bucket, Key=key)
        assert got["Body"].read() == body
        assert got["ContentType"] == "text/plain"
        assert got["Metadata"] == {"course": "maths"}
        head = boto.head_object(Bucket=bucket, Key=key)
        assert head["ContentLength"] == len(body)
        listed = boto.list_objects_v2(Bucket=bucket, Prefix=key)
        assert [item["Key"] for item in listed["Contents"]] == [key]
        boto.delete_object(Bucket=bucket, Key=key)
        with pytest.raises(ClientError) as caught:
            boto.get_object(Bucket=bucket, Key=key)
        assert error_code(caught) == "NoSuchKey"

    @pytest.mark.parametrize("key", UNTIDY_KEYS)
    def test_untidy_keys(self, boto, bucket, key):
        boto.put_object(Bucket=bucket, Key=key, Body=b"untidy")
        assert boto.get_object(Bucket=bucket, Key=key)["Body"].read() == b"untidy"
        boto.delete_object(Bucket=bucket, Key=key)

    @pytest.mark.parametrize("length", [0, 1, 50 * MEBIBYTE])
    @pytest.mark.parametrize("signs_payload", [True, False])
    def test_lengths(self, platform, bucket, length, signs_payload):
        client = make_boto(platform)
        client.meta.config.s3["payload_signing_enabled"] = signs_payload
        body = content(length)
        client.put_object(Bucket=bucket, Key="length", Body=io.BytesIO(body))
        got = client.get_object(Bucket=bucket, Key="length")
        assert got["ContentLength"] == length
        assert hashlib.sha256(got["Body"].read()).digest() == hashlib.sha256(body).digest()

    @pytest.mark.parametrize("algorithm", ["CRC32", "SHA1", "SHA256"])
    def test_checksums(self, boto, bucket, algorithm):
        body = content(100_000)
        put = boto.put_object(
            Bucket=bucket, Key="sum", Body=body, ChecksumAlgorithm=algorithm
        )
        name = "Checksum" + algorithm
        if algorithm == "CRC32":
            expected = base64.b64encode(zlib.crc32(body).to_bytes(4, "big")).decode()
            assert put[name] == expected
        got = boto.get_object(Bucket=bucket, Key="sum", ChecksumMode="ENABLED")
        assert got[name] == put[name]
        assert got["Body"].read() == body

    def test_wrong_checksum(self, boto, bucket):
        with pytest.raises(ClientError) as caught:
            boto.put_object(
                Bucket=bucket, Key="bad", Body=b"abc", ChecksumSHA256="A" * 43 + "="
            )
        assert error_code(caught) == "BadDigest"
        with pytest.raises(ClientError) as caught:
            boto.put_object(
                Bucket=bucket, Key="bad", Body=b"abc", ContentMD5="AAAAAAAAAAAAAAAAAAAAAA=="
            )
        assert error_code(caught) == "BadDigest"
        with pytest.raises(ClientError):
            boto.head_object(Bucket=bucket, Key="bad")

    @pytest.mark.parametrize(
        "asked, expected, shown",
        [
            ("bytes=0-0", slice(0, 1), "bytes 0-0/1000"),
            ("bytes=10-19", slice(10, 20), "bytes 10-19/1000"),
            ("bytes=990-", slice(990, 1000), "bytes 990-999/1000"),
            ("bytes=-5", slice(995, 1000), "bytes 995-999/1000"),
            ("bytes=500-5000", slice(500, 1000), "bytes 500-999/1000"),
        ],
    )
    def test_ranges(self, boto, bucket, asked, expected, shown):
        body = content(1000)
        boto.put_object(Bucket=bucket, Key="range", Body=body)
        got = boto.get_object(Bucket=bucket, Key="range", Range=asked)
        assert got["ResponseMetadata"]["HTTPStatusCode"] == 206
        assert got["ContentRange"] == shown
        assert got["Body"].read() == body[expected]

    def test_range_outside(self, boto, bucket):
        boto.put_object(Bucket=bucket, Key="range", Body=b"0123456789")
        with pytest.raises(ClientError) as caught:
            boto.get_object(Bucket=bucket, Key="range", Range="bytes=10-")
        assert error_code(caught) == "InvalidRange"

    def test_conditions(self, boto, bucket):
        tag = boto.put_object(Bucket=bucket, Key="condition", Body=b"one")["ETag"]
        assert boto.get_object(Bucket=bucket, Key="condition", IfMatch=tag)
        with pytest.raises(ClientError) as caught:
            boto.get_object(Bucket=bucket, Key="condition", IfNoneMatch=tag)
        assert error_code(caught) == "304"
        with pytest.raises(ClientError) as caught:
            boto.get_object(Bucket=bucket, Key="condition", IfMatch='"other"')
        assert error_code(caught) == "PreconditionFailed"
        with pytest.raises(ClientError) as caught:
            boto.put_object(Bucket=bucket, Key="condition", Body=b"two", IfNoneMatch="*")
        assert error_code(caught) == "PreconditionFailed"

    def test_multipart_by_hand(self, boto, bucket):
        key = "by hand/ü+1.bin"
        upload = boto.create_multipart_upload(
            Bucket=bucket, Key=key, ContentType="image/png", Metadata={"a": "b"}
        )
        where = {"Bucket": bucket, "Key": key, "UploadId": upload["UploadId"]}
        pieces = [content(5 * MEBIBYTE, 1), content(5 * MEBIBYTE, 2), b"end"]
        parts = []
        for number, piece in enumerate(pieces, 1):
            tag = boto.upload_part(**where, PartNumber=number, Body=piece)["ETag"]
            parts.append({"PartNumber": number, "ETag": tag})
        listed = boto.list_parts(**where)["Parts"]
        assert [part["Size"] for part in listed] == [len(piece) for piece in pieces]
        uploads = boto.list_multipart_uploads(Bucket=bucket, Prefix="by hand/")["Uploads"]
        assert [item["Key"] for item in uploads] == [key]
        done = boto.complete_multipart_upload(**where, MultipartUpload={"Parts": parts})
        hashes = b"".join(hashlib.md5(piece).digest() for piece in pieces)
        assert done["ETag"] == '"%s-3"' % hashlib.md5(hashes).hexdigest()
        got = boto.get_object(Bucket=bucket, Key=key)
        assert got["Body"].read() == b"".join(pieces)
        assert got["ContentType"] == "image/png"
        assert got["Metadata"] == {"a": "b"}
        with pytest.raises(ClientError) as caught:
            boto.list_parts(**where)
        assert error_code(caught) == "NoSuchUpload"

    def test_multipart_refusals(self, boto, bucket):
        where = {"Bucket": bucket, "Key": "refused"}
        where["UploadId"] = boto.create_multipart_upload(**where)["UploadId"]
        tags = [
            boto.upload_part(**where, PartNumber=number, Body=b"small")["ETag"]
            for number in (1, 2)
        ]

        def complete(*parts):
            listed = [{"PartNumber": number, "ETag": tag} for number, tag in parts]
            with pytest.raises(ClientError) as caught:
                boto.complete_multipart_upload(**where, MultipartUpload={"Parts": listed})
            return error_code(caught)

        assert complete((1, tags[0]), (2, tags[1])) == "EntityTooSmall"
        assert complete((1, '"00000000000000000000000000000000"')) == "InvalidPart"
        assert complete((2, tags[1]), (1, tags[0])) in ("InvalidPartOrder", "EntityTooSmall")
        boto.abort_multipart_upload(**where)
        with pytest.raises(ClientError) as caught:
            boto.upload_part(**where, PartNumber=1, Body=b"late")
        assert error_code(caught) == "NoSuchUpload"

    def test_transfer_manager(self, boto, bucket, tmp_path):
        source = tmp_path / "source.bin"
        source.write_bytes(content(50 * MEBIBYTE))
        boto.upload_file(str(source), bucket, "transfer")
        boto.download_file(bucket, "transfer", str(tmp_path / "target.bin"))
        assert (tmp_path / "target.bin").read_bytes() == source.read_bytes()

    def test_copy(self, boto, bucket):
        key = "copy source ü+%.txt"
        boto.put_object(
            Bucket=bucket, Key=key, Body=b"copied", ContentType="text/css", Metadata={"m": "1"}
        )
        boto.copy_object(
            Bucket=bucket, Key="copy target", CopySource={"Bucket": bucket, "Key": key}
        )
        got = boto.get_object(Bucket=bucket, Key="copy target")
        assert (got["Body"].read(), got["ContentType"]) == (b"copied", "text/css")
        assert got["Metadata"] == {"m": "1"}
        boto.copy_object(
            Bucket=bucket,
            Key=key,
            CopySource={"Bucket": bucket, "Key": key},
            Metadata={"m": "2"},
            MetadataDirective="REPLACE",
        )
        assert boto.head_object(Bucket=bucket, Key=key)["Metadata"] == {"m": "2"}

    def test_listing_pages(self, boto, bucket):
        names = [f"page/{number:03}/ü+%{number}" for number in range(25)]
        for name in names:
            boto.put_object(Bucket=bucket, Key=name, Body=b"")
        for operation in ("list_objects", "list_objects_v2"):
            pages = boto.get_paginator(operation).paginate(
                Bucket=bucket, Prefix="page/", PaginationConfig={"PageSize": 7}
            )
            found = [item["Key"] for page in pages for item in page.get("Contents", [])]
            assert found == names
            pages = boto.get_paginator(operation).paginate(
                Bucket=bucket, Prefix="page/", Delimiter="/", PaginationConfig={"PageSize": 7}
            )
            groups = [item["Prefix"] for page in pages for item in page["CommonPrefixes"]]
            assert groups == [f"page/{number:03}/" for number in range(25)]

    def test_delete_many(self, boto, bucket):
        keys = ["many/<&>.txt", "many/é", "many/ gone", "many/missing"]
        for key in keys[:3]:
            boto.put_object(Bucket=bucket, Key=key, Body=b"x")
        answer = boto.delete_objects(
            Bucket=bucket, Delete={"Objects": [{"Key": key} for key in keys]}
        )
        assert [item["Key"] for item in answer["Deleted"]] == keys
        assert boto.list_objects_v2(Bucket=bucket, Prefix="many/")["KeyCount"] == 0

    def test_buckets(self, boto, bucket):
        assert bucket in [item["Name"] for item in boto.list_buckets()["Buckets"]]
        assert not boto.get_bucket_location(Bucket=bucket)["LocationConstraint"]
        assert "Status" not in boto.get_bucket_versioning(Bucket=bucket)
        boto.get_bucket_notification_configuration(Bucket=bucket)
        with pytest.raises(ClientError) as caught:
            boto.create_bucket(Bucket=bucket)
        assert error_code(caught) == "BucketAlreadyOwnedByYou"
        boto.put_object(Bucket=bucket, Key="keeps it", Body=b"")
        with pytest.raises(ClientError) as caught:
            boto.delete_bucket(Bucket=bucket)
        assert error_code(caught) == "BucketNotEmpty"
        with pytest.raises(ClientError) as caught:
            boto.list_objects_v2(Bucket="missing-" + uuid.uuid4().hex[:8])
        assert error_code(caught) == "NoSuchBucket"
        with pytest.raises(ClientError) as caught:
            boto.get_bucket_policy(Bucket=bucket)
        assert error_code(caught) == "NotImplemented"

    def test_wrong_keys(self, platform, bucket):
        with pytest.raises(ClientError) as caught:
            make_boto(platform, secret_key="wrong").list_objects_v2(Bucket=bucket)
        assert error_code(caught) == "SignatureDoesNotMatch"
        with pytest.raises(ClientError) as caught:
            make_boto(platform, secret_key="wrong").put_object(
                Bucket=bucket, Key="forged", Body=content(3 * MEBIBYTE)
            )
        assert error_code(caught) == "SignatureDoesNotMatch"
        with pytest.raises(ClientError) as caught:
            make_boto(platform, access_key="nobody").list_buckets()
        assert error_code(caught) == "InvalidAccessKeyId"

    @small_keys
    def test_presigned(self, boto, bucket, key):
        put = boto.generate_presigned_url("put_object", {"Bucket": bucket, "Key": key})
        request = urllib.request.Request(put, data=b"presigned", method="PUT")
        request.add_header("Content-Type", "")
        assert urllib.request.urlopen(request).status == 200
        get = boto.generate_presigned_url(
            "get_object",
            {
                "Bucket": bucket,
                "Key": key,
                "ResponseContentType": "text/x-test",
                "ResponseContentDisposition": 'attachment; filename="a b.txt"',
            },
        )
        with urllib.request.urlopen(get) as answer:
            assert answer.read() == b"presigned"
            assert answer.headers["Content-Type"] == "text/x-test"
            assert answer.headers["Content-Disposition"] == 'attachment; filename="a b.txt"'
        with pytest.raises(urllib.error.HTTPError) as caught:
            urllib.request.urlopen(get.replace("text%2Fx-test", "text%2Fhtml"))
        assert caught.value.code == 403
        boto.delete_object(Bucket=bucket, Key=key)

    def test_presigned_as_boto3_does_unasked(self, platform, bucket):
        client = boto3.client(
            "s3",
            endpoint_url=platform.s3_url,
            aws_access_key_id=platform.access_key,
            aws_secret_access_key=platform.secret_key,
            region_name=REGION,
        )
        where = {"Bucket": bucket, "Key": "unasked ü+.txt"}
        put = client.generate_presigned_url("put_object", where)
        request = urllib.request.Request(put, data=b"unasked", method="PUT")
        request.add_header("Content-Type", "")
        assert urllib.request.urlopen(request).status == 200
        get = client.generate_presigned_url(
            "get_object", {**where, "ResponseContentType": "text/x-test"}
        )
        with urllib.request.urlopen(get) as answer:
            assert answer.read() == b"unasked"
            assert answer.headers["Content-Type"] == "text/x-test"
        for wrong in (get.replace("unasked", "another"), get.replace("Expires=1", "Expires=2")):
            with pytest.raises(urllib.error.HTTPError) as caught:
                urllib.request.urlopen(wrong)
            assert caught.value.code == 403
        expired = client.generate_presigned_url("get_object", where, ExpiresIn=-10)
        with pytest.raises(urllib.error.HTTPError) as caught:
            urllib.request.urlopen(expired)
        assert b"<Message>Request has expired" in caught.value.read()

    def test_anonymous(self, platform, bucket):
        with pytest.raises(urllib.error.HTTPError) as caught:
            urllib.request.urlopen(f"{platform.s3_url}/{bucket}/secret")
        assert caught.value.code == 403
        assert b"<Code>AccessDenied</Code>" in caught.value.read()
        assert urllib.request.urlopen(f"{platform.s3_url}/minio/health/live").status == 200


class TestMinio:
    @small_keys
    def test_put_get_delete(self, mini, bucket, key):
        body = key.encode()
        made = mini.put_object(bucket, key, io.BytesIO(body), len(body), "text/plain")
        assert made.etag == hashlib.md5(body).hexdigest()
        answer = mini.get_object(bucket, key)
        try:
            assert answer.read() == body
        finally:
            answer.close()
            answer.release_conn()
        assert mini.stat_object(bucket, key).size == len(body)
        assert [item.object_name for item in mini.list_objects(bucket, key)] == [key]
        mini.remove_object(bucket, key)

    def test_fifty_mebibytes_in_parts(self, mini, bucket):
        body = content(50 * MEBIBYTE)
        mini.put_object(bucket, "big", io.BytesIO(body), -1, part_size=10 * MEBIBYTE)
        answer = mini.get_object(bucket, "big")
        try:
            assert hashlib.md5(answer.read()).digest() == hashlib.md5(body).digest()
        finally:
            answer.close()
            answer.release_conn()
        answer = mini.get_object(bucket, "big", offset=7_000_000, length=100)
        try:
            assert answer.read() == body[7_000_000:7_000_100]
        finally:
            answer.close()
            answer.release_conn()

    def test_copy_compose_remove(self, mini, bucket):
        mini.put_object(bucket, "one ü", io.BytesIO(b"one"), 3, metadata={"x": "y"})
        mini.copy_object(bucket, "two", CopySource(bucket, "one ü"))
        assert mini.stat_object(bucket, "two").size == 3
        errors = mini.remove_objects(bucket, [DeleteObject("one ü"), DeleteObject("two")])
        assert list(errors) == []

    def test_buckets(self, mini, bucket):
        assert mini.bucket_exists(bucket)
        assert not mini.bucket_exists("missing-" + uuid.uuid4().hex[:8])
        assert bucket in [item.name for item in mini.list_buckets()]

    def test_presigned(self, mini, bucket):
        mini.put_object(bucket, "signed ü", io.BytesIO(b"signed"), 6)
        url = mini.presigned_get_object(bucket, "signed ü")
        assert urllib.request.urlopen(url).read() == b"signed"


@pytest.fixture(scope="module")
def rclone(platform):
    program = shutil.which("rclone", path=os.path.dirname(sys.executable)) or shutil.which(
        "rclone"
    )
    if program is None:
        pytest.skip("rclone is not installed")

    def run(*arguments, check=True, secret_key=None):
        environment = {
            "PATH": os.environ["PATH"],
            "HOME": os.environ.get("HOME", "/"),
            "RCLONE_CONFIG": "/dev/null",
            "RCLONE_CONFIG_B_TYPE": "s3",
            "RCLONE_CONFIG_B_PROVIDER": "Minio",
            "RCLONE_CONFIG_B_ENDPOINT": platform.s3_url,
            "RCLONE_CONFIG_B_ACCESS_KEY_ID": platform.access_key,
            "RCLONE_CONFIG_B_SECRET_ACCESS_KEY": secret_key or platform.secret_key,
            "RCLONE_CONFIG_B_REGION": REGION,
        }
        return subprocess.run(
            [program, "--retries=1", "--low-level-retries=1", *arguments],
            env=environment,
            check=check,
            capture_output=True,
            timeout=120,
        )

    return run


class TestRclone:
    NAMES = ["plain.txt", "a b+c%41.txt", "été 😀.txt", "sub/deep/er.txt", "empty", "n" * 200]

    def test_sync_and_check(self, rclone, bucket, tmp_path):
        source = tmp_path / "source"
        for name in self.NAMES:
            path = source / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(b"" if name == "empty" else name.encode() * 100)
        rclone("sync", str(source), f"b:{bucket}/synced")
        rclone("check", "--download", str(source), f"b:{bucket}/synced")
        listed = rclone("lsf", "-R", "--files-only", f"b:{bucket}/synced").stdout.decode()
        assert sorted(listed.splitlines()) == sorted(self.NAMES)
        target = tmp_path / "target"
        rclone("copy", f"b:{bucket}/synced", str(target))
        for name in self.NAMES:
            assert (target / name).read_bytes() == (source / name).read_bytes()
        rclone("purge", f"b:{bucket}/synced")
        assert rclone("lsf", "-R", f"b:{bucket}/synced", check=False).stdout == b""

    def test_fifty_mebibytes_in_parts(self, rclone, bucket, tmp_path):
        source = tmp_path / "big.bin"
        source.write_bytes(content(50 * MEBIBYTE))
        rclone(
            "copyto",
            "--s3-upload-cutoff=10M",
            "--s3-chunk-size=10M",
            str(source),
            f"b:{bucket}/big.bin",
        )
        rclone("check", "--download", str(tmp_path), f"b:{bucket}", "--include=/big.bin")
        rclone("copyto", f"b:{bucket}/big.bin", f"b:{bucket}/big copy.bin")
        rclone("copyto", f"b:{bucket}/big copy.bin", str(tmp_path / "back.bin"))
        assert (tmp_path / "back.bin").read_bytes() == source.read_bytes()

    def test_buckets(self, rclone, bucket):
        name = "rclone-" + uuid.uuid4().hex[:8]
        rclone("mkdir", f"b:{name}")
        assert f"{name}/" in rclone("lsf", "b:").stdout.decode().splitlines()
        rclone("rmdir", f"b:{name}")

    def test_wrong_secret(self, rclone, bucket):
        answer = rclone("lsf", f"b:{bucket}", check=False, secret_key="wrong")
        assert answer.returncode != 0
        assert b"SignatureDoesNotMatch" in answer.stderr


@pytest.fixture(scope="module")
def curl(platform):
    program = shutil.which("curl")
    if program is None:
        pytest.skip("curl is not installed")

    def run(*arguments, secret_key=None):
        user = f"{platform.access_key}:{secret_key or platform.secret_key}"
        answer = subprocess.run(
            [program, "-sS", "--path-as-is", "--aws-sigv4", f"aws:amz:{REGION}:s3", "-u", user]
            + ["-w", "%{stderr}%{http_code}", *arguments],
            check=True,
            capture_output=True,
            timeout=120,
        )
        return int(answer.stderr[-3:]), answer.stdout

    return run


class TestCurl:
    def url(self, platform, bucket, key):
        return f"{platform.s3_url}/{bucket}/{urllib.parse.quote(key)}"

    @small_keys
    def test_upload_and_download(self, platform, curl, bucket, tmp_path, key):
        if key.endswith("/"):
            pytest.skip("curl -T takes such a URL for a folder")
        source = tmp_path / "source"
        source.write_bytes(key.encode())
        url = self.url(platform, bucket, key)
        assert curl("-T", str(source), url)[0] == 200
        assert curl(url) == (200, key.encode())
        status, _ = curl("-I", url)
        assert status == 200
        assert curl("-X", "DELETE", url)[0] == 204
        assert curl(url)[0] == 404

    @pytest.mark.parametrize("path", ["a+b c", "a+b%20c", "é%C3%A9", "semi;colon"])
    def test_paths_as_typed(self, platform, curl, bucket, tmp_path, path):
        source = tmp_path / "source"
        source.write_bytes(b"typed")
        url = f"{platform.s3_url}/{bucket}/{path}".replace(" ", "%20")
        assert curl("-T", str(source), url)[0] == 200
        assert curl(url) == (200, b"typed")

    @pytest.mark.parametrize("length", [0, 50 * MEBIBYTE])
    def test_lengths(self, platform, curl, boto, bucket, tmp_path, length):
        source = tmp_path / "source"
        source.write_bytes(content(length))
        assert curl("-T", str(source), self.url(platform, bucket, "curl"))[0] == 200
        assert boto.get_object(Bucket=bucket, Key="curl")["Body"].read() == content(length)

    @pytest.mark.parametrize("word", ["UNSIGNED-PAYLOAD", None])
    def test_payload_words(self, platform, curl, bucket, tmp_path, word):
        source = tmp_path / "source"
        source.write_bytes(b"payload")
        word = word or hashlib.sha256(b"payload").hexdigest()
        url = self.url(platform, bucket, "word")
        assert curl("-H", f"x-amz-content-sha256: {word}", "-T", str(source), url)[0] == 200
        wrong = hashlib.sha256(b"other").hexdigest()
        status, body = curl("-H", f"x-amz-content-sha256: {wrong}", "-T", str(source), url)
        assert status == 400
        assert b"XAmzContentSHA256Mismatch" in body

    def test_body_in_memory(self, platform, curl, bucket):
        url = self.url(platform, bucket, "memory")
        headers = ["-H", "Content-Type: text/plain", "-H", "x-amz-meta-a: b  c"]
        assert curl("-X", "PUT", "--data-binary", "in memory", *headers, url)[0] == 200
        assert curl(url) == (200, b"in memory")

    def test_listing(self, platform, curl, bucket):
        status, body = curl(f"{platform.s3_url}/{bucket}?list-type=2&prefix=a%2Fb&delimiter=/")
        assert status == 200
        assert b"<ListBucketResult" in body

    def test_wrong_secret(self, platform, curl, bucket, tmp_path):
        source = tmp_path / "source"
        source.write_bytes(content(2 * MEBIBYTE))
        url = self.url(platform, bucket, "forged")
        status, body = curl("-T", str(source), url, secret_key="wrong")
        assert status == 403
        assert b"SignatureDoesNotMatch" in body

    def test_virtual_host(self, platform, curl, bucket, tmp_path):
        source = tmp_path / "source"
        source.write_bytes(b"virtual")
        port = urllib.parse.urlsplit(platform.s3_url).port
        url = f"http://{bucket}.localhost:{port}/virtual%20key"
        connect = ["--resolve", f"{bucket}.localhost:{port}:127.0.0.1"]
        assert curl(*connect, "-T", str(source), url)[0] == 200
        assert curl(self.url(platform, bucket, "virtual key")) == (200, b"virtual")
