"""S3 as it is: throttled, failing, silent. Imported where an ``s3://`` path is first used.

botocore and s3fs each retry some of what may go wrong; the one loop kept here is s3fs's, for
everything that passes by itself. And neither of them ever gives up on a server that accepts a
request and then says nothing (s3fs 2026.9, botocore 1.43: ``Expect: 100-continue`` and writes have
no time limit), so each attempt has one.
"""

from __future__ import annotations

import asyncio
from typing import Any

import fsspec
import s3fs
import s3fs.core
from botocore.exceptions import ClientError, HTTPClientError
from botocore.exceptions import ConnectionError as BotoConnectionError
from botocore.handlers import add_expect_header

from renderer.errors import UserError

# botocore's own retries are off; ours wait 0.1 s, then 1.7 times longer each time: 30 s in all.
OPTIONS: dict[str, Any] = {
    "use_listings_cache": False,  # other machines write there too
    "config_kwargs": {
        "retries": {"total_max_attempts": 1, "mode": "standard"},
        "connect_timeout": 10,
    },
}
_ATTEMPTS = 10
# For one request, of at most one part of an upload: 1 MiB takes less on any line worth using.
_ATTEMPT_LIMIT_S = 120.0


def is_transient(error: BaseException) -> bool:
    """Tell whether a request that failed so is worth repeating."""
    if isinstance(error, ClientError):
        status = error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)
        return status in (408, 429) or status >= 500
    return isinstance(error, BotoConnectionError | HTTPClientError | ConnectionError)


class RetryingS3(s3fs.S3FileSystem):  # type: ignore[misc]
    """s3fs with a limit on each attempt and enough attempts."""

    retries = _ATTEMPTS

    async def set_session(self, refresh: bool = False, kwargs: dict[str, Any] | None = None) -> Any:
        """Give the client its limit; s3fs calls this before every request."""
        had = self._s3
        client = await super().set_session(refresh=refresh, kwargs=kwargs or {})
        if client is not had:
            client.meta.events.unregister("before-call.s3", add_expect_header)
            call = client._make_api_call

            async def limited(*arguments: Any, **named: Any) -> Any:
                return await asyncio.wait_for(call(*arguments, **named), _ATTEMPT_LIMIT_S)

            client._make_api_call = limited
        return client

    _connect = set_session
    connect = fsspec.asyn.sync_wrapper(set_session)


def check_bucket(bucket: str) -> None:
    """Ask for a bucket, with little patience: a wrong name or address should not take minutes.

    Raises:
        UserError: there is no such bucket.
        ConnectionError: there is no answer.

    """
    if not bucket:
        raise UserError("it names no bucket: give s3://bucket/run")
    first = RetryingS3(skip_instance_cache=True, **OPTIONS)
    first.retries = 3
    try:
        first.call_s3("head_bucket", Bucket=bucket)
    except FileNotFoundError:
        raise UserError(f"there is no bucket {bucket}: create it, or check the name") from None
    except PermissionError:
        pass  # a key that may write there need not be allowed to ask
    except Exception as error:  # botocore's are no OSErrors
        raise ConnectionError(f"s3://{bucket}: the store does not answer ({error})") from None


s3fs.core.set_custom_error_handler(is_transient)
fsspec.register_implementation("s3", RetryingS3, clobber=True)
