"""google-apps-chat, the client made from the API's protocol buffers, over its REST transport."""

from __future__ import annotations

import json
import os
from typing import Any

from google.api_core.exceptions import GoogleAPICallError
from google.apps import chat_v1
from google.protobuf.field_mask_pb2 import FieldMask

from installed_app import InstalledApp
from lines import Json, serve

#: Each method: the client's name for it, its request, and the request's field for the body (`*`: the request itself).
METHODS: dict[str, tuple[str, Any, str | None]] = {
    "spaces.create": ("create_space", chat_v1.CreateSpaceRequest, "space"),
    "spaces.setup": ("set_up_space", chat_v1.SetUpSpaceRequest, "*"),
    "spaces.list": ("list_spaces", chat_v1.ListSpacesRequest, None),
    "spaces.get": ("get_space", chat_v1.GetSpaceRequest, None),
    "spaces.patch": ("update_space", chat_v1.UpdateSpaceRequest, "space"),
    "spaces.delete": ("delete_space", chat_v1.DeleteSpaceRequest, None),
    "spaces.findDirectMessage": ("find_direct_message", chat_v1.FindDirectMessageRequest, None),
    "spaces.completeImport": ("complete_import_space", chat_v1.CompleteImportSpaceRequest, "*"),
    "spaces.members.create": ("create_membership", chat_v1.CreateMembershipRequest, "membership"),
    "spaces.members.list": ("list_memberships", chat_v1.ListMembershipsRequest, None),
    "spaces.members.get": ("get_membership", chat_v1.GetMembershipRequest, None),
    "spaces.members.patch": ("update_membership", chat_v1.UpdateMembershipRequest, "membership"),
    "spaces.members.delete": ("delete_membership", chat_v1.DeleteMembershipRequest, None),
}


class AppsChatClient(InstalledApp):
    """The client of Google's newer samples."""

    def call(self, method: str, parameters: Json, body: Json | None) -> Json:
        name, request, field = METHODS[method]
        fields = dict(parameters)
        if field == "*":
            fields |= body or {}
        elif field is not None:
            # A resource that is changed is named by itself, not beside itself.
            own_name = {"name": fields.pop("name")} if "name" in fields else {}
            fields[field] = own_name | (body or {})
        # The message holds the paths as they are; only their JSON is in camel case.
        mask = fields.pop("updateMask", None)
        message = request.from_json(json.dumps(fields))
        if mask:
            message.update_mask = FieldMask(paths=mask.split(","))
        endpoint = {"api_endpoint": os.environ["CHATAUTH_API_ENDPOINT"]}
        with chat_v1.ChatServiceClient(
            credentials=self.credentials, transport="rest", client_options=endpoint
        ) as client:
            answer = getattr(client, name)(request=message)
            if method.endswith(".list"):
                return {"pages": [to_json(page) for page in answer.pages]}
            return {} if answer is None else to_json(answer)


def to_json(message: Any) -> Json:
    """As the API writes it, without what is not set."""
    text = type(message).to_json(message, use_integers_for_enums=False, always_print_fields_with_no_presence=False)
    fields: Json = json.loads(text)
    return fields


def error(failure: Exception) -> Json:
    if not isinstance(failure, GoogleAPICallError):
        return {}
    return {"status": failure.code, "reasons": [failure.reason] if failure.reason else []}


serve(AppsChatClient(), error)
