// What has to be true of every page that people see.

import { readFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { expect, nothing, same } from "./report.mjs";

const AXE = await readFile(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");
const RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"];

export const SIZES = { phone: { width: 360, height: 740 }, desktop: { width: 1280, height: 800 } };
const NARROWEST = { width: 320, height: 640 };
export const SCHEMES = ["light", "dark"];

/** Each is given the page as it is (`plain`), without scripts (`scriptless`), and with the policy lifted (`lifted`). */
export const properties = {
  async "has a title and a language"({ plain }) {
    expect((await plain.page.title()).trim().length > 3, "there is no title");
    same(await plain.page.locator("html").getAttribute("lang"), "en", "lang");
  },

  async "never scrolls sideways"({ plain }) {
    for (const size of [NARROWEST, ...Object.values(SIZES)]) {
      await plain.page.setViewportSize(size);
      const wide = await plain.page.evaluate(() => {
        const room = document.documentElement.clientWidth;
        const found = [...document.body.querySelectorAll("*")].filter((it) => {
          const box = it.getBoundingClientRect();
          return box.width > 0 && (box.right > room + 0.5 || box.left < -0.5 || it.scrollWidth > it.clientWidth + 1 && it.clientWidth > 0);
        });
        const scrolls = document.scrollingElement.scrollWidth > room ? ["the page"] : [];
        return [...scrolls, ...found.map((it) => `${it.localName}: ${it.textContent.trim().slice(0, 60)}`)];
      });
      nothing(wide, `wider than ${size.width} pixels`);
    }
  },

  async "is laid out for the phone that shows it"({ scriptless }) {
    await scriptless.page.setViewportSize(SIZES.phone);
    same(await scriptless.page.evaluate(() => innerWidth), SIZES.phone.width, "width of the layout");
  },

  async "is the same without scripts"({ plain, scriptless }) {
    const stable = (text) => text.replace(/\s+/g, " ");
    same(stable(await scriptless.text()), stable(await plain.text()), "text without scripts");
  },

  async "is really light and really dark"({ plain, tool }) {
    for (const [scheme, wanted] of [["light", (it) => it > 0.8], ["dark", (it) => it < 0.15]]) {
      await plain.page.setViewportSize(SIZES.desktop);
      await plain.page.emulateMedia({ colorScheme: scheme });
      const picture = (await plain.page.screenshot({ fullPage: true })).toString("base64");
      const brightness = await tool.page.evaluate(mean, picture);
      expect(wanted(brightness), `${scheme} has a mean brightness of ${brightness.toFixed(2)}`);
    }
  },

  async "passes axe in light"(views) {
    await axe(views.lifted, "light");
  },

  async "passes axe in dark"(views) {
    await axe(views.lifted, "dark");
  },

  async "can be used by keyboard, and shows where it is"({ plain }) {
    const wanted = await plain.page.evaluate(() => {
      const radios = new Set();
      const all = document.querySelectorAll("a[href], button, input:not([type=hidden]), select, textarea, [onclick]");
      const stops = [...all].filter((it) => {
        if (it.type !== "radio") return true;
        return !radios.has(it.name) && radios.add(it.name);
      });
      document.activeElement.blur();
      return stops.length;
    });
    const seen = new Set();
    for (let step = 0; step < wanted; step += 1) {
      await plain.page.keyboard.press("Tab");
      const stop = await plain.page.evaluate(() => {
        const it = document.activeElement;
        const style = getComputedStyle(it);
        const shown = style.outlineStyle !== "none" && parseFloat(style.outlineWidth) >= 2;
        return { name: `${it.localName} ${it.name ?? ""} ${it.value ?? it.href ?? ""}`, shown };
      });
      expect(stop.shown, `nobody sees that the keyboard is at: ${stop.name}`);
      seen.add(stop.name);
    }
    same(seen.size, wanted, "what Tab reaches");
  },

  async "complains about nothing and keeps its policy"({ plain }) {
    const broken = await plain.page.evaluate(() => globalThis.broken);
    nothing([...plain.complaints, ...broken], "the browser complains");
  },

  async "fetches nothing from elsewhere"({ plain }) {
    const elsewhere = plain.requests.filter((url) => new URL(url).hostname !== "127.0.0.1");
    nothing(elsewhere, "asked of other machines");
    const loaded = await plain.page.evaluate(() => performance.getEntriesByType("resource").map((it) => it.name));
    nothing(loaded, "loaded besides the page");
  },

  async "says in its headers that nothing is to be kept, run or told"({ plain }) {
    const headers = plain.document.headers();
    for (const [name, value] of [
      ["content-type", "text/html; charset=utf-8"],
      ["cache-control", "no-store"],
      ["referrer-policy", "no-referrer"],
      ["x-content-type-options", "nosniff"],
    ]) {
      same(headers[name], value, name);
    }
    const policy = headers["content-security-policy"] ?? "";
    for (const directive of ["default-src 'none'", "base-uri 'none'", "frame-ancestors 'none'", "form-action"]) {
      expect(policy.includes(directive), `the policy lacks ${directive}: ${policy}`);
    }
    expect(!policy.includes("script"), `scripts are allowed: ${policy}`);
  },

  async "shows no secret"({ plain }) {
    const text = await plain.text();
    nothing(plain.secrets.filter((secret) => text.includes(secret)).map((it) => `${it.slice(0, 6)}…`), "shown");
  },
};

async function axe(view, scheme) {
  for (const size of Object.values(SIZES)) {
    await view.page.setViewportSize(size);
    await view.page.emulateMedia({ colorScheme: scheme });
    const result = await onOnePage(async () => {
      await view.page.evaluate(AXE);
      return view.page.evaluate((tags) => globalThis.axe.run(document, { runOnly: tags }), RULES);
    });
    expect(result.passes.length > 5, "axe looked at nothing");
    // What axe could not measure is no proof that it can be read.
    const unsure = result.incomplete.filter((rule) => rule.id === "color-contrast");
    const found = [...result.violations, ...unsure].flatMap((rule) =>
      // A mark that only repeats the heading need not be read.
      rule.nodes.filter((node) => !node.html.includes('aria-hidden="true"')).map((node) => `${rule.id}: ${node.html.slice(0, 120)} ${node.failureSummary ?? ""}`),
    );
    nothing(found, `axe at ${size.width} pixels`);
  }
}

/** Runs `look`, and runs it again if the page refreshed itself meanwhile. */
async function onOnePage(look) {
  for (let left = 3; ; left -= 1) {
    try {
      return await look();
    } catch (error) {
      if (left === 0 || !/navigation|is not defined|undefined/.test(error.message)) throw error;
    }
  }
}

/** The mean relative brightness of a picture, from 0 to 1. Runs in a page. */
async function mean(base64) {
  const bytes = Uint8Array.from(atob(base64), (letter) => letter.charCodeAt(0));
  const picture = await createImageBitmap(new Blob([bytes], { type: "image/png" }));
  const canvas = new OffscreenCanvas(picture.width, picture.height).getContext("2d");
  canvas.drawImage(picture, 0, 0);
  const { data } = canvas.getImageData(0, 0, picture.width, picture.height);
  let sum = 0;
  for (let at = 0; at < data.length; at += 4) {
    sum += 0.2126 * data[at] + 0.7152 * data[at + 1] + 0.0722 * data[at + 2];
  }
  return sum / (255 * (data.length / 4));
}
