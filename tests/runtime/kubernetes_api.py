"""A Kubernetes API on this machine that lists pods. Its certificate authority is like that of a cluster of EKS."""

import datetime
import ipaddress
import json
import ssl
import time
from collections.abc import Generator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any
from urllib.parse import parse_qs, urlsplit

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

PEM = serialization.Encoding.PEM


class Authority:
    """A certificate authority without key identifiers: https://github.com/awslabs/mcp/issues/3791"""

    def __init__(self) -> None:
        self._key = ec.generate_private_key(ec.SECP256R1())
        self._name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "kubernetes")])
        extension = x509.BasicConstraints(ca=True, path_length=None)
        certificate = _builder(self._name, self._name, self._key).add_extension(extension, critical=True)
        self.pem = certificate.sign(self._key, hashes.SHA256()).public_bytes(PEM)

    def certify(self, path: Path, address: str) -> Path:
        """Writes the certificate of a server with this address, and its private key."""
        key = ec.generate_private_key(ec.SECP256R1())
        subject = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "kube-apiserver")])
        names = x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address(address))])
        certificate = _builder(subject, self._name, key).add_extension(names, critical=False)
        private = key.private_bytes(PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
        path.write_bytes(certificate.sign(self._key, hashes.SHA256()).public_bytes(PEM) + private)
        return path


def _builder(subject: x509.Name, issuer: x509.Name, key: ec.EllipticCurvePrivateKey) -> x509.CertificateBuilder:
    now = datetime.datetime.now(datetime.timezone.utc)
    day = datetime.timedelta(days=1)
    builder = x509.CertificateBuilder(issuer, subject, key.public_key(), x509.random_serial_number())
    return builder.not_valid_before(now - day).not_valid_after(now + day)


def pod(name: str, *, minutes: float, **metadata: Any) -> dict[str, Any]:
    """A pod that was created so many minutes ago."""
    created = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() - 60 * minutes))
    return {"metadata": {"name": name, "namespace": "default", "creationTimestamp": created, **metadata}}


class KubernetesApi(ThreadingHTTPServer):
    """Lists the pods, page by page, as https://kubernetes.io/docs/reference/using-api/api-concepts/ has it."""

    def __init__(self, certificate: Path) -> None:
        super().__init__(("127.0.0.1", 0), _Answer)
        self.url = f"https://127.0.0.1:{self.server_address[1]}"
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate)
        self.socket = context.wrap_socket(self.socket, server_side=True)
        self.pods: list[dict[str, Any]] = []
        self.requests: list[tuple[dict[str, str], dict[str, str]]] = []
        """The query and the headers of each request."""
        self.refusals: dict[int, tuple[int, str]] = {}
        """Status and body of other answers, by the number of the request."""
        self.wait_seconds = 0.0

    def list(self, path: str, headers: dict[str, str]) -> tuple[int, str]:
        parts = urlsplit(path)
        query = {name: values[0] for name, values in parse_qs(parts.query, strict_parsing=True).items()}
        self.requests.append((query, headers))
        time.sleep(self.wait_seconds)
        if len(self.requests) in self.refusals:
            return self.refusals[len(self.requests)]
        if parts.path != "/api/v1/pods":
            return 404, "{}"
        begin = int(query.get("continue", "0"))
        end = begin + int(query["limit"])
        more = {"continue": str(end)} if end < len(self.pods) else {}
        found = {"kind": "PartialObjectMetadataList", "apiVersion": "meta.k8s.io/v1", "metadata": more}
        return 200, json.dumps({**found, "items": self.pods[begin:end]})


class _Answer(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        assert isinstance(self.server, KubernetesApi)
        status, text = self.server.list(self.path, dict(self.headers))
        body = text.encode()
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002
        pass


@contextmanager
def running(certificate: Path) -> Generator[KubernetesApi]:
    with KubernetesApi(certificate) as api:
        Thread(target=api.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
        yield api
        api.shutdown()
