// The checks checked: a page that is bad in every way passes none of them.

import { createServer } from "node:http";
import { once } from "node:events";
import { expect } from "./report.mjs";
import { SIZES, properties } from "./properties.mjs";
import { View } from "./view.mjs";

const SECRET = "4/emulator-canary";
const BAD = `<!doctype html><html><style>* { outline: none !important }</style>
<body style="background: #777; color: #888"><p style="width: 2000px">The code is ${SECRET}.</p>
<p id="late">before</p><img src="http://elsewhere.example/picture.png"><button>Go</button>
<script>document.getElementById("late").textContent = "after"; console.error("bad")</script>`;

export async function checkTheChecks(report, browser) {
  if (!report.wants("a bad page")) return;
  const server = createServer((request, answer) => answer.setHeader("Content-Type", "text/html").end(BAD));
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const views = { tool: await View.open(browser) };
  views.plain = await View.open(browser);
  views.scriptless = await View.open(browser, { javaScriptEnabled: false, isMobile: true, viewport: SIZES.phone });
  views.lifted = await View.open(browser, { bypassCSP: true });
  for (const view of [views.plain, views.scriptless, views.lifted]) {
    view.secrets = [SECRET];
    await view.page.goto(`http://127.0.0.1:${server.address().port}/`);
  }
  for (const [name, holds] of Object.entries(properties)) {
    await report.check(`a bad page is found out: ${name}`, async () => {
      const found = await holds(views).then(() => undefined, (error) => error);
      // Anything else would be a fault of the check itself.
      expect(found?.name === "Failure", found ? String(found.stack) : "the page passed");
    });
  }
  for (const view of Object.values(views)) await view.close();
  server.close();
}
