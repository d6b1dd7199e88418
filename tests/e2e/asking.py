# SPDX-License-Identifier: GPL-2.0-only
"""One request, for tests that have to tell how it went wrong."""

import http.client


def ask(connection, path, headers, method="GET"):
    """(status, body, None), or (None, None, what went wrong). The connection is closed."""
    try:
        connection.request(method, path, headers=headers)
        answer = connection.getresponse()
        return answer.status, answer.read(), None
    except (OSError, http.client.HTTPException) as e:
        return None, None, f"no answer: {e!r}"
    finally:
        connection.close()
