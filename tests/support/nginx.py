"""A real nginx in front of a server: one process, plain or with TLS, until the block ends."""

from __future__ import annotations

import shutil
import socket
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

_CONFIG = """
daemon off;
master_process off;
pid {folder}/nginx.pid;
error_log {folder}/error.log info;
events {{}}
http {{
    access_log off;
    client_body_temp_path {folder}/body;
    proxy_temp_path {folder}/proxy;
    fastcgi_temp_path {folder}/fastcgi;
    uwsgi_temp_path {folder}/uwsgi;
    scgi_temp_path {folder}/scgi;
    server {{
        listen 127.0.0.1:{port}{tls};
        {certificate}
{locations}
    }}
}}
"""


@contextmanager
def nginx(folder: Path, locations: str, *, tls: bool = False) -> Iterator[str]:
    """
    nginx with *locations* on a free port of loopback; yields its address, no slash at the end.

    With *tls* it has a certificate of its own making for localhost.
    """
    program = shutil.which("nginx") or "/usr/sbin/nginx"
    folder.mkdir()
    port = _free_port()
    config = folder / "nginx.conf"
    config.write_text(
        _CONFIG.format(
            folder=folder,
            port=port,
            locations=locations,
            tls=" ssl" if tls else "",
            certificate=_certificate(folder) if tls else "",
        )
    )
    process = subprocess.Popen([program, "-p", str(folder), "-c", str(config)])
    try:
        _wait(process, port, folder)
        yield f"{'https' if tls else 'http'}://localhost:{port}"
    finally:
        process.terminate()
        process.wait(10)


def _certificate(folder: Path) -> str:
    key, certificate = folder / "key.pem", folder / "certificate.pem"
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1",
         "-nodes", "-days", "2", "-subj", "/CN=localhost", "-keyout", key, "-out", certificate],
        check=True, capture_output=True,
    )  # fmt: skip
    return f"ssl_certificate {certificate}; ssl_certificate_key {key};"


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _wait(process: subprocess.Popen[bytes], port: int, folder: Path) -> None:
    """Until it takes connections: it says so nowhere, so it is asked."""
    while process.poll() is None:
        with socket.socket() as probe:
            probe.settimeout(10)
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
    raise AssertionError(f"nginx ended with {process.returncode}: {folder / 'error.log'}")
