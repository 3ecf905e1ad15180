-- The documented signatures and return text of aws_s3 on RDS and Aurora, and the errors that its users report:
-- https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/USER_PostgreSQL.S3Import.Reference.html
--
-- Set for the database by the sandbox:
--   sandbox.fetch_object             the shell command that writes an object to its standard output
--   sandbox.s3_endpoint              where the database reaches S3, as http://host:port
--   sandbox.s3_region                the region of every bucket
-- Set by a test, for the database or its own session:
--   sandbox.import_bytes_per_second  S3 sends no faster than this
--   sandbox.import_answer            what a successful import returns instead of its usual text
--   sandbox.import_sqlstate          the state of the extension's own errors instead of XX000
-- Faults:
--   sandbox.import_hang              for so many seconds the import does nothing and heeds no cancel
--   sandbox.import_fault             the import fails with this message,
--   sandbox.import_fault_detail      this detail
--   sandbox.import_fault_hint        and this hint; "CURL error code: 28" takes two attempts and their notices
--   sandbox.import_garble            the object comes broken, so that COPY fails with this state: 22P02 or 22P04
--   sandbox.import_fault_times       so many imports have the fault, and those after them have none

CREATE SCHEMA aws_s3;

CREATE FUNCTION aws_s3._setting(name text, otherwise text DEFAULT NULL) RETURNS text LANGUAGE sql STABLE
AS $$ SELECT coalesce(nullif(current_setting('sandbox.' || name, true), ''), otherwise) $$;

CREATE FUNCTION aws_s3._percent_encoded(path text) RETURNS text LANGUAGE sql IMMUTABLE
AS $$
  SELECT string_agg(
      CASE
        WHEN c ~ '[A-Za-z0-9/._~-]' COLLATE "C" THEN c
        ELSE upper(regexp_replace(encode(convert_to(c, 'UTF8'), 'hex'), '(..)', '%\1', 'g'))
      END, '' ORDER BY position)
    FROM regexp_split_to_table(path, '') WITH ORDINALITY AS characters (c, position)
$$;

-- A sequence, because it counts on when the transaction is rolled back.
CREATE SEQUENCE aws_s3._imports;

CREATE FUNCTION aws_s3._has_fault() RETURNS boolean LANGUAGE sql SECURITY DEFINER
AS $$
  SELECT aws_s3._setting('import_fault_times') IS NULL
    OR nextval('aws_s3._imports') <= aws_s3._setting('import_fault_times')::bigint
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

CREATE FUNCTION aws_s3._fail(message text) RETURNS void LANGUAGE plpgsql
AS $$
BEGIN
  IF message LIKE 'CURL error code: %' THEN
    FOR remaining IN REVERSE 1..0 LOOP
      RAISE NOTICE USING ERRCODE = 'XX000', MESSAGE =
        format('%s when attempting to validate pre-signed URL, %s attempt(s) remaining', message, remaining);
      RAISE NOTICE USING ERRCODE = 'XX000', MESSAGE =
        'HINT: make sure your instance is able to connect with S3.';
    END LOOP;
    message := 'Unable to generate pre-signed url, look at engine log for details.';
  END IF;
  IF aws_s3._setting('import_fault_detail', aws_s3._setting('import_fault_hint')) IS NULL THEN
    RAISE EXCEPTION USING ERRCODE = aws_s3._setting('import_sqlstate', 'XX000'), MESSAGE = message;
  END IF;
  RAISE EXCEPTION USING
    ERRCODE = aws_s3._setting('import_sqlstate', 'XX000'),
    MESSAGE = message,
    DETAIL = aws_s3._setting('import_fault_detail', ''),
    HINT = aws_s3._setting('import_fault_hint', '');
END
$$;

-- In no other function: after an error PL/pgSQL would hold a snapshot for the call of this one, and COPY refuses to
-- freeze within it.
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
  has_fault boolean := aws_s3._has_fault();
  result_file text := 'aws_s3_' || pg_backend_pid();
  program text := format(
    '%s ''%s/%s/%s'' %s %s %s',
    aws_s3._setting('fetch_object'),
    aws_s3._setting('s3_endpoint'), aws_s3._percent_encoded(bucket), aws_s3._percent_encoded(file_path),
    result_file,
    aws_s3._setting('import_bytes_per_second', '0'),
    CASE WHEN has_fault THEN aws_s3._setting('import_garble') END);
  result text;
  imported bigint;
BEGIN
  IF has_fault AND aws_s3._setting('import_hang') IS NOT NULL THEN
    EXECUTE format(
      'COPY (SELECT WHERE false) TO PROGRAM %L',
      format('trap "" INT TERM; sleep %s', aws_s3._setting('import_hang')));
  END IF;
  IF has_fault AND aws_s3._setting('import_fault') IS NOT NULL THEN
    PERFORM aws_s3._fail(aws_s3._setting('import_fault'));
  END IF;
  IF region IS DISTINCT FROM aws_s3._setting('s3_region') THEN
    PERFORM aws_s3._fail('Unable to validate pre-signed URL. Error: HTTP 301. Check your arguments and try again.');
  END IF;
  IF options ~* 'FREEZE' THEN
    -- Without a subtransaction, in which COPY would refuse that. So the program's failure is told by its last word, and
    -- a cancel is noticed behind COPY.
    EXECUTE format(
      'COPY %s%s FROM PROGRAM %L %s',
      table_name, ' (' || nullif(column_list, '') || ')', 'trap : INT TERM; ' || program || ' || true', options);
    GET DIAGNOSTICS imported = ROW_COUNT;
    result := aws_s3._take_result(result_file);
    IF coalesce(result, '') !~ '^\d+$' THEN
      PERFORM aws_s3._fail(coalesce(result, 'the program was ended'));
    END IF;
  ELSE
    BEGIN
      EXECUTE format(
        'COPY %s%s FROM PROGRAM %L %s', table_name, ' (' || nullif(column_list, '') || ')', program, options);
      GET DIAGNOSTICS imported = ROW_COUNT;
      result := aws_s3._take_result(result_file);
    EXCEPTION
      WHEN external_routine_exception THEN
        -- The program failed. Had it been ended by a cancel, that would be noticed here and end the statement.
        PERFORM aws_s3._fail(coalesce(aws_s3._take_result(result_file), SQLERRM));
      WHEN OTHERS THEN
        PERFORM aws_s3._take_result(result_file);
        RAISE;
    END;
  END IF;
  IF imported = 0 THEN
    PERFORM aws_s3._fail('Import from S3 failed, 0 rows were copied successfully');
  END IF;
  RETURN aws_s3._setting('import_answer', format(
    '%s rows imported into relation "%s" from file %s of %s bytes', imported, table_name, file_path, result));
END
$$;

-- As its users' errors show, this one is a function in SQL around another; with FROM, so that Postgres does not put
-- that in its place. A function in SQL holds a snapshot, and COPY refuses to freeze within it.
CREATE FUNCTION aws_s3.table_import_from_s3(
    table_name text,
    column_list text,
    options text,
    s3_info aws_commons._s3_uri_1,
    credentials aws_commons._aws_credentials_1 DEFAULT NULL)
  RETURNS text LANGUAGE sql
AS $$
  SELECT answer
  FROM aws_s3.table_import_from_s3(
    table_name, column_list, options, (s3_info).bucket, (s3_info).file_path, (s3_info).region) AS answer
$$;

REVOKE ALL ON FUNCTION
  aws_s3.table_import_from_s3(text, text, text, text, text, text, text, text, text),
  aws_s3.table_import_from_s3(text, text, text, aws_commons._s3_uri_1, aws_commons._aws_credentials_1)
  FROM PUBLIC;
