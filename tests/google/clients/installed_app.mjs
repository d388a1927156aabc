// Logging in with google-auth-library as the Node.js sample of Google's guide does: a server of its own waits for the
// redirect, and `open` starts the browser. Ports and endpoints are other ones; the calls are the guide's.

import { readFileSync } from "node:fs";
import { createServer } from "node:http";

import { auth } from "@googleapis/chat";
import open from "open";
import destroyer from "server-destroy";

/** The `installed` part of the client file. */
function clientSecrets() {
  return JSON.parse(readFileSync(process.env.CHATAUTH_CLIENT_SECRETS, "utf8")).installed;
}

/**
 * Logs in, with a browser.
 * @param {string[]} scopes
 * @returns {Promise<InstanceType<typeof auth.OAuth2>>} the client that holds the tokens
 */
export async function login(scopes) {
  const keys = clientSecrets();
  const server = createServer();
  destroyer(server);
  await new Promise((listening) => server.listen(0, "localhost", listening));
  const redirectUri = `http://localhost:${server.address().port}`;
  const client = new auth.OAuth2({
    clientId: keys.client_id,
    clientSecret: keys.client_secret,
    redirectUri,
    endpoints: {
      oauth2AuthBaseUrl: keys.auth_uri,
      oauth2TokenUrl: keys.token_uri,
      oauth2RevokeUrl: new URL("revoke", keys.token_uri).href,
    },
  });
  const redirected = new Promise((resolve) => {
    server.on("request", (request, response) => {
      response.end("You may close this page.");
      resolve(new URL(request.url, redirectUri).searchParams);
    });
  });
  const browser = await open(client.generateAuthUrl({ access_type: "offline", scope: scopes.join(" ") }));
  browser.unref();
  try {
    const { tokens } = await client.getToken((await redirected).get("code"));
    client.setCredentials(tokens);
    return client;
  } finally {
    server.destroy();
  }
}
