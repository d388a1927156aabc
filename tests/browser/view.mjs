// One page in one browser context, and everything that happened to it.

import { PATIENCE } from "./stage.mjs";

export class View {
  complaints = [];
  requests = [];
  document = undefined;

  static async open(browser, options = {}) {
    const view = new View();
    view.context = await browser.newContext({ viewport: { width: 1280, height: 800 }, ...options });
    view.context.setDefaultTimeout(PATIENCE);
    view.page = await view.context.newPage();
    view.#watch();
    // Reports that carry their cause; a refused load is not always on the console.
    await view.page.addInitScript(() => {
      globalThis.broken = [];
      addEventListener("securitypolicyviolation", (event) => {
        globalThis.broken.push(`${event.violatedDirective} ${event.blockedURI}`);
      });
    });
    return view;
  }

  #watch() {
    this.page.on("console", (message) => {
      // The browser says so of every page with such a status, as it should have here.
      const status = message.text().startsWith("Failed to load resource: the server responded with a status of");
      const own = status && message.location().url === this.page.url();
      if (["error", "warning"].includes(message.type()) && !own) this.complaints.push(message.text());
    });
    this.page.on("pageerror", (error) => this.complaints.push(error.message));
    this.context.on("request", (request) => this.requests.push(request.url()));
    this.page.on("response", (response) => {
      const request = response.request();
      const whole = request.isNavigationRequest() && request.frame() === this.page.mainFrame();
      if (whole && response.status() >= 200 && ![301, 302, 303, 307, 308].includes(response.status())) {
        this.document = response;
      }
    });
  }

  /** Presses what leads elsewhere, and waits for what is there. */
  async press(selector) {
    await Promise.all([this.page.waitForEvent("load"), this.page.click(selector)]);
  }

  heading() {
    return this.page.locator("h1").innerText();
  }

  /** What a person can read, in the window's title as well. */
  async text() {
    return `${await this.page.title()}\n${await this.page.locator("body").innerText()}`;
  }

  close() {
    return this.context.close();
  }
}
