"""The download room against a real server on this machine."""

import platform
import socket
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import httpx
import pytest

from anytime.domains.sources import cache_dir, download, git_blob_id, read_text, sha256_id
from anytime.errors import AnytimeError, DatasetUnavailableError

CONTENT = b"id,question\n1,why?\n"


@pytest.fixture
def server(monkeypatch, tmp_path):
    """Serves CONTENT at /good and at /moved by a redirect, 404 elsewhere; counts requests."""
    monkeypatch.setenv("ANYTIME_CACHE_DIR", str(tmp_path / "cache"))

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self):
            self.server.paths.append(self.path)
            self.send_response({"/good": 200, "/moved": 302}.get(self.path, 404))
            if self.path == "/moved":
                self.send_header("Location", "/good")
            self.end_headers()
            if self.path == "/good":
                self.wfile.write(CONTENT)

        def log_message(self, *args):
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as running:
        running.paths = []
        running.url = f"http://127.0.0.1:{running.server_port}"
        thread = threading.Thread(target=running.serve_forever, args=(0.01,))
        thread.start()
        yield running
        running.shutdown()
        thread.join()


def kept():
    return [p.name for p in sorted(cache_dir().glob("[!.]*"))] if cache_dir().exists() else []


@pytest.mark.parametrize("identify", [sha256_id, git_blob_id])
def test_good_download_is_kept_and_used_again(server, identify):
    expected = identify(CONTENT)
    for _ in range(2):
        assert download(f"{server.url}/good", "The set", expected, identify) == CONTENT
    assert server.paths == ["/good"]
    assert kept() == [expected]


def test_redirect_is_followed(server):
    assert download(f"{server.url}/moved", "The set", sha256_id(CONTENT), sha256_id) == CONTENT


def test_damaged_copy_is_fetched_again(server):
    expected = sha256_id(CONTENT)
    cache_dir().mkdir()
    (cache_dir() / expected).write_bytes(CONTENT[:5])
    assert download(f"{server.url}/good", "The set", expected, sha256_id) == CONTENT
    assert (cache_dir() / expected).read_bytes() == CONTENT


def test_other_content_is_refused_and_not_kept(server):
    with pytest.raises(DatasetUnavailableError, match="is not the pinned file"):
        download(f"{server.url}/good", "The set", "0" * 64, sha256_id)
    assert kept() == []


def test_missing_page_is_one_sentence(server):
    with pytest.raises(DatasetUnavailableError, match="The set could not be downloaded") as caught:
        download(f"{server.url}/none", "The set", "0" * 64, sha256_id)
    assert "404" in str(caught.value)
    assert "\n" not in str(caught.value)
    assert kept() == []


def test_refused_connection_is_one_sentence(server):
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))  # bound and not listening: nobody else gets the port
        url = f"http://127.0.0.1:{unused.getsockname()[1]}/x"
        with pytest.raises(DatasetUnavailableError, match="could not be downloaded") as caught:
            download(url, "The set", "0" * 64, sha256_id)
    assert "\n" not in str(caught.value)
    assert caught.value.__suppress_context__


def test_where_nothing_can_be_kept_what_was_verified_is_used(server):
    cache_dir().write_text("a file where the directory would be")
    with pytest.warns(UserWarning, match="verified and is used, but cannot be kept") as told:
        found = download(f"{server.url}/good", "The set", sha256_id(CONTENT), sha256_id)
    assert found == CONTENT
    assert len(told) == 1
    assert "ANYTIME_CACHE_DIR names a directory" in str(told[0].message)


def test_those_who_begin_together_download_once(server):
    expected, found = sha256_id(CONTENT), []

    def one():
        found.append(download(f"{server.url}/good", "The set", expected, sha256_id))

    together = [threading.Thread(target=one) for _ in range(6)]
    for thread in together:
        thread.start()
    for thread in together:
        thread.join()
    assert found == [CONTENT] * 6
    assert server.paths == ["/good"]


def test_parts_of_killed_processes_are_removed(server):
    expected = sha256_id(CONTENT)
    cache_dir().mkdir()
    here = "".join(c for c in platform.node() if c.isalnum()) or "here"
    part = cache_dir() / f".{expected}.{here}-999999999.part"
    part.write_bytes(CONTENT[:3])
    download(f"{server.url}/good", "The set", expected, sha256_id)
    assert not part.exists()


def test_a_connection_is_waited_for_a_few_seconds_alone(monkeypatch):
    waited = {}

    def get(url, **options):
        waited.update(options)
        raise httpx.ConnectTimeout("")

    monkeypatch.setattr(httpx, "get", get)
    with pytest.raises(DatasetUnavailableError, match="ConnectTimeout"):
        download("http://192.0.2.1/x", "The set", "0" * 64, sha256_id)
    assert waited["timeout"].connect <= 5
    assert waited["timeout"].read >= 30


def test_ids_are_those_of_git_and_sha256sum():
    assert git_blob_id(b"hello\n") == "ce013625030ba8dba906f756967f9e9ca394464a"
    assert sha256_id(b"") == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"


def test_text_of_a_file_loses_its_byte_order_mark(tmp_path):
    file = tmp_path / "a.csv"
    file.write_bytes("\ufeffé".encode())
    assert read_text(file) == "é"
    with pytest.raises(AnytimeError, match="cannot be read"):
        read_text(tmp_path)
