// @googleapis/chat with google-auth-library, in the same conversation as the Python clients (lines.py).

import { createInterface } from "node:readline";

import { chat } from "@googleapis/chat";

import { login } from "./installed_app.mjs";

/** The login, once there is one. */
let client;

const actions = {
  async login({ scopes }) {
    client = await login(scopes);
    return { scopes: client.credentials.scope.split(" ") };
  },

  async refresh() {
    const before = client.credentials.access_token;
    const { credentials } = await client.refreshAccessToken();
    return { changed: credentials.access_token !== before };
  },

  async revoke() {
    return { status: (await client.revokeToken(client.credentials.access_token)).status };
  },

  async call({ method, parameters, body }) {
    const service = chat({ version: "v1", auth: client, rootUrl: process.env.CHATAUTH_API_ENDPOINT });
    const names = method.split(".");
    const name = names.pop();
    const resource = names.reduce((parent, part) => parent[part], service);
    const call = async (more) => (await resource[name]({ ...parameters, ...more })).data;
    if (name !== "list") {
      return await call(body ? { requestBody: body } : {});
    }
    const pages = [await call({})];
    while (pages.at(-1).nextPageToken) {
      pages.push(await call({ pageToken: pages.at(-1).nextPageToken }));
    }
    return { pages };
  },
};

/** What the library made of a refusal. */
function verdict(error) {
  const details = error.response?.data?.error?.details ?? [];
  return {
    type: error.constructor.name,
    text: error.message,
    status: error.status,
    reasons: details.map((detail) => detail.reason).filter(Boolean),
  };
}

for await (const line of createInterface({ input: process.stdin })) {
  const request = JSON.parse(line);
  let answer;
  try {
    answer = { result: await actions[request.do](request.with) };
  } catch (error) {
    answer = { error: verdict(error) };
  }
  process.stdout.write(`${JSON.stringify(answer)}\n`);
}
