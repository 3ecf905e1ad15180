"""Has the loader that the first argument names replace a table's rows by those of a CSV file."""

import os
import subprocess
import sys
import tempfile
from pathlib import Path

loader, file, table, address = sys.argv[1:]
os.environ.update(RUNTIME__DLTHUB_TELEMETRY="false", SLING_DISABLE_TELEMETRY="true")


def by_duckdb():
    import duckdb
    from duckdb_extensions import import_extension

    connection = duckdb.connect()
    import_extension("postgres_scanner", con=connection)
    connection.execute("LOAD postgres_scanner")
    connection.execute(f"ATTACH '{address}' AS target (TYPE postgres)")
    connection.execute("BEGIN")
    connection.execute(f"CALL postgres_execute('target', 'TRUNCATE {table}')")
    connection.execute(f"INSERT INTO target.public.{table} BY NAME SELECT * FROM read_csv('{file}')")
    connection.execute("COMMIT")


def by_dlt():
    import dlt
    import pyarrow
    from pyarrow import csv

    @dlt.resource(name=table, write_disposition="replace")
    def rows():
        for batch in csv.open_csv(file):
            yield pyarrow.Table.from_batches([batch])

    with tempfile.TemporaryDirectory() as folder:
        target = dlt.destinations.postgres(address.replace("@", ":any@", 1))  # It insists on a password.
        pipeline = dlt.pipeline("peers", pipelines_dir=folder, destination=target, dataset_name="public")
        pipeline.run(rows(), loader_file_format="csv").raise_on_failed_jobs()


def by_sling():
    program = next(Path(sys.prefix).glob("lib/*/site-packages/sling_linux_*/bin/sling-linux-*"))
    program.chmod(0o755)
    target = ["--tgt-conn", address + "?sslmode=require", "--tgt-object", "public." + table]
    subprocess.run([program, "run", "--src-stream", "file://" + file, *target, "--mode", "truncate"], check=True)


{"duckdb": by_duckdb, "dlt": by_dlt, "sling": by_sling}[loader]()
