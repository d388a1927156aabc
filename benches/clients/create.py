"""One space, as Google's guide makes it with google-api-python-client, over a login that is kept in a file."""

import json
import os
from datetime import datetime

from google.auth.transport.requests import Request
from google.oauth2.credentials import Credentials
from googleapiclient.discovery import build

login = os.environ["BENCH_LOGIN"]
with open(login) as file:
    stored = json.load(file)
credentials = Credentials(
    stored["token"],
    refresh_token=stored["refresh_token"],
    token_uri=os.environ["BENCH_TOKEN"],
    client_id=stored["client_id"],
    client_secret=stored["client_secret"],
    scopes=["https://www.googleapis.com/auth/chat.spaces.create"],
    expiry=datetime.fromisoformat(stored["expiry"]),
)
if not credentials.valid:
    credentials.refresh(Request())
    with open(login, "w") as file:
        file.write(credentials.to_json())

service = build("chat", "v1", credentials=credentials, client_options={"api_endpoint": os.environ["BENCH_CHAT"]})
space = service.spaces().create(body={"displayName": "API-made", "spaceType": "SPACE"}).execute()
print(json.dumps(space))
