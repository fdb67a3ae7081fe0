"""A small cut of the public log: another directory of the same form, with fewer viewers and days."""

from __future__ import annotations

from pathlib import Path

import duckdb

DATA = Path("data/kuairand-pure")
TWO_DAYS = {
    "impressions": "date in (20220430, 20220501) and user_id < 3000",
    "sequences": "user_id < 300",
    "videos": "true",
    "users": "true",
}


def cut(directory: Path, where: dict[str, str]) -> Path:
    """Write the rows that satisfy these conditions into a directory."""
    with duckdb.connect() as connection:
        for name, condition in where.items():
            connection.execute(
                f"copy (select * from '{DATA / name}.parquet' where {condition}) "
                f"to '{directory / name}.parquet' (format parquet)"
            )
    return directory
