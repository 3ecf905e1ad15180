-- The types and constructors that AWS documents:
-- https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/USER_PostgreSQL.S3Import.Reference.html

CREATE SCHEMA aws_commons;

CREATE TYPE aws_commons._s3_uri_1 AS (bucket text, file_path text, region text);

CREATE TYPE aws_commons._aws_credentials_1 AS (access_key text, secret_key text, session_token text);

CREATE FUNCTION aws_commons.create_s3_uri(bucket text, file_path text, region text)
  RETURNS aws_commons._s3_uri_1 LANGUAGE sql IMMUTABLE
  AS 'SELECT ROW(bucket, file_path, region)::aws_commons._s3_uri_1';

CREATE FUNCTION aws_commons.create_aws_credentials(access_key text, secret_key text, session_token text)
  RETURNS aws_commons._aws_credentials_1 LANGUAGE sql IMMUTABLE
  AS 'SELECT ROW(access_key, secret_key, session_token)::aws_commons._aws_credentials_1';

REVOKE ALL ON ALL FUNCTIONS IN SCHEMA aws_commons FROM PUBLIC;
