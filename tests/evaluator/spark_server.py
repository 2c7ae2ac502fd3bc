"""A Spark Connect server with tables in its catalog, for the test that asks one; it ends when its input does.

python spark_server.py PORT FOLDER: each Parquet file of the folder becomes a table of the schema `lake`.
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

from pyspark.sql import SparkSession


def main(port: str, folder: str) -> None:
    """Serve until the standard input is closed."""
    with tempfile.TemporaryDirectory() as place:
        session = (
            SparkSession.builder.master("local[2]")
            .config("spark.plugins", "org.apache.spark.sql.connect.SparkConnectPlugin")
            .config("spark.connect.grpc.binding.port", port)
            .config("spark.ui.enabled", "false")
            .config("spark.driver.host", "127.0.0.1")
            .config("spark.driver.bindAddress", "127.0.0.1")
            .config("spark.sql.warehouse.dir", place)
            .config("spark.sql.shuffle.partitions", "1")
            .getOrCreate()
        )
        session.sql("CREATE DATABASE lake")
        for path in sorted(Path(folder).glob("*.parquet")):
            session.read.parquet(path.resolve().as_uri()).write.saveAsTable(f"lake.{path.stem}")
        print("ready", flush=True)  # noqa: T201 - whoever started it waits for this
        sys.stdin.read()
        session.stop()


if __name__ == "__main__":
    main(*sys.argv[1:])
