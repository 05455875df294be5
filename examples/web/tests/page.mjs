// The page in headless Chromium: waits for what its self-test says, and leaves a screenshot.
import { resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { launch } from '../../../tests/browser/launch.mjs';

const [folder, browserPath] = process.argv.slice(2);
const browser = await launch(browserPath);
const page = await browser.newPage();
page.on('pageerror', (error) => console.log(String(error)));
await page.setViewport({ width: 1100, height: 640, deviceScaleFactor: 1 });
await page.goto(`${pathToFileURL(resolve(folder, 'index.html'))}?selftest`);
try {
  // WebAssembly is compiled beside the page, so that no event of loading says when its answers are there.
  await page.waitForFunction(() => document.documentElement.dataset.selftest, { timeout: 120000 });
  console.log(await page.$eval('#tested', (footer) => footer.textContent));
  if ((await page.evaluate(() => document.documentElement.dataset.selftest)) !== 'passed') process.exitCode = 1;
} catch (error) {
  console.log(`the page did not test itself: ${await page.$eval('body', (body) => body.innerText)}\n${error}`);
  process.exitCode = 1;
}
await page.screenshot({ path: resolve(folder, 'screenshot.png') });
await browser.close();
