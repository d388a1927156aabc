"""Creates a named space as the person who runs it: what the Python sample of Google's guide does, with its calls.

Only the endpoints are other ones: those of the client file, and the root of the API.
"""

import os

from google_auth_oauthlib.flow import InstalledAppFlow
from googleapiclient.discovery import build

flow = InstalledAppFlow.from_client_secrets_file(
    os.environ["CHATAUTH_CLIENT_SECRETS"], scopes=["https://www.googleapis.com/auth/chat.spaces.create"]
)
chat = build(
    "chat",
    "v1",
    credentials=flow.run_local_server(port=0),
    client_options={"api_endpoint": os.environ["CHATAUTH_API_ENDPOINT"]},
)
space = chat.spaces().create(body={"spaceType": "SPACE", "displayName": "API-made"}).execute()
print(space["name"], space["displayName"])
