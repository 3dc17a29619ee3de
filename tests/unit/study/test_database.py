"""The storage's URL: what is accepted, and that its secrets are never spoken of."""

from __future__ import annotations

from pathlib import Path

import pytest

from mlforge.errors import StudyError
from mlforge.study.memory.database import open_database, redacted, scrubbed, storage_url
from tests.programs.require import require_packages

SECRETS = [
    ("postgresql://me:pw1@db/x", "postgresql://me@db/x", ["pw1"]),
    ("postgresql+psycopg://me:p%40w@db:5432/x?sslmode=require", "postgresql+psycopg://me@db:5432/x", ["p%40w", "p@w"]),
    ("postgresql://me:a/b@c@db/x", "postgresql://me@db/x", ["a/b@c"]),
    ("postgresql://db/x?user=me&password=pw2", "postgresql://db/x", ["pw2"]),
    ("postgresql://db/x?sslpassword=pw3", "postgresql://db/x", ["pw3"]),
    ("postgresql://me@db/x", "postgresql://me@db/x", []),
    ("sqlite:////app/study.db", "sqlite:////app/study.db", []),
]


@pytest.mark.parametrize(("url", "shown", "secrets"), SECRETS)
def test_secrets_are_cut_out(url: str, shown: str, secrets: list[str]) -> None:
    assert redacted(url) == shown
    said = scrubbed(f"cannot connect to {url} with {' or '.join(secrets)}", url)
    assert shown in said
    assert not any(secret in said for secret in secrets)


@pytest.mark.parametrize("given", ["mysql://me:pw4@db/x", "me:pw4@db", "postgresql", "redis://:pw4@db"])
def test_other_storages_are_refused_without_repeating_them(tmp_path: Path, given: str) -> None:
    with pytest.raises(StudyError, match="does not know this kind of storage URL") as caught:
        storage_url(tmp_path, given)
    assert "pw4" not in str(caught.value)


def test_the_default_lies_beside_the_app(tmp_path: Path) -> None:
    assert storage_url(tmp_path) == f"sqlite:///{tmp_path / '.mlforge' / 'study.db'}"
    assert storage_url(tmp_path, "sqlite:////elsewhere.db") == "sqlite:////elsewhere.db"


def test_a_server_that_is_not_there_is_a_clear_error() -> None:
    require_packages("psycopg")
    with pytest.raises(StudyError, match=r"cannot open the study in postgresql://me@127\.0\.0\.1:1/x") as caught:
        open_database("postgresql://me:pw5@127.0.0.1:1/x")
    assert "pw5" not in str(caught.value)
    assert "is the server running" in str(caught.value)
