// Whole logins, as a person with a browser goes through them.

import { setTimeout as pause } from "node:timers/promises";
import { expect, nothing, same } from "./report.mjs";
import { View } from "./view.mjs";
import { until } from "./stage.mjs";

const ALLOW = "button[value=allow]";
const CANCEL = "button[value=cancel]";

/** The error that a program with `--format json` ends its stderr with. */
function failure(run) {
  return JSON.parse(run.stderr.trimEnd().split("\n").at(-1)).error;
}

/** A login that is the only one, and works. */
async function loggedIn(person, account) {
  same(await person.accounts(), [account], "who is logged in");
  const status = await person.run("auth", "status", "--check");
  same(status.code, 0, `exit code of auth status --check: ${status.stderr}`);
}

async function refuses(navigation, what) {
  const error = await navigation.then(() => undefined, (error) => error);
  expect(error?.message.includes("ERR_CONNECTION_REFUSED"), `${what}: ${error?.message ?? "there was an answer"}`);
}

/** What the emulator's own page says was made. */
async function spaces(view, emulator) {
  await view.page.goto(emulator.origin);
  return view.page.locator("section h3").allInnerTexts();
}

const flows = {
  async "an account is chosen and allowed: the page says so, exit 0, that account is logged in"({ view, person }) {
    const run = await person.start("auth", "login");
    await view.page.goto(run.url);
    same(await view.page.getByLabel("ann@example.com").isChecked(), true, "the first account is proposed");
    await view.page.getByLabel("bob@example.com").check();
    await view.press(ALLOW);
    same(await view.heading(), "Back to your terminal", "heading");
    expect((await view.text()).includes("close this tab and go back to your terminal"), "what to do next is not said");
    same((await run.finish()).code, 0, "exit code");
    expect(run.stderr.includes("Logged in as bob@example.com"), run.stderr);
    await loggedIn(person, "bob@example.com");
  },

  async "spaces create logs in on its way: exit 0, and the space is there"({ view, person, emulator }) {
    const run = await person.start("spaces", "create", "--name", "API-made");
    await view.page.goto(run.url);
    await view.press(ALLOW);
    same((await run.finish()).code, 0, `exit code: ${run.stderr}`);
    same(JSON.parse(run.stdout).displayName, "API-made", "what was made");
    same(await spaces(view, emulator), ["API-made"], "what the emulator shows");
    await loggedIn(person, "ann@example.com");
  },

  async "the hinted account is proposed"({ view, person }) {
    const run = await person.start("auth", "login", "--login-hint", "bob@example.com");
    await view.page.goto(run.url);
    same(await view.page.getByLabel("bob@example.com").isChecked(), true, "bob is proposed");
    await view.press(ALLOW);
    same((await run.finish()).code, 0, "exit code");
    await loggedIn(person, "bob@example.com");
  },

  async "another account than the one asked for: exit 4, nothing is stored"({ view, person }) {
    const run = await person.start("--format", "json", "--account", "ann@example.com", "auth", "login");
    await view.page.goto(run.url);
    await view.page.getByLabel("bob@example.com").check();
    await view.press(ALLOW);
    same((await run.finish()).code, 4, "exit code");
    same(failure(run).code, "wrong_account", "error code");
    same(await person.accounts(), [], "who is logged in");
  },

  async "a box is left unticked: scope_missing, exit 4, and the page has promised nothing"({ view, person, emulator }) {
    const run = await person.start("spaces", "create", "--name", "never", "--format", "json");
    await view.page.goto(run.url);
    await view.page.getByRole("checkbox").uncheck();
    await view.press(ALLOW);
    same((await run.finish()).code, 4, "exit code");
    same(failure(run).code, "scope_missing", "error code");
    const text = await view.text();
    expect(text.includes("go back to your terminal, where chatauth finishes"), `the page says: ${text}`);
    expect(!/logged in|success|done|created/i.test(text), `the page promises: ${text}`);
    same(run.stdout, "", "stdout");
    same(await person.accounts(), [], "who is logged in");
    same(await spaces(view, emulator), [], "spaces");
  },

  async "Cancel: the page says that nothing was stored, login_refused, exit 4"({ view, person }) {
    const run = await person.start("auth", "login", "--format", "json");
    await view.page.goto(run.url);
    await view.press(CANCEL);
    same(await view.heading(), "Login cancelled", "heading");
    expect((await view.text()).includes("Nothing was saved."), "what happened is not said");
    same((await run.finish()).code, 4, "exit code");
    same(failure(run).code, "login_refused", "error code");
    same(await person.accounts(), [], "who is logged in");
  },

  async "strangers on the callback port change nothing"({ view, browser, person }) {
    const run = await person.start("auth", "login");
    await view.page.goto(run.url);
    const stranger = await View.open(browser);
    const root = new URL(run.redirect).origin;
    const state = run.asked.get("state");
    for (const url of [
      `${run.redirect}?state=wrong&code=4/emulator-x`,
      `${run.redirect}?code=4/emulator-x`,
      `${run.redirect}?state=wrong&error=access_denied`,
      `${run.redirect}?error=access_denied`,
      run.redirect,
      `${root}/?state=${state}&code=4/emulator-x`,
      `${root}/oauth2/callback/?state=${state}&error=access_denied`,
      `${root}/favicon.ico`,
    ]) {
      await stranger.page.goto(url);
      same([await stranger.heading(), stranger.document.status()], ["Nothing here", 404], url);
      expect((await stranger.text()).includes("still waits"), "it is not said that the login still waits");
    }
    // A page of somebody else's that reaches for the port from the person's own browser.
    await stranger.page.goto("about:blank");
    await stranger.page.evaluate(async (redirect) => {
      await fetch(`${redirect}?state=wrong&code=x`, { mode: "no-cors" }).catch(() => {});
      await fetch(redirect, { mode: "no-cors", method: "POST", body: "state=wrong&code=x" }).catch(() => {});
    }, run.redirect);
    await stranger.close();
    expect(!run.ended, `the login ended: ${run.stderr}`);
    same(await person.accounts(), [], "who is logged in before Allow");
    await view.press(ALLOW);
    same((await run.finish()).code, 0, "exit code");
    await loggedIn(person, "ann@example.com");
  },

  async "a reload after it is over reaches nobody, as the page had said"({ view, person }) {
    const run = await person.start("auth", "login");
    await view.page.goto(run.url);
    await view.press(ALLOW);
    expect((await view.text()).includes("This page is shown once: it cannot be reloaded."), "the page did not say so");
    same((await run.finish()).code, 0, "exit code");
    await refuses(view.page.reload(), "the reload");
    await loggedIn(person, "ann@example.com");
  },

  async "back after it is over asks again, and a second Allow changes nothing"({ view, person }) {
    const run = await person.start("auth", "login");
    await view.page.goto(run.url);
    await view.press(ALLOW);
    same((await run.finish()).code, 0, "exit code");
    const before = await person.records();
    await view.page.goBack();
    same(await view.heading(), "Choose an account and what to allow", "heading");
    await Promise.all([view.page.waitForEvent("requestfailed"), view.page.click(ALLOW)]);
    await until("the browser gives up", () => view.page.url().startsWith("chrome-error:"));
    same(await person.records(), before, "the login");
    await loggedIn(person, "ann@example.com");
  },

  async "leaving the consent page and coming back still leads to a login"({ view, person, emulator }) {
    const run = await person.start("auth", "login");
    await view.page.goto(run.url);
    await view.page.goto(emulator.origin);
    await view.page.goBack();
    await view.page.reload();
    await view.page.goForward();
    await view.page.goBack();
    await view.press(ALLOW);
    same(await view.heading(), "Back to your terminal", "heading");
    same((await run.finish()).code, 0, "exit code");
  },

  async "a closed tab is no answer, and the address can be opened again"({ view, browser, person }) {
    const run = await person.start("auth", "login");
    const first = await View.open(browser);
    await first.page.goto(run.url);
    await first.close();
    expect(!run.ended, "the login ended");
    await view.page.goto(run.url);
    await view.press(ALLOW);
    same((await run.finish()).code, 0, "exit code");
  },

  async "two tabs with the same request: the first answer counts, the second reaches nobody"(stage) {
    const { view, browser, person } = stage;
    const run = await person.start("auth", "login");
    const second = await View.open(browser);
    for (const tab of [view, second]) await tab.page.goto(run.url);
    await second.page.getByLabel("bob@example.com").check();
    await view.press(ALLOW);
    same((await run.finish()).code, 0, "exit code");
    await Promise.all([second.page.waitForEvent("requestfailed"), second.page.click(ALLOW)]);
    await second.close();
    await loggedIn(person, "ann@example.com");
  },

  async "a double click on Allow is one Allow"({ view, emulator }) {
    await slowly(view);
    // Faster than fingers, at their pace, and slowly.
    for (const pace of [30, 60, 120, 250]) {
      await onceFor(emulator, view, (at) => twice(pace, () => view.page.mouse.click(...at)));
    }
  },

  async "a form sent twice at once is one Allow"({ view, person }) {
    const run = await person.start("auth", "login");
    await view.page.goto(run.url);
    await view.page.evaluate((selector) => {
      const button = document.querySelector(selector);
      button.form.requestSubmit(button);
      button.form.requestSubmit(button);
    }, ALLOW);
    same((await run.finish()).code, 0, `exit code: ${run.stderr}`);
    await loggedIn(person, "ann@example.com");
  },

  async "a whole login by keyboard alone"({ view, person }) {
    const run = await person.start("spaces", "create", "--name", "by keyboard", "--format", "name");
    await view.page.goto(run.url);
    const keys = view.page.keyboard;
    await keys.press("Tab");
    await keys.press("ArrowDown");
    await keys.press("Tab");
    await keys.press("Space");
    await keys.press("Space");
    await keys.press("Tab");
    same(await view.page.evaluate(() => document.activeElement.value), "allow", "where the keyboard is");
    await Promise.all([view.page.waitForEvent("load"), keys.press("Enter")]);
    same(await view.heading(), "Back to your terminal", "heading");
    same((await run.finish()).code, 0, `exit code: ${run.stderr}`);
    await loggedIn(person, "bob@example.com");
  },

  async "cancelled by keyboard alone"({ view, person }) {
    const run = await person.start("auth", "login");
    await view.page.goto(run.url);
    for (let step = 0; step < 4; step += 1) await view.page.keyboard.press("Tab");
    same(await view.page.evaluate(() => document.activeElement.value), "cancel", "where the keyboard is");
    await Promise.all([view.page.waitForEvent("load"), view.page.keyboard.press("Enter")]);
    same(await view.heading(), "Login cancelled", "heading");
    same((await run.finish()).code, 4, "exit code");
  },

  async "a whole login without scripts, on a phone"({ browser, person }) {
    const viewport = { width: 360, height: 740 };
    const phone = { javaScriptEnabled: false, isMobile: true, hasTouch: true, viewport };
    const view = await View.open(browser, phone);
    const run = await person.start("auth", "login");
    await view.page.goto(run.url);
    await view.page.getByText("bob@example.com").tap();
    await Promise.all([view.page.waitForEvent("load"), view.page.tap(ALLOW)]);
    same(await view.heading(), "Back to your terminal", "heading");
    same((await run.finish()).code, 0, "exit code");
    await view.close();
    await loggedIn(person, "bob@example.com");
  },

  // The redirect itself stays in the history: a page without scripts cannot change it. What it carries is worth nothing.
  async "what stays in the history opens nothing"({ view, person, emulator }) {
    const run = await person.start("auth", "login");
    await view.page.goto(run.url);
    await view.press(ALLOW);
    const code = new URL(view.page.url()).searchParams.get("code");
    expect(code, "the redirect carries no code");
    same((await run.finish()).code, 0, "exit code");
    const { client_id, client_secret, token_uri } = emulator.client;
    const grant = { grant_type: "authorization_code", redirect_uri: run.redirect, client_id, client_secret, code };
    for (const proof of [{}, { code_verifier: "x".repeat(43) }]) {
      const answer = await fetch(token_uri, { method: "POST", body: new URLSearchParams({ ...grant, ...proof }) });
      same([answer.status, (await answer.json()).error], [400, "invalid_grant"], "what the code still gives");
    }
  },

  async "no page of a login is told where the person came from"({ view, person }) {
    const run = await person.start("auth", "login");
    const told = [];
    view.page.on("request", (request) => told.push(request.headers().referer ?? ""));
    await view.page.goto(run.url);
    await view.press(ALLOW);
    same((await run.finish()).code, 0, "exit code");
    nothing(told.filter(Boolean), "Referer");
    const cookies = await view.context.cookies();
    nothing(cookies.map((cookie) => cookie.name), "cookies");
  },
};

/** The page is answered at once, and the news of it takes its time: enough for a second click. */
async function slowly(view) {
  await view.page.route("**/signin/oauth/consent", async (route) => {
    const response = await route.fetch({ maxRedirects: 0 });
    await pause(500);
    // Called off, if the second click got through.
    await route.fulfill({ response }).catch(() => {});
  });
}

/** A login to which `press` says yes where the button is. */
async function onceFor(emulator, view, press) {
  const person = await emulator.person();
  const run = await person.start("auth", "login", "--wait", "5");
  await view.page.goto(run.url);
  const box = await view.page.locator(ALLOW).boundingBox();
  const loaded = view.page.waitForEvent("load");
  await press([box.x + box.width / 2, box.y + box.height / 2]);
  await loaded;
  same(await view.heading(), "Back to your terminal", "heading");
  same((await run.finish()).code, 0, `exit code: ${run.stderr}`);
  same(await person.accounts(), ["ann@example.com"], "who is logged in");
}

async function twice(pace, press) {
  await press();
  await pause(pace);
  await press();
}

export async function checkFlows(report, browser, stage) {
  for (const [name, goes] of Object.entries(flows).filter(([name]) => report.wants(name))) {
    const emulator = await stage.emulator();
    const view = await View.open(browser);
    await report.check(name, async () => goes({ view, browser, emulator, person: await emulator.person() }));
    await view.close();
    await emulator.stop();
  }
}
