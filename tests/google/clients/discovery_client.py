"""google-api-python-client, which makes its methods from the description of the API that it brings along."""

from __future__ import annotations

import os

from googleapiclient.discovery import build
from googleapiclient.errors import HttpError

from installed_app import InstalledApp
from lines import Json, serve


class DiscoveryClient(InstalledApp):
    """The client of Google's guide."""

    def call(self, method: str, parameters: Json, body: Json | None) -> Json:
        *resources, name = method.split(".")
        endpoint = {"api_endpoint": os.environ["CHATAUTH_API_ENDPOINT"]}
        with build("chat", "v1", credentials=self.credentials, client_options=endpoint) as service:
            resource = service
            for part in resources:
                resource = getattr(resource, part)()
            arguments = parameters if body is None else {**parameters, "body": body}
            request = getattr(resource, name)(**arguments)
            if name != "list":
                answer: Json = request.execute()
                return answer
            answers: list[Json] = []
            while request is not None:
                answers.append(request.execute())
                request = resource.list_next(request, answers[-1])
            return {"pages": answers}


def error(failure: Exception) -> Json:
    if not isinstance(failure, HttpError):
        return {}
    details = failure.error_details if isinstance(failure.error_details, list) else []
    reasons = [detail["reason"] for detail in details if "reason" in detail]
    return {"status": failure.status_code, "reasons": reasons}


serve(DiscoveryClient(), error)
