"""FastAPI that asks the auth server with httpx, on uvicorn with uvloop and httptools.

Prints one line when it is ready, {"url": "http://127.0.0.1:PORT"}, and ends when its standard input closes.
BETTER_AUTH_URL says where the auth server is.
"""

import json
import os
import socket
import sys
import threading
from contextlib import asynccontextmanager
from typing import Annotated

import httpx
import uvicorn
from fastapi import Depends, FastAPI, HTTPException, Request
from fastapi.responses import PlainTextResponse

# The question that the other servers ask, so that the auth server has the same work.
GET_SESSION = "/api/auth/get-session?disableCookieCache=true&disableRefresh=true"


@asynccontextmanager
async def lifespan(app: FastAPI):
    # Node closes an idle connection after five seconds.
    limits = httpx.Limits(max_connections=64, max_keepalive_connections=64, keepalive_expiry=4)
    url = os.environ["BETTER_AUTH_URL"]
    async with httpx.AsyncClient(base_url=url, limits=limits, timeout=5, trust_env=False) as client:
        app.state.auth = client
        yield


app = FastAPI(lifespan=lifespan, openapi_url=None)


async def current_user(request: Request) -> dict:
    cookie = request.headers.get("cookie")
    if cookie is None:
        raise HTTPException(401)
    try:
        answer = await request.app.state.auth.get(GET_SESSION, headers={"cookie": cookie})
        answer.raise_for_status()
        session = answer.json()
    except (httpx.HTTPError, ValueError) as error:
        raise HTTPException(503) from error
    if session is None:
        raise HTTPException(401)
    return session["user"]


@app.get("/me", response_class=PlainTextResponse)
async def me(user: Annotated[dict, Depends(current_user)]) -> str:
    return user["id"]


class Server(uvicorn.Server):
    async def startup(self, sockets=None):
        await super().startup(sockets)
        if self.started:
            print(json.dumps({"url": f"http://127.0.0.1:{sockets[0].getsockname()[1]}"}), flush=True)


def end_with_standard_input():
    # Read past Python's own buffer, whose lock would be held when the interpreter ends.
    while os.read(sys.stdin.fileno(), 4096):
        pass
    os._exit(0)


threading.Thread(target=end_with_standard_input, daemon=True).start()
listener = socket.socket()
listener.bind(("127.0.0.1", 0))
config = uvicorn.Config(app, loop="uvloop", http="httptools", access_log=False, log_level="warning")
Server(config).run(sockets=[listener])
