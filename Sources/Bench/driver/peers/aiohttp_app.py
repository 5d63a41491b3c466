# SPDX-License-Identifier: Apache-2.0
"""An echo of HTTP bodies on aiohttp; events are not looked at."""
import sys

from aiohttp import web


async def echo(request):
    return web.Response(body=await request.read(), content_type="application/json")


async def hello(_):
    return web.Response(text="hello\n")


app = web.Application(client_max_size=1 << 26)
app.add_routes([web.post("/", echo), web.get("/", hello)])
web.run_app(app, host="127.0.0.1", port=int(sys.argv[1]), access_log=None, print=None)
