"""Logging in with google-auth-oauthlib, for every Python client that takes its credentials."""

from __future__ import annotations

import os
from pathlib import Path
from urllib.parse import urljoin

from google.auth.transport.requests import Request
from google.oauth2 import service_account
from google.oauth2.credentials import Credentials
from google_auth_oauthlib.flow import InstalledAppFlow

from lines import Json


class InstalledApp:
    """A login of an installed application, as Google's guide does it; or a service account instead of one."""

    credentials: Credentials | service_account.Credentials

    def login(self, scopes: list[str]) -> Json:
        flow = InstalledAppFlow.from_client_secrets_file(os.environ["CHATAUTH_CLIENT_SECRETS"], scopes)
        self.credentials = flow.run_local_server(port=0, authorization_prompt_message=None)
        return {"scopes": list(self.credentials.granted_scopes or [])}

    def delegate(self, scopes: list[str], user: str) -> Json:
        key = Path(os.environ["CHATAUTH_CLIENT_SECRETS"]).with_name("service_account.json")
        self.credentials = service_account.Credentials.from_service_account_file(key, scopes=scopes, subject=user)
        return {}

    def refresh(self) -> Json:
        before = self.credentials.token
        self.credentials.refresh(Request())
        return {"changed": self.credentials.token != before}

    def revoke(self) -> Json:
        """The library has no call for it; this is the request of Google's documentation for Python."""
        response = Request()(
            urljoin(self.credentials.token_uri, "revoke"),
            method="POST",
            headers={"content-type": "application/x-www-form-urlencoded"},
            params={"token": self.credentials.token},
        )
        return {"status": response.status}
