"""A responder that answers something else than the one behind it."""

import base64
import http.client
import http.server
import threading
import urllib.parse

UNAUTHORIZED = bytes.fromhex("30030a0106")
PASSED_ON = ("Content-Type", "Cache-Control", "ETag")


class AlteringProxy:
    """Passes OCSP and CRLs on to `url`. Use as a context manager.

    `ocsp(request, answer)` and `crl(path, body)` return what to say instead.
    """

    def __init__(self, url, ocsp=None, crl=None):
        self.upstream = urllib.parse.urlsplit(url)
        self.ocsp = ocsp or (lambda request, answer: answer)
        self.crl = crl or (lambda path, body: body)
        proxy = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self):
                request = self.rfile.read(int(self.headers["Content-Length"]))
                self.answer(*proxy.ask("POST", self.path, request),
                            lambda answer: proxy.ocsp(request, answer))

            def do_GET(self):
                if self.path.startswith("/crl/"):
                    self.answer(*proxy.ask("GET", self.path),
                                lambda body: proxy.crl(self.path, body))
                    return
                request = base64.b64decode(urllib.parse.unquote(self.path.lstrip("/")))
                self.answer(*proxy.ask("GET", self.path),
                            lambda answer: proxy.ocsp(request, answer))

            def answer(self, status, fields, body, alter):
                body = alter(body)
                self.send_response(status)
                for name in PASSED_ON:
                    if fields.get(name):
                        self.send_header(name, fields[name])
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self.server.server_address[1]}"
        self.thread = threading.Thread(target=self.server.serve_forever, daemon=True)

    def ask(self, method, path, body=None):
        """Returns status, fields and body."""
        connection = http.client.HTTPConnection(self.upstream.netloc, timeout=10)
        connection.request(method, path, body,
                           {"Content-Type": "application/ocsp-request"} if body else {})
        answer = connection.getresponse()
        content = answer.read()
        connection.close()
        return answer.status, answer.headers, content

    def __enter__(self):
        self.thread.start()
        return self

    def __exit__(self, *_):
        self.server.shutdown()
        self.server.server_close()
        self.thread.join()
