"""Archives whose bytes depend on nothing but what is in them."""

import datetime
import io
import zipfile
from collections.abc import Mapping


def archive(files: Mapping[str, str | bytes], day: datetime.date) -> bytes:
    """A zip archive of files, by their names, as of a day.

    Nothing is compressed, since compressors differ from machine to machine; over HTTP a content coding is.
    """
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_STORED) as made:
        for name in sorted(files):
            entry = zipfile.ZipInfo(name, (day.year, day.month, day.day, 0, 0, 0))
            entry.create_system = 3
            entry.external_attr = 0o644 << 16
            made.writestr(entry, files[name])
    return buffer.getvalue()
