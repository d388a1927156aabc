"""What every client is told to ask of the API in part 2."""

from __future__ import annotations

from stage import Json

REQUEST_ID = "a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11"

SPACE = {"spaceType": "SPACE", "displayName": "API-made"}
WHOLE = {
    **SPACE,
    "externalUserAllowed": True,
    "spaceHistoryState": "HISTORY_ON",
    "spaceDetails": {"description": "What for", "guidelines": "Be kind: \u00e4\u2003\U0001f642"},
}
ADA = {"member": {"name": "users/ada@example.com", "type": "HUMAN"}}
BOB = {"member": {"name": "users/108", "type": "HUMAN"}}
DIRECT_MESSAGE = {"space": {"spaceType": "DIRECT_MESSAGE"}, "memberships": [ADA]}
#: The largest page, which is what chatauth asks for.
PAGE = {"pageSize": 1000}

#: Every call of the API: its name here, the method, its parameters and its body.
CALLS: list[tuple[str, str, Json, Json | None]] = [
    ("create", "spaces.create", {}, SPACE),
    ("create again", "spaces.create", {"requestId": REQUEST_ID}, WHOLE),
    ("set up", "spaces.setup", {}, {"space": SPACE, "memberships": [ADA, BOB], "requestId": REQUEST_ID}),
    ("set up a direct message", "spaces.setup", {}, {**DIRECT_MESSAGE, "requestId": REQUEST_ID}),
    ("list", "spaces.list", PAGE, None),
    ("list some", "spaces.list", {"filter": 'spaceType = "SPACE"', **PAGE}, None),
    ("get", "spaces.get", {"name": "spaces/AAAA"}, None),
    ("patch", "spaces.patch", {"name": "spaces/AAAA", "updateMask": "display_name"}, {"displayName": "Renamed"}),
    (
        "patch details",
        "spaces.patch",
        {"name": "spaces/AAAA", "updateMask": "space_details"},
        {"spaceDetails": WHOLE["spaceDetails"]},
    ),
    (
        "patch history",
        "spaces.patch",
        {"name": "spaces/AAAA", "updateMask": "space_history_state"},
        {"spaceHistoryState": "HISTORY_OFF"},
    ),
    ("find a direct message", "spaces.findDirectMessage", {"name": "users/ada@example.com"}, None),
    ("add a member", "spaces.members.create", {"parent": "spaces/AAAA"}, ADA),
    ("list members", "spaces.members.list", {"parent": "spaces/AAAA", **PAGE}, None),
    (
        "list all members",
        "spaces.members.list",
        {"parent": "spaces/AAAA", "showGroups": True, "showInvited": True, **PAGE},
        None,
    ),
    ("get a member", "spaces.members.get", {"name": "spaces/AAAA/members/ada@example.com"}, None),
    (
        "give a role",
        "spaces.members.patch",
        {"name": "spaces/AAAA/members/108", "updateMask": "role"},
        {"role": "ROLE_ASSISTANT_MANAGER"},
    ),
    ("remove a member", "spaces.members.delete", {"name": "spaces/AAAA/members/108"}, None),
    ("delete", "spaces.delete", {"name": "spaces/AAAA"}, None),
]
