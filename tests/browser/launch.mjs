// One way to start a headless Chromium, for the tests of all pages.
import puppeteer from 'puppeteer-core';

/** A browser that asks the network for nothing of its own. */
export const launch = (executablePath) =>
  puppeteer.launch({
    executablePath,
    args: ['--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking', '--disable-component-update', '--disable-sync'],
  });
