"""A real S3 server (moto's) in this process, and an faulty proxy in front of it."""

from __future__ import annotations

import logging
import random
import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import Any

import boto3
from moto.server import DomainDispatcherApplication, create_backend_app
from werkzeug.serving import make_server

BUCKET = "datasets"
_SLOW_DOWN = (
    b'<?xml version="1.0" encoding="UTF-8"?><Error><Code>SlowDown</Code>'
    b"<Message>Please reduce your request rate.</Message></Error>"
)
_INTERNAL = _SLOW_DOWN.replace(b"SlowDown", b"InternalError")

Application = Callable[[dict[str, Any], Callable[..., Any]], Iterable[bytes]]


class FaultyStore:
    """Answers a share of all requests with 503 SlowDown or 500 InternalError."""

    def __init__(self, inner: Application, share: float) -> None:
        self.inner, self.share, self.refused, self.asked = inner, share, 0, 0
        self._chance = random.Random(1)

    def __call__(self, environ: dict[str, Any], answer: Callable[..., Any]) -> Iterable[bytes]:
        self.asked += 1
        if self._chance.random() < self.share:
            self.refused += 1
            environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
            slow = self.refused % 2
            answer("503 Slow Down" if slow else "500 Internal Server Error", [])
            return [_SLOW_DOWN if slow else _INTERNAL]
        return self.inner(environ, answer)


@contextmanager
def object_store(share: float = 0.0) -> Iterator[tuple[dict[str, str], FaultyStore, Any]]:
    """Serve S3; yield the environment for its clients, the proxy, and a boto3 client.

    ``share`` of the requests is refused, once the bucket is there.
    """
    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    faulty = FaultyStore(DomainDispatcherApplication(create_backend_app), 0.0)
    server = make_server("127.0.0.1", 0, faulty, threaded=True)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    url = f"http://127.0.0.1:{server.port}"
    environment = {
        "AWS_ENDPOINT_URL": url,
        "AWS_ACCESS_KEY_ID": "test",
        "AWS_SECRET_ACCESS_KEY": "test",
        "AWS_DEFAULT_REGION": "us-east-1",
    }
    client = boto3.client(
        "s3",
        endpoint_url=url,
        aws_access_key_id="test",
        aws_secret_access_key="test",
        region_name="us-east-1",
        config=boto3.session.Config(retries={"max_attempts": 20}),
    )
    client.create_bucket(Bucket=BUCKET)
    for key in keys(client):  # moto keeps its objects for as long as the process lives
        client.delete_object(Bucket=BUCKET, Key=key)
    faulty.share = share
    try:
        yield environment, faulty, client
    finally:
        faulty.share = 0.0
        server.shutdown()
        thread.join()
        server.server_close()


def keys(client: Any, prefix: str = "") -> list[str]:
    pages = client.get_paginator("list_objects_v2").paginate(Bucket=BUCKET, Prefix=prefix)
    return [item["Key"] for page in pages for item in page.get("Contents", ())]


def stored(client: Any, prefix: str) -> dict[str, bytes]:
    """Every object of a dataset but the working files, by its name below ``prefix``."""
    names = [key.removeprefix(prefix) for key in keys(client, prefix)]
    return {
        name: client.get_object(Bucket=BUCKET, Key=prefix + name)["Body"].read()
        for name in names
        if not name.startswith(("parts/", "logs/"))
    }
