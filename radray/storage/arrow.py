"""pyarrow's file system on S3, for roles that may list a folder and not the whole bucket."""

from typing import Any

import pyarrow.fs as pafs

from radray.storage.s3 import CONNECT_TIMEOUT_S, SCHEME, STALL_TIMEOUT_S, Retries, S3Access, below, find


def s3_filesystem(access: S3Access) -> pafs.S3FileSystem:
    """Return pyarrow's file system of `access`.

    Pickled into another process it falls back to pyarrow's own, and to its own 3 attempts (neither what it asks by a
    listing nor the strategy is pickled); Ray Data, which does so, makes 10 attempts of its own at each operation.
    """
    filesystem = _ListingFileSystem(
        endpoint_override=access.endpoint,
        region=access.region,
        force_virtual_addressing=not access.path_style,
        connect_timeout=CONNECT_TIMEOUT_S,
        request_timeout=STALL_TIMEOUT_S,
        retry_strategy=Retries(),
    )
    filesystem.boto = access.boto()
    return filesystem


class _ListingFileSystem(pafs.S3FileSystem):
    """pyarrow's, but whether there is a file or a folder is asked by a listing, see `radray.storage.s3.find`.

    Ray Data asks it on the driver before it writes a folder: pyarrow sends a HEAD, gets 403, and the night ends.
    """

    boto: Any = None

    def get_file_info(self, paths_or_selector: Any) -> Any:
        """Return what is at a path, or at each of several; what is below a selector is pyarrow's to say."""
        if isinstance(paths_or_selector, pafs.FileSelector):
            return super().get_file_info(paths_or_selector)
        if isinstance(paths_or_selector, str):
            return self._info(paths_or_selector)
        return [self._info(path) for path in paths_or_selector]

    def _info(self, path: str) -> pafs.FileInfo:
        if next(below(self.boto, f"{SCHEME}{path}"), None) is not None:
            return pafs.FileInfo(path, pafs.FileType.Directory)
        entry = find(self.boto, f"{SCHEME}{path}")
        if entry is None:
            return pafs.FileInfo(path, pafs.FileType.NotFound)
        return pafs.FileInfo(path, pafs.FileType.File, size=entry.bytes, mtime=entry.modified)
