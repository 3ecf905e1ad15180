"""What the loader's start-up is compared with: the same load in Python, all that can be made ready
before the first event made ready then. The loop at the end stands for Lambda's own runtime client."""

import http.client
import json
import os
import urllib.parse

import boto3
import psycopg2

env = os.environ
ssm = boto3.client("ssm", endpoint_url=env.get("AWS_ENDPOINT_URL_SSM"))  # older versions do not look there
password = ssm.get_parameter(Name=env["DB_PASSWORD_PARAMETER"], WithDecryption=True)


def connect():
    return psycopg2.connect(
        host=env["DB_HOST"],
        port=env["DB_PORT"],
        dbname=env["DB_DATABASE"],
        user=env["DB_USERNAME"],
        password=password["Parameter"]["Value"],
        sslmode="verify-full",
        sslrootcert=env["CA_FILE"],
    )


def handle(event):
    s3 = event["Records"][0]["s3"]
    table = env["DB_TABLE_NAME"]
    connection = connect()
    with connection, connection.cursor() as cursor:
        cursor.execute("TRUNCATE TABLE " + table)
        cursor.execute(
            "SELECT aws_s3.table_import_from_s3(%s, '', '(FORMAT csv, HEADER true)', %s, %s, %s)",
            (table, s3["bucket"]["name"], urllib.parse.unquote_plus(s3["object"]["key"]), env["AWS_REGION"]),
        )
    connection.close()
    return "loaded"


connect().close()
runtime = http.client.HTTPConnection(env["AWS_LAMBDA_RUNTIME_API"])
while True:
    runtime.request("GET", "/2018-06-01/runtime/invocation/next")
    invocation = runtime.getresponse()
    answer = handle(json.loads(invocation.read()))
    request = invocation.headers["Lambda-Runtime-Aws-Request-Id"]
    runtime.request("POST", f"/2018-06-01/runtime/invocation/{request}/response", json.dumps(answer))
    runtime.getresponse().read()
