// Looks at the site of the models as a reader would: `node site.mjs URL`.

import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { chromium } from "playwright-core";

const quiet = ["--disable-background-networking", "--disable-component-update", "--disable-quic", "--disable-sync"];
const executablePath = execFileSync("sh", ["-c", "command -v chromium"], { encoding: "utf8" }).trim();
// the sandbox needs rights that a container's root lacks
const browser = await chromium.launch({ executablePath, args: quiet, chromiumSandbox: false });
const page = await browser.newPage();
const errors = [];
page.on("pageerror", (error) => errors.push(error.message));
page.on("console", (message) => message.type() === "error" && errors.push(message.text()));

const title = () => page.locator("main h2").first().innerText();
const listed = () => page.locator("nav li > a").allInnerTexts();

try {
  await page.goto(process.argv[2]);
  const all = await listed();
  assert.ok(all.includes("app_paid_orders") && all.includes("orders_staging"), `${all}`);
  assert.ok(await page.locator("main svg").count() > 0, "what reads what is drawn");

  await page.fill("#search", "lifetime");
  assert.deepEqual(await listed(), ["app_customer_lifetime"]);
  await page.fill("#search", "no such words");
  assert.match(await page.locator("#list").innerText(), /Nothing holds these words/);
  await page.fill("#search", "");

  await page.click("nav >> text=app_daily_revenue >> nth=0");
  assert.equal(await title(), "app_daily_revenue");
  await page.click("main table >> text=/^paid_revenue$/");
  assert.equal(await title(), "app_daily_revenue.paid_revenue");
  const from = await page.locator(".trace").first().innerText();
  assert.match(from, /order_lines_staging\.revenue/, "back to the ODS");
  await page.goBack();
  assert.equal(await title(), "app_daily_revenue");

  for (const name of all) {
    await page.evaluate((hash) => { location.hash = hash; }, `#${name}`);
    await page.waitForFunction((name) => document.title.startsWith(name), name);
    assert.equal(await title(), name);
  }
  assert.deepEqual(errors, []);
} finally {
  await browser.close();
}
