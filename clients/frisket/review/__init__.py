"""The review page of a batch: served on this machine for a person's eye, or exported as one file.

It stands on the standard library's `http.server` on purpose. The page serves one person on the
loopback, so what a larger server brings is of no use, while a dependency would be one more thing
that can be missing from a small installation. What `http.server` lacks is made here: `http`
(bounded requests, routes), `guard` (who may ask), `server` (bounded threads and waits).
"""
