#!/usr/bin/env bash
# The S3 server s3rver answers 200 or 206 with other bytes and other lists than S3: a resumed download mixes two uploads.
#
# Versions: s3rver 3.7.1 (npm, 900,000 downloads a month), boto3 1.44.8. Seen on 2026-11-30.
# Expected: https://docs.aws.amazon.com/AmazonS3/latest/API/API_GetObject.html: with If-Match, an object whose ETag is another one now is 412; RFC 9110, 14.1.2: `bytes=-6`
#   is the last six bytes. https://docs.aws.amazon.com/AmazonS3/latest/API/API_ListObjectsV2.html: keys come in the order of their UTF-8 bytes,
#   and those after StartAfter all come.
# What happens: If-Match is ignored, for GET and for PUT. A download that broke off and goes on with Range and If-Match, as it should, gets the rest of the new
#   object behind the start of the old one. `bytes=-6` gives the first seven bytes. Keys come in the order in which the folder tree is walked,
#   but StartAfter compares keys: a reader that goes on behind the last key of the list gets earlier ones again. There is no error anywhere.
# Whom it hits: tests and local runs (serverless-s3-local is built on s3rver): they pass where the program lacks the 412, and fail where the program is right.
# What to do: moto and Adobe's S3Mock answer as S3 does in all five cases.
. "$(dirname "$0")/lib.sh"

npm_install s3rver@3.7.1
python boto3==1.44.8
mkdir "$work/objects"
free_port
node "$work/node_modules/s3rver/bin/s3rver.js" -d "$work/objects" -a 127.0.0.1 -p "$port" --configure-bucket bucket >"$work/log" 2>&1 &
started+=($!)
"$work/python/bin/python" - "$port" >"$work/answer" <<'PY'
import boto3, socket, sys, time
from botocore.exceptions import ClientError
for _ in range(100):
    with socket.socket() as probe:
        if probe.connect_ex(("127.0.0.1", int(sys.argv[1]))) == 0:
            break
    time.sleep(0.2)
s3 = boto3.client("s3", endpoint_url=f"http://127.0.0.1:{sys.argv[1]}", aws_access_key_id="S3RVER", aws_secret_access_key="S3RVER", region_name="us-east-1")
put = lambda key, body, **more: s3.put_object(Bucket="bucket", Key=key, Body=body, **more)
def get(**more):
    try:
        return s3.get_object(Bucket="bucket", Key="f.csv", **more)["Body"].read().decode().strip().replace("\n", " ")
    except ClientError as error:
        return error.response["Error"]["Code"]
old = put("f.csv", "old,1\nold,2\n")["ETag"]
start = get(Range="bytes=0-5")
put("f.csv", "new,1\nnew,2\nnew,3\n")
print(start, get(Range="bytes=6-", IfMatch=old))
print(get(Range="bytes=-6"))
try:
    put("f.csv", "mine,1\n", IfMatch=old)
    print("written")
except ClientError as error:
    print(error.response["Error"]["Code"])
for key in ["in/a-b.csv", "in/a/x.csv", "in/a.csv", "in/a+b.csv"]:
    put(key, "1\n")
print(*[o["Key"] for o in s3.list_objects_v2(Bucket="bucket", Prefix="in/")["Contents"]])
last = s3.list_objects_v2(Bucket="bucket", Prefix="in/")["Contents"][-1]["Key"]
print(*[o["Key"] for o in s3.list_objects_v2(Bucket="bucket", Prefix="in/", StartAfter=last).get("Contents", [])] or ["nothing"])
PY
line() { sed -n "$1p" "$work/answer"; }
compare "a download goes on with Range and If-Match, after another upload" "old,1 PreconditionFailed" "old,1 new,2 new,3" "$(line 1)"
compare "Range: bytes=-6 of new,1 new,2 new,3" "new,3" "new,1 n" "$(line 2)"
compare "PUT with the ETag of an earlier upload in If-Match" "PreconditionFailed" "written" "$(line 3)"
compare "the list" "in/a+b.csv in/a-b.csv in/a.csv in/a/x.csv" "in/a/x.csv in/a+b.csv in/a-b.csv in/a.csv" "$(line 4)"
compare "the list after its last key" "nothing" "in/a/x.csv" "$(line 5)"
finish
