// Every page that people see, and how they come to it.

import { expect, same } from "./report.mjs";
import { SCHEMES, SIZES, properties } from "./properties.mjs";
import { View } from "./view.mjs";

const BLOCKED = "Access blocked: Authorization Error";

/** What must not be readable: whatever the addresses carry, and what the login left on the disk. */
async function secrets(view, run, person) {
  const query = new URL(view.page.url()).searchParams;
  const records = (await person?.records()) ?? [];
  return [
    query.get("code"),
    query.get("state"),
    run?.asked.get("state"),
    run?.asked.get("code_challenge"),
    ...records.flatMap((record) => [record.access_token, record.refresh_token]),
  ].filter(Boolean);
}

/** A page at the end of a login. `act` goes there; the program ends as `code` says. */
function callback(code, act) {
  return async (view, { plain }) => {
    const person = await plain.person();
    const run = await person.start("auth", "login");
    try {
      await view.page.goto(run.url);
      await act(view, run);
      if (code === undefined) expect(!run.ended, "the login does not wait any more");
      else same((await run.finish()).code, code, "exit code");
      view.secrets = await secrets(view, run, person);
    } finally {
      await run.abandon();
    }
  };
}

/** A consent page, as a command of ours asks for it. */
function consent(...words) {
  return async (view, { plain }) => {
    const run = await (await plain.person()).start(...words);
    await view.page.goto(run.url);
    view.secrets = await secrets(view, run);
    await run.abandon();
  };
}

/** An account that may not use the app presses Allow. */
function kept(emulator, account) {
  return async (view, world) => {
    await view.page.goto(world[emulator].authorization());
    await view.page.getByLabel(account).check();
    await view.press("button[value=allow]");
  };
}

const pages = [
  { name: "consent", status: 200, heading: "Choose an account and what to allow", open: consent("auth", "login") },
  {
    name: "consent-for-much",
    status: 200,
    heading: "Choose an account and what to allow",
    open: consent(
      ...["auth", "login", "--login-hint", "somebody.else.with.a.long.name@department.organization.example"],
      ...["chat.spaces", "chat.memberships", "chat.delete", "chat.messages"].flatMap((scope) => ["--scope", scope]),
    ),
  },
  { name: "spaces-none", status: 200, heading: "chatauth emulator", open: (view, { quiet }) => view.page.goto(quiet.origin) },
  {
    name: "spaces",
    status: 200,
    heading: "chatauth emulator",
    open: async (view, { plain, maker }) => {
      await view.page.goto(plain.origin);
      view.secrets = await secrets(view, undefined, maker);
    },
  },
  {
    name: "blocked-redirect",
    status: 400,
    heading: BLOCKED,
    open: (view, { plain }) => view.page.goto(plain.authorization({ redirect_uri: "http://example.com/callback" })),
  },
  {
    name: "blocked-scope",
    status: 400,
    heading: BLOCKED,
    open: (view, { plain }) => view.page.goto(plain.authorization({ scope: `openid ${"chat.nonsense".repeat(12)}` })),
  },
  {
    name: "blocked-client",
    status: 401,
    heading: BLOCKED,
    open: (view, { plain }) => view.page.goto(plain.authorization({ client_id: "deleted" })),
  },
  {
    name: "blocked-access-denied",
    status: 403,
    heading: "Access blocked: This app has not completed the Google verification process",
    open: kept("testing", "bob@example.com"),
  },
  {
    name: "blocked-org-internal",
    status: 403,
    heading: "Access blocked: This app can only be used within its organization",
    open: kept("internal", "eve@elsewhere.example"),
  },
  { name: "blocked-admin-policy", status: 400, heading: BLOCKED, open: kept("governed", "ann@example.com") },
  {
    name: "blocked-answered",
    status: 400,
    heading: BLOCKED,
    open: async (view, { plain }) => {
      await view.page.goto(plain.authorization());
      const page = await view.page.locator("input[name=page]").inputValue();
      const form = { page, decision: "cancel" };
      const request = view.context.request;
      await request.post(`${plain.origin}/signin/oauth/consent`, { form, maxRedirects: 0 });
      await view.press("button[value=allow]");
    },
  },
  {
    name: "not-found",
    status: 404,
    heading: "404. That’s an error.",
    open: (view, { plain }) => view.page.goto(`${plain.origin}/spaces/${"AAAA".repeat(40)}`),
  },
  {
    name: "wrong-method",
    status: 405,
    heading: "405. That’s an error.",
    open: (view, { plain }) => view.page.goto(`${plain.origin}/token`),
  },
  {
    name: "login-consented",
    status: 200,
    heading: "Back to your terminal",
    open: callback(0, (view) => view.press("button[value=allow]")),
  },
  {
    name: "login-cancelled",
    status: 200,
    heading: "Login cancelled",
    open: callback(4, (view) => view.press("button[value=cancel]")),
  },
  {
    name: "login-failed",
    status: 400,
    heading: "Login failed",
    open: callback(4, (view, run) =>
      view.page.goto(`${run.redirect}?state=${run.asked.get("state")}&code=4/x&iss=https://elsewhere.example`),
    ),
  },
  {
    name: "login-nothing-here",
    status: 404,
    heading: "Nothing here",
    open: callback(undefined, (view, run) => view.page.goto(`${run.redirect}?state=wrong&code=4/x`)),
  },
];

/** The emulators that the pages need, and the spaces that one of them shows. */
async function world(stage, browser) {
  const plain = await stage.emulator();
  const maker = await plain.person();
  const run = await maker.start("auth", "login", "--scope", "chat.spaces", "--scope", "chat.memberships");
  const view = await View.open(browser);
  await view.page.goto(run.url);
  await view.press("button[value=allow]");
  await view.close();
  same((await run.finish()).code, 0, `a login to make spaces with: ${run.stderr}`);
  for (const words of [
    ["--name", "Team lunch", "--member", "bob@example.com"],
    ["--name", "W".repeat(128)],
    ["--name", "<b>Bold</b> & \"quoted\" <script>alert(1)</script>"],
    ["--type", "direct-message", "--member", "bob@example.com"],
    ["--type", "group-chat", "--member", "bob@example.com", "--member", `${"long".repeat(15)}@example.com`],
  ]) {
    const made = await maker.run("spaces", "create", ...words);
    same(made.code, 0, `exit code of spaces create: ${made.stderr}`);
  }
  return {
    plain,
    maker,
    quiet: await stage.emulator(),
    testing: await stage.emulator(["--audience", "testing", "--test-user", "ann@example.com"]),
    internal: await stage.emulator(["--audience", "internal"], ["ann@example.com", "eve@elsewhere.example"]),
    governed: await stage.emulator(["--admin-policy-enforced"]),
  };
}

export async function checkPages(report, browser, stage, screenshots) {
  const chosen = pages.filter((page) => report.wants(page.name));
  if (chosen.length === 0) return;
  const tool = await View.open(browser);
  const places = await world(stage, browser);
  for (const wanted of chosen) {
    const views = { tool };
    try {
      await report.check(`${wanted.name}: can be reached`, async () => {
        views.plain = await View.open(browser);
        const phone = { javaScriptEnabled: false, isMobile: true, viewport: SIZES.phone };
        views.scriptless = await View.open(browser, phone);
        views.lifted = await View.open(browser, { bypassCSP: true });
        for (const view of [views.plain, views.scriptless, views.lifted]) {
          view.secrets = [];
          await wanted.open(view, places);
          same(await view.heading(), wanted.heading, "heading");
          same(view.document.status(), wanted.status, "status");
        }
      });
      if (!views.lifted?.document) continue;
      for (const [name, holds] of Object.entries(properties)) {
        // On a busy machine the browser itself may replace the context of a page. A page that reloads does so again.
        const again = (error) => {
          if (!error.message.includes("Execution context was destroyed")) throw error;
          return holds(views);
        };
        await report.check(`${wanted.name}: ${name}`, () => holds(views).catch(again));
      }
      await photograph(views.plain.page, wanted.name, screenshots);
    } finally {
      for (const view of [views.plain, views.scriptless, views.lifted]) await view?.close();
    }
  }
  await tool.close();
  for (const place of Object.values(places)) await place.stop?.();
}

async function photograph(page, name, directory) {
  await page.evaluate(() => document.activeElement.blur());
  for (const [device, size] of Object.entries(SIZES)) {
    for (const scheme of SCHEMES) {
      await page.setViewportSize(size);
      await page.emulateMedia({ colorScheme: scheme });
      await page.screenshot({ path: `${directory}/${name}-${device}-${scheme}.png`, fullPage: true });
    }
  }
}
