"""Runs in a bucket: commands, pools and live runs, at a local S3 server, by its real client."""

from __future__ import annotations

import json
import os
import subprocess
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from inspect_ai.scorer import includes

from anytime.cli import main
from tests.inspect_annotating import plain_log, sums
from tests.inspect_runs import Cli, Run, inspect_command
from tests.inspect_runs import cli as cli  # a fixture
from tests.inspect_runs import run as run  # a fixture
from tests.killing import ended, started
from tests.small_runs import results_of, run_lm_eval

pytestmark = pytest.mark.slow

BUCKET = "runs"
TRIP = ("anytime/trip", "-T", "dataset=builtin", "--model", "anytime/planner")


@pytest.fixture(scope="module")
def server() -> Iterator[str]:
    moto = pytest.importorskip("moto.server")
    local = moto.ThreadedMotoServer(port=0)
    local.start()
    host, port = local.get_host_and_port()
    yield f"http://{host}:{port}"
    local.stop()


@pytest.fixture(scope="module")
def bucket(server: str) -> Iterator[Any]:
    """An empty bucket, and what leads its clients to it."""
    import boto3

    given = {
        "AWS_ACCESS_KEY_ID": "nobody",
        "AWS_SECRET_ACCESS_KEY": "nothing",
        "AWS_DEFAULT_REGION": "us-east-1",
        "AWS_ENDPOINT_URL": server,
    }
    with pytest.MonkeyPatch.context() as patch:
        for name, value in given.items():
            patch.setenv(name, value)
        client = boto3.client("s3")
        client.create_bucket(Bucket=BUCKET)
        yield client


def keys(bucket: Any, below: str = "") -> list[str]:
    held = bucket.list_objects_v2(Bucket=BUCKET, Prefix=below).get("Contents", [])
    return sorted(one["Key"] for one in held)


@pytest.fixture(scope="module")
def live(bucket: Any, tmp_path_factory: pytest.TempPathFactory) -> str:
    """A run whose log is written there by Inspect itself."""
    folder = tmp_path_factory.mktemp("live")
    where = f"s3://{BUCKET}/live"
    done = inspect_command(("eval", *TRIP, "--limit", 4, "--epochs", 2, "--log-dir", where), folder)
    assert done.returncode == 0, done.stderr
    return where


def said(capsys: pytest.CaptureFixture[str], *words: str) -> str:
    main(list(words))
    out, err = capsys.readouterr()
    assert err == ""
    return out


def test_a_run_is_read_where_it_was_written(
    live: str, bucket: Any, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """By folder, by pattern, by name, by INSPECT_LOG_DIR: the same as its copy here."""
    (key,) = (key for key in keys(bucket) if key.startswith("live/"))
    copy = tmp_path / "copy.eval"
    bucket.download_file(BUCKET, key, str(copy))
    (here,) = json.loads(said(capsys, "summary", "--json", str(copy)))
    for name in (live, f"{live}/*.eval", f"s3://{BUCKET}/{key}"):
        (there,) = json.loads(said(capsys, "summary", "--json", name))
        assert {**there, "log": here["log"]} == here
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("INSPECT_LOG_DIR", live)
        (there,) = json.loads(said(capsys, "summary", "--json"))
    assert {**there, "log": here["log"]} == here


@pytest.mark.parametrize("name", ["rows.parquet", "rows.csv", "rows.jsonl"])
def test_rows_are_written_there_and_read_back(
    live: str, bucket: Any, capsys: pytest.CaptureFixture[str], name: str
) -> None:
    where = f"s3://{BUCKET}/out/{name}"
    assert f"48 rows of 1 run written to {where}" in said(capsys, "results", live, "-o", where)
    (run,) = json.loads(said(capsys, "summary", "--json", live))
    (read,) = json.loads(said(capsys, "summary", "--json", where))
    assert read["anytime_index"] == pytest.approx(run["anytime_index"], abs=1e-12)
    with pytest.raises(SystemExit):
        main(["results", live, "-o", where])
    assert "is there already" in capsys.readouterr().err


def test_pages_tables_and_pairs_are_written_there(
    live: str, bucket: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    out = f"s3://{BUCKET}/made"
    said(capsys, "report", live, "-o", f"{out}/report.html")
    said(capsys, "export", live, "--format", "csv", "-o", f"{out}/board.csv")
    said(capsys, "compare", live, live, "--html", f"{out}/compare.html")
    held = {key.removeprefix("made/") for key in keys(bucket) if key.startswith("made/")}
    assert held == {"report.html", "board.csv", "compare.html"}
    page = bucket.get_object(Bucket=BUCKET, Key="made/report.html")["Body"].read()
    assert b"<html" in page[:200].lower()


def test_a_pool_lies_there(live: str, bucket: Any, cli: Cli) -> None:
    dev = f"s3://{BUCKET}/dev"
    done = cli("eval", *TRIP, "-T", "split=dev", "--limit", 4, "--epochs", 4, "--log-dir", dev)
    assert done.returncode == 0, done.stderr
    shown = ("--solver", "anytime/pdp", "-S", f"pool={dev}")
    done = cli("eval", *TRIP, "-T", "split=test", "--limit", 2, *shown, "--log-dir", f"{dev}-pdp")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "anytime_index" in done.stdout


def test_a_log_of_others_is_annotated_there(
    bucket: Any, run: Run, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    log = plain_log(run, sums(includes()))
    bucket.upload_file(str(log), BUCKET, "plain/sums.eval")
    grid = ("--budgets", "2,4,8,16")
    main(["annotate", f"s3://{BUCKET}/plain", "-o", f"s3://{BUCKET}/annotated", *grid])
    assert f"s3://{BUCKET}/annotated/sums.eval: 2 traces" in capsys.readouterr().out
    main(["annotate", str(log), "-o", str(tmp_path / "here"), *grid])
    capsys.readouterr()
    (there,) = json.loads(said(capsys, "summary", "--json", f"s3://{BUCKET}/annotated"))
    (here,) = json.loads(said(capsys, "summary", "--json", str(tmp_path / "here")))
    assert {**there, "log": here["log"], "run": here["run"]} == here


def test_files_of_lm_eval_are_read_there(
    bucket: Any, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """lm-eval writes here alone: what was copied there later is read, by folder, file or run."""
    samples = run_lm_eval(tmp_path)
    capsys.readouterr()
    for file in samples.parent.iterdir():
        bucket.upload_file(str(file), BUCKET, f"lm/{file.name}")
    (here,) = json.loads(said(capsys, "summary", "--json", str(samples)))
    folder = f"s3://{BUCKET}/lm"
    for name in (folder, f"{folder}/{samples.name}", f"{folder}/{results_of(samples).name}"):
        (there,) = json.loads(said(capsys, "summary", "--json", name))
        assert {**there, "log": here["log"]} == here


def test_a_log_there_is_handed_back(bucket: Any, run: Run, cli: Cli) -> None:
    log = plain_log(run, sums(includes()))
    bucket.upload_file(str(log), BUCKET, "plain/again.eval")
    named = ("-T", f"log=s3://{BUCKET}/plain/again.eval", "-T", "budgets=2,4")
    done = cli("eval", "anytime/annotate", *named, "--model", "anytime/guesser")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "anytime_index" in done.stdout


def test_what_is_not_there_is_told(bucket: Any, capsys: pytest.CaptureFixture[str]) -> None:
    for name, told in {
        f"s3://{BUCKET}/nothing": "there is no log",
        f"s3://{BUCKET}/nothing/*.eval": "nothing is named like",
        "s3://nobodys/logs": "there is no log",
    }.items():
        with pytest.raises(SystemExit):
            main(["summary", name])
        assert told in capsys.readouterr().err


def test_transcripts_are_not_fetched(bucket: Any, live: str, run: Run, tmp_path: Path) -> None:
    """Most of a large log is its samples' transcripts, behind all that a summary needs."""
    from anytime.logs.inspect_ai import log_file
    from anytime.places import place

    (key,) = (key for key in keys(bucket) if key.startswith("live/"))
    small = tmp_path / "small.eval"
    bucket.download_file(BUCKET, key, str(small))
    large = tmp_path / "large.eval"
    noise = json.dumps({"text": os.urandom(4 << 20).hex()}).encode()
    with zipfile.ZipFile(small) as source, zipfile.ZipFile(large, "w") as made:
        for name in source.namelist():
            data = source.read(name)
            if name.startswith("samples/"):
                data = data.replace(b',"events":[', b',"events":[' + noise + b",", 1)
            made.writestr(name, data)
    bucket.upload_file(str(large), BUCKET, "large/large.eval")
    size = large.stat().st_size
    assert size > 64 << 20
    fetched = 0

    original = log_file.opened

    def counted(path: Path, *block: int) -> Any:
        nonlocal fetched
        file: Any = original(path, *block)
        fetch = file.cache.fetcher

        def noted(start: int, end: int) -> bytes:
            nonlocal fetched
            got: bytes = fetch(start, end)
            fetched += len(got)
            return got

        file.cache.fetcher = noted
        return file

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(log_file, "opened", counted)
        log = log_file.InspectLog(place(f"s3://{BUCKET}/large/large.eval"))
        there = list(log.samples())
    assert there == list(log_file.InspectLog(small).samples())
    assert 0 < fetched < size / 10


TRIPS = ("anytime/trip", "-T", "dataset=builtin", "--limit", "4", "--epochs", "2")
WORKERS = {"a": "anytime/planner", "b": "anytime/simulated"}


@pytest.mark.parametrize("own_folders", [False, True], ids=["one folder", "a folder each"])
def test_two_workers_of_an_eval_set_share_a_bucket(
    bucket: Any, tmp_path: Path, capsys: pytest.CaptureFixture[str], own_folders: bool
) -> None:
    """As docs/scale.md starts them: each has a model, and what they leave is read as one."""
    night = f"night-{own_folders}"
    where = f"s3://{BUCKET}/{night}"

    def begin(worker: str) -> subprocess.Popen[str]:
        folder = f"{where}/{worker}" if own_folders else where
        shared = () if own_folders else ("--log-dir-allow-dirty",)
        words = ("eval-set", *TRIPS, "--model", WORKERS[worker], "--log-dir", folder, *shared)
        return started(["inspect", *words], tmp_path / worker)

    for beside in [begin(worker) for worker in WORKERS]:
        ended(beside)
    (first, second) = logs = [key for key in keys(bucket, night) if key.endswith(".eval")]
    found = json.loads(said(capsys, "summary", "--json", where))
    assert {one["model"]: one["traces"] for one in found} == dict.fromkeys(WORKERS.values(), 8)
    assert len(found) == 2
    assert len({one["run"] for one in found}) == 2

    rows = f"{where}-rows"
    told = said(capsys, "results", where, "-o", f"{rows}/")
    assert (
        told
        == f"{sum(8 * len(one['quality']) for one in found)} rows of 2 runs written to {rows}\n"
    )
    read = json.loads(said(capsys, "summary", "--json", f"{rows}/"))
    index = {one["run"]: one["anytime_index"] for one in found}
    assert {one["run"]: one["anytime_index"] for one in read} == pytest.approx(index, abs=1e-12)

    named = [f"s3://{BUCKET}/{key}" for key in logs]
    (compared,) = json.loads(said(capsys, "compare", "--json", *named))
    assert (compared["problems"], compared["traces"]) == (4, [8, 8])
    ended(begin("a"))  # what is done is not done again
    assert [key for key in keys(bucket, night) if key.endswith(".eval")] == [first, second]
