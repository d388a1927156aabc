// Creates a named space as the person who runs it: what the Node.js sample of Google's guide does, with its calls.

import { chat } from "@googleapis/chat";

import { login } from "../clients/installed_app.mjs";

const client = await login(["https://www.googleapis.com/auth/chat.spaces.create"]);
const service = chat({ version: "v1", auth: client, rootUrl: process.env.CHATAUTH_API_ENDPOINT });
const { data: space } = await service.spaces.create({
  requestBody: { spaceType: "SPACE", displayName: "API-made" },
});
console.log(space.name, space.displayName);
