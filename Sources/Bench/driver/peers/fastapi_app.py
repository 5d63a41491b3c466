# SPDX-License-Identifier: Apache-2.0
"""An echo of CloudEvents on FastAPI and the CloudEvents SDK."""
from cloudevents.core.bindings.http import HTTPMessage, from_http_event, to_binary_event
from fastapi import FastAPI, Request, Response

app = FastAPI()


@app.post("/")
async def echo(request: Request):
    event = from_http_event(HTTPMessage(dict(request.headers), await request.body()))
    reply = to_binary_event(event)
    return Response(reply.body, headers=reply.headers)


@app.get("/")
async def hello():
    return Response(b"hello\n")
