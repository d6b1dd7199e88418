# SPDX-License-Identifier: GPL-2.0-only
"""Sends one request, for tests that need to know how it failed."""

import http.client


def ask(connection, path, headers, method="GET"):
    """Returns (status, body, None), or (None, None, error). Closes the connection."""
    try:
        connection.request(method, path, headers=headers)
        answer = connection.getresponse()
        return answer.status, answer.read(), None
    except (OSError, http.client.HTTPException) as e:
        return None, None, f"no answer: {e!r}"
    finally:
        connection.close()
