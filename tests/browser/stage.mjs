// What the checks work with: the program itself, as people start it, and the emulator beside it.

import { spawn } from "node:child_process";
import { once } from "node:events";
import { chmod, mkdir, mkdtemp, readFile, readdir, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { setTimeout as pause } from "node:timers/promises";

/** How long anything may take that takes milliseconds on an idle machine. */
export const PATIENCE = 20_000;

// A file of the person's is the browser: it hands on its one argument as a whole or not at all.
const BROWSER = '#!/bin/sh\nprintf %s "$1" > "$0.new" && mv "$0.new" "$0.url"\n';

export class Stage {
  #runs = new Set();
  #number = 0;

  static async open(binary) {
    const stage = new Stage();
    stage.binary = binary;
    stage.directory = await mkdtemp(path.join(tmpdir(), "chatauth-browser-"));
    return stage;
  }

  async close() {
    for (const run of this.#runs) run.kill("SIGTERM");
    await Promise.all([...this.#runs].map((run) => once(run, "close")));
    await rm(this.directory, { recursive: true, force: true });
  }

  /** Nothing of the surroundings reaches the program but where programs are. */
  spawn(words, variables = {}) {
    const env = { PATH: process.env.PATH, HOME: this.directory, TMPDIR: this.directory, ...variables };
    const child = spawn(this.binary, words, { env, cwd: this.directory, stdio: ["ignore", "pipe", "pipe"] });
    this.#runs.add(child);
    child.once("close", () => this.#runs.delete(child));
    return child;
  }

  /** An emulator that asks the person in the browser. */
  async emulator(words = [], users = ["ann@example.com", "bob@example.com"]) {
    const accounts = users.flatMap((user) => ["--user", user]);
    const child = this.spawn(["emulator", "--consent", "ask", ...accounts, ...words]);
    let text = "";
    child.stdout.setEncoding("utf8").on("data", (piece) => (text += piece));
    child.stderr.resume();
    const value = (name) => text.match(new RegExp(`^export ${name}=(.*)$`, "m"))?.[1];
    await until("the emulator serves", () => value("CHATAUTH_API_ENDPOINT"));
    const client = JSON.parse(await readFile(value("CHATAUTH_CLIENT_SECRETS"), "utf8")).installed;
    return new Emulator(this, child, value("CHATAUTH_API_ENDPOINT"), value("CHATAUTH_CLIENT_SECRETS"), client);
  }

  /** A new directory. */
  async fresh(name) {
    const directory = path.join(this.directory, `${name}-${++this.#number}`);
    await mkdir(directory, { mode: 0o700 });
    return directory;
  }
}

class Emulator {
  constructor(stage, child, origin, secrets, client) {
    Object.assign(this, { stage, child, origin, secrets, client });
  }

  /** A person's machine: a configuration directory of its own. */
  async person() {
    return new Person(this, await this.stage.fresh("config"));
  }

  /** An authorization request that no program sent. */
  authorization(changes = {}) {
    const url = new URL("/o/oauth2/v2/auth", this.origin);
    const scope = "openid email https://www.googleapis.com/auth/chat.spaces.create";
    const query = { client_id: this.client.client_id, response_type: "code", scope, redirect_uri: "http://127.0.0.1:9/" };
    for (const [name, value] of Object.entries({ ...query, ...changes })) url.searchParams.set(name, value);
    return url.href;
  }

  async stop() {
    if (this.child.exitCode !== null) return;
    this.child.kill("SIGTERM");
    await once(this.child, "close");
  }
}

class Person {
  constructor(emulator, config) {
    Object.assign(this, { emulator, config, stage: emulator.stage });
    this.variables = {
      CHATAUTH_CLIENT_SECRETS: emulator.secrets,
      CHATAUTH_API_ENDPOINT: emulator.origin,
      CHATAUTH_CONFIG_DIR: config,
    };
  }

  /** Starts a command that opens the browser, and waits for the address that the browser was given. */
  async start(...words) {
    const browser = path.join(await this.stage.fresh("browser"), "browser");
    await writeFile(browser, BROWSER);
    await chmod(browser, 0o700);
    const run = new Run(this.stage.spawn(words, { ...this.variables, BROWSER: browser }));
    run.url = await until("the browser was opened", async () => {
      if (run.ended) throw new Error(`the program ended before it opened the browser: ${run.stderr}`);
      return readFile(`${browser}.url`, "utf8").catch(() => undefined);
    });
    run.asked = new URL(run.url).searchParams;
    return run;
  }

  /** A command that needs no browser. */
  async run(...words) {
    return new Run(this.stage.spawn(words, { ...this.variables, CHATAUTH_NO_INPUT: "1" })).finish();
  }

  /** Who is logged in here, and with which secrets: read from the disk. */
  async records() {
    const names = await readdir(path.join(this.config, "accounts")).catch(() => []);
    const files = names.filter((name) => name.endsWith(".json"));
    return Promise.all(
      files.map(async (name) => JSON.parse(await readFile(path.join(this.config, "accounts", name), "utf8"))),
    );
  }

  async accounts() {
    return (await this.records()).map((record) => record.email ?? record.account).sort();
  }
}

class Run {
  stdout = "";
  stderr = "";
  ended = false;

  constructor(child) {
    this.child = child;
    child.stdout.setEncoding("utf8").on("data", (piece) => (this.stdout += piece));
    child.stderr.setEncoding("utf8").on("data", (piece) => (this.stderr += piece));
    this.closed = once(child, "close").then(([code, signal]) => {
      this.ended = true;
      this.code = code ?? signal;
    });
  }

  async finish() {
    const late = pause(PATIENCE, "late", { ref: false });
    if ((await Promise.race([this.closed, late])) === "late") {
      this.child.kill("SIGTERM");
      throw new Error(`the program did not end; so far it said: ${this.stderr}`);
    }
    return this;
  }

  /** Ends a program that still waits for its browser. */
  async abandon() {
    if (!this.ended) this.child.kill("SIGTERM");
    await this.closed;
  }

  get redirect() {
    return this.asked.get("redirect_uri");
  }
}

/** Asks until there is an answer. */
export async function until(what, answer) {
  const deadline = Date.now() + PATIENCE;
  for (;;) {
    const value = await answer();
    if (value) return value;
    if (Date.now() > deadline) throw new Error(`waited in vain until ${what}`);
    await pause(10);
  }
}
