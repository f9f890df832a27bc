"""A web framework behind one function: what Flask and its like are for the host, without one of them."""

import azure.functions as func


def framework(environ, start_response):
    body = environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
    start_response("202 Accepted", [("Content-Type", "text/plain"), ("X-From", "framework")])
    return [f"{environ['REQUEST_METHOD']} {environ['PATH_INFO']} {environ['QUERY_STRING']} ".encode(), body]


app = func.WsgiFunctionApp(app=framework, http_auth_level=func.AuthLevel.ANONYMOUS)
