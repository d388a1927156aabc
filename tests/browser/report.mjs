// Every check by its name, and what came of it.

import { setTimeout as pause } from "node:timers/promises";

/** How long one check may take. The driver waits for some answers of the browser without a limit. */
const LIMIT = 120_000;

export class Report {
  passed = 0;
  failed = 0;
  skipped = 0;

  /** Only what has `pattern` in its name is checked. */
  constructor(pattern = "") {
    this.pattern = pattern;
  }

  wants(name) {
    return name.includes(this.pattern);
  }

  async check(name, body) {
    try {
      const late = pause(LIMIT, "late", { ref: false });
      expect((await Promise.race([body(), late])) !== "late", `not over after ${LIMIT / 1000} s`);
      this.passed += 1;
      console.log(`ok      ${name}`);
    } catch (error) {
      this.failed += 1;
      const text = error.name === "Failure" ? error.message : (error.stack ?? String(error));
      console.log(`FAILED  ${name}\n        ${text.trim().replaceAll("\n", "\n        ")}`);
    }
  }

  notRun(name, reason) {
    this.skipped += 1;
    console.log(`NOT RUN: ${name}: ${reason}`);
  }

  summary() {
    return `browser: ${this.passed} passed, ${this.failed} failed, ${this.skipped} not run`;
  }
}

class Failure extends Error {
  name = "Failure";
}

export function expect(truth, message) {
  if (!truth) throw new Failure(message);
}

export function same(found, wanted, what) {
  const [one, other] = [JSON.stringify(found), JSON.stringify(wanted)];
  expect(one === other, `${what}: ${one}, not ${other}`);
}

export function nothing(list, what) {
  expect(list.length === 0, `${what}:\n${list.join("\n")}`);
}
