// Runs every check, or those with PATTERN in their names: node run.mjs CHATAUTH CHROMIUM SCREENSHOTS [PATTERN]

import { mkdir, rm } from "node:fs/promises";
import { chromium } from "playwright-core";
import { checkFlows } from "./flows.mjs";
import { checkPages } from "./pages.mjs";
import { Report } from "./report.mjs";
import { checkTheChecks } from "./self.mjs";
import { Stage } from "./stage.mjs";

const [binary, executablePath, screenshots, pattern] = process.argv.slice(2);
await rm(screenshots, { recursive: true, force: true });
await mkdir(screenshots, { recursive: true });

const report = new Report(pattern);
const stage = await Stage.open(binary);
const browser = await chromium.launch({
  executablePath,
  args: [
    // The sandbox starts neither for root nor in most containers, and only our own pages are shown.
    ...["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking"],
    ...["--disable-component-update", "--disable-sync", "--disable-dev-shm-usage"],
    // What a page wants from elsewhere fails at once and alike on every machine.
    "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1",
  ],
});
try {
  await checkTheChecks(report, browser);
  await checkFlows(report, browser, stage);
  await checkPages(report, browser, stage, screenshots);
} finally {
  await browser.close();
  await stage.close();
}
console.log(report.summary());
// A check that was given up may still be waiting.
process.exit(report.failed > 0 || report.passed === 0 ? 1 : 0);
