-- The documented signatures, return text and behaviour of aws_s3 on RDS and Aurora:
-- https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/USER_PostgreSQL.S3Import.Reference.html
--
-- Set for the database by the sandbox:
--   sandbox.fetch_object             the shell command that writes an object to its standard output
--   sandbox.s3_endpoint              where the database reaches S3, as http://host:port
--   sandbox.s3_region                the region of every bucket
-- Set by a test, for the database or its own session:
--   sandbox.import_fault             the import fails at once with this message
--   sandbox.import_fault_hint        and this hint
--   sandbox.import_bytes_per_second  S3 sends no faster than this

CREATE SCHEMA aws_s3;

CREATE FUNCTION aws_s3._percent_encoded(path text) RETURNS text LANGUAGE sql IMMUTABLE
AS $$
  SELECT string_agg(
      CASE
        WHEN c ~ '[A-Za-z0-9/._~-]' COLLATE "C" THEN c
        ELSE upper(regexp_replace(encode(convert_to(c, 'UTF8'), 'hex'), '(..)', '%\1', 'g'))
      END, '' ORDER BY position)
    FROM regexp_split_to_table(path, '') WITH ORDINALITY AS characters (c, position)
$$;

-- The fetching program's last word, a byte count or what went wrong; NULL when it was ended before it had one.
-- Runs as the extension's owner, because a file of the server is read and removed.
CREATE FUNCTION aws_s3._take_result(file text) RETURNS text LANGUAGE plpgsql SECURITY DEFINER
  SET search_path = pg_catalog
AS $$
DECLARE
  result text := pg_read_file(file, 0, 1000, true);
BEGIN
  BEGIN
    EXECUTE format('COPY (SELECT WHERE false) TO PROGRAM %L', format('rm -f %s', file));
  EXCEPTION WHEN external_routine_exception THEN
    NULL; -- A signal for this backend may end the program; the next import writes the file anew.
  END;
  RETURN result;
END
$$;

CREATE FUNCTION aws_s3.table_import_from_s3(
    table_name text,
    column_list text,
    options text,
    bucket text,
    file_path text,
    region text,
    access_key text DEFAULT NULL,
    secret_key text DEFAULT NULL,
    session_token text DEFAULT NULL)
  RETURNS text LANGUAGE plpgsql
AS $$
DECLARE
  fault text := current_setting('sandbox.import_fault', true);
  result_file text := 'aws_s3_' || pg_backend_pid();
  program text := format(
    '%s ''%s/%s/%s'' %s %s',
    current_setting('sandbox.fetch_object'),
    current_setting('sandbox.s3_endpoint'), aws_s3._percent_encoded(bucket), aws_s3._percent_encoded(file_path),
    result_file,
    coalesce(nullif(current_setting('sandbox.import_bytes_per_second', true), ''), '0'));
  result text;
  imported bigint;
BEGIN
  IF fault <> '' THEN
    RAISE internal_error USING MESSAGE = fault, HINT = coalesce(current_setting('sandbox.import_fault_hint', true), '');
  END IF;
  IF region IS DISTINCT FROM current_setting('sandbox.s3_region') THEN
    RAISE internal_error USING MESSAGE = 'HTTP 301. Check your arguments and try again.';
  END IF;
  BEGIN
    EXECUTE format(
      'COPY %s%s FROM PROGRAM %L %s', table_name, ' (' || nullif(column_list, '') || ')', program, options);
    GET DIAGNOSTICS imported = ROW_COUNT;
  EXCEPTION
    WHEN external_routine_exception THEN
      -- The program failed. Had it been ended by a cancel, that would be noticed here and end the statement.
      result := aws_s3._take_result(result_file);
      RAISE internal_error USING MESSAGE = coalesce(result, SQLERRM);
    WHEN OTHERS THEN
      PERFORM aws_s3._take_result(result_file);
      RAISE;
  END;
  RETURN format(
    '%s rows imported into relation "%s" from file %s of %s bytes',
    imported, table_name, file_path, aws_s3._take_result(result_file));
END
$$;

CREATE FUNCTION aws_s3.table_import_from_s3(
    table_name text,
    column_list text,
    options text,
    s3_info aws_commons._s3_uri_1,
    credentials aws_commons._aws_credentials_1 DEFAULT NULL)
  RETURNS text LANGUAGE sql
AS $$
  SELECT aws_s3.table_import_from_s3(
    table_name, column_list, options, (s3_info).bucket, (s3_info).file_path, (s3_info).region)
$$;
