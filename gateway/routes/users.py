"""DELETE /users/{id}: erase all that is kept of a person."""

from flask import Flask, Response
from werkzeug.exceptions import NotFound

from gateway.caller import current_caller
from gateway.queue.users import Users
from shared.identifiers import is_identifier


def register(app: Flask, users: Users) -> None:
    """Serve it."""

    @app.delete("/users/<identifier:user_id>")
    def erase_user(user_id: str) -> Response:
        if not is_identifier(user_id):
            raise NotFound("No user can have this id.")
        users.erase_user(current_caller().scope(user_id))
        return Response(status=204)
