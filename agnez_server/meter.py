"""How many requests came, by route and status."""

from __future__ import annotations

from collections import Counter
from collections.abc import Awaitable, Callable

from aiohttp import web
from aiohttp.typedefs import Middleware

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


class RequestMeter:
    """
    Attributes:
        requests: Answers given, by method, route ("" where there was none) and status. Routes and
            methods are those of the router: no request can make a new one up.
        refused: Events and points of batches that were refused alone.
    """

    def __init__(self) -> None:
        self.requests: Counter[tuple[str, str, int]] = Counter()
        self.refused = 0

    @property
    def count(self) -> Middleware:
        """The middleware that counts; it stands around all others."""

        @web.middleware
        async def count(request: web.Request, handler: Handler) -> web.StreamResponse:
            status = 499  # the caller went away before there was an answer
            try:
                answer = await handler(request)
                status = answer.status
                return answer
            except web.HTTPException as error:
                status = error.status
                raise
            finally:
                self._note(request, status)

        return count

    def _note(self, request: web.Request, status: int) -> None:
        route = request.match_info.route
        if route.resource is None:
            self.requests["", "", status] += 1
        else:
            self.requests[route.method, route.resource.canonical, status] += 1
