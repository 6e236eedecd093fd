"""POST a picture, get a PNG.

curl --data-binary @in.jpg localhost:8000 -o out.png
"""

from wsgiref.simple_server import make_server

from frisket import FrisketError, remove

LIMIT = 50_000_000  # bytes


def service(environ, start):
    size = min(int(environ.get("CONTENT_LENGTH") or 0), LIMIT)
    try:
        status, kind = "200 OK", "image/png"
        answer = remove(environ["wsgi.input"].read(max(0, size)), sandbox=True)
    except FrisketError as error:
        status, kind, answer = "422 Unprocessable Content", "text/plain", str(error).encode()
    start(status, [("Content-Type", kind), ("Content-Length", str(len(answer)))])
    return [answer]


if __name__ == "__main__":
    make_server("127.0.0.1", 8000, service).serve_forever()
