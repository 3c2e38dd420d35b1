"""Answers that a fault gives: in the words of the service itself, or of a proxy in front of it."""
import uuid
from .http1 import answer

REASONS = {401: "Unauthorized", 429: "Too Many Requests", 500: "Internal Server Error", 502: "Bad Gateway",
           503: "Service Unavailable", 504: "Gateway Timeout"}
SAID = {
    429: "This request was rate-limited.",
    500: "The server has either erred or is incapable of performing the requested operation.",
    502: "The gateway received an invalid response from an upstream server.",
    503: "The server is currently unavailable. Please try again at a later time.",
    504: "The gateway has timed out.",
}
UNEXPECTED = ("Unexpected API Error. Please report this at http://bugs.launchpad.net/nova/ "
              "and attach the Nova API log if possible.\n<class 'oslo_messaging.exceptions.MessagingTimeout'>")
UNAUTHENTICATED = "The request you have made requires authentication."
GLANCE_UNAUTHENTICATED = (
    "This server could not verify that you are authorized to access the document you requested. Either you supplied the "
    "wrong credentials (e.g., bad password), or your browser does not understand how to supply the credentials "
    "required.<br /><br />\n\n\n")


def _request_id(service):
    """The headers in which this service says its request id; glance says none in what it refuses at once."""
    value = f"req-{uuid.uuid4()}"
    if service == "glance":
        return []
    if service in ("keystone", "placement"):
        return [("x-openstack-request-id", value)]
    return [("X-Openstack-Request-Id", value)] + ([("X-Compute-Request-Id", value)] if service == "nova" else [])


def unauthorized(service, keystone):
    """What this service says of a token that has expired. `keystone` is where it sends the client for a new one."""
    headers = [("Www-Authenticate", f'Keystone uri="{keystone}/v3"'), *_request_id(service)]
    if service == "glance":
        body = {"message": GLANCE_UNAUTHENTICATED, "code": "401 Unauthorized", "title": "Unauthorized"}
    else:
        body = {"error": {"code": 401, "title": "Unauthorized", "message": UNAUTHENTICATED}}
    return answer(401, "UNAUTHORIZED" if service == "keystone" else "Unauthorized", body, *headers)


def failure(service, status, shape, retry_after):
    """An answer of this status; shape is `service` (JSON, as the service fails) or `html` (as a proxy before it does)."""
    reason = REASONS.get(status, "Error")
    said = SAID.get(status, reason)
    headers = [] if retry_after is None else [("Retry-After", str(retry_after))]
    if shape == "html":
        text = f"<html><body><h1>{status} {reason}</h1>\n{said}\n</body></html>\n"
        message = answer(status, reason, text, ("Cache-Control", "no-cache"), *headers, content_type="text/html")
        message.closes = True
        return message
    if service == "nova" and status == 500:
        body = {"computeFault": {"code": 500, "message": UNEXPECTED}}
    elif service == "nova" and status == 429:
        body = {"overLimit": {"code": 429, "message": said}}
    elif service == "neutron" and status == 500:
        body = {"NeutronError": {"type": "HTTPInternalServerError",
                                 "message": "Request Failed: internal server error while processing your request.",
                                 "detail": ""}}
    elif service == "keystone":
        body = {"error": {"code": status, "message": said, "title": reason}}
    else:
        body = {"message": f"{said}<br /><br />\n\n\n", "code": f"{status} {reason}", "title": reason}
    return answer(status, reason, body, *headers, *_request_id(service))
