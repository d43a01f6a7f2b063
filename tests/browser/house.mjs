// What every browser story shares: a browser, a page that remembers what went wrong on it, and checks that name what
// they found. It knows no page of Daybook.

import { createRequire } from 'node:module';
import path from 'node:path';

const STORY_LIMIT_MS = 150_000;
const ACTION_LIMIT_MS = 15_000;
const FLAGS = [
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
];

/** A clinician's desk, and a phone. */
export const SIZES = { desktop: { width: 1360, height: 900 }, phone: { width: 390, height: 844 } };

/**
 * Runs `tell(page, told)`, where `told` is what the test has passed on. Whatever is thrown, and each error that the
 * page itself reports, ends the process with 1 and the reason; what `tell` returns is printed. Where the story itself
 * leads to refusals, `refusals` says which statuses they have. A test that passes `script: 'off'` switches scripts off.
 */
export async function story(tell, { refusals = [] } = {}) {
  const told = JSON.parse(process.argv[2]);
  const limit = setTimeout(() => fail(`the story took more than ${STORY_LIMIT_MS} ms`), STORY_LIMIT_MS);
  const browser = await open();
  try {
    const javaScriptEnabled = told.script !== 'off';
    const page = await browser.newPage({ locale: 'en-US', viewport: SIZES.desktop, javaScriptEnabled });
    page.setDefaultTimeout(ACTION_LIMIT_MS);
    const complaints = listen(page, refusals);
    const result = await tell(page, told);
    expect(complaints.length === 0, `the page complains:\n${complaints.join('\n')}`);
    if (result !== undefined) process.stdout.write(result);
  } catch (error) {
    fail(error.stack);
  } finally {
    clearTimeout(limit);
    await browser.close();
  }
}

export function expect(condition, otherwise) {
  if (!condition) throw new Error(otherwise);
}

/** A module that `cargo xtask tools` has installed. */
export const tools = createRequire(path.join(process.env.DAYBOOK_TEST_TOOLS, 'node', 'package.json'));

function open() {
  const root = process.getuid?.() === 0;
  return tools('playwright-core').chromium.launch({
    executablePath: process.env.DAYBOOK_TEST_CHROMIUM,
    // Chromium's own sandbox refuses to be run by root.
    chromiumSandbox: !root,
    args: FLAGS,
  });
}

/** Errors in the console, exceptions, and requests that failed or were refused. */
function listen(page, refusals) {
  const complaints = [];
  const isExpected = (text) => refusals.some((status) => text.includes(`with a status of ${status}`));
  page.on('console', (message) => {
    const isFault = ['error', 'warning'].includes(message.type()) && !isExpected(message.text());
    if (isFault) complaints.push(`console: ${message.text()}`);
  });
  page.on('pageerror', (error) => complaints.push(`exception: ${error.message}`));
  // What a page was still asking for when its reader went on is no fault.
  const isLeft = (request) => request.failure()?.errorText === 'net::ERR_ABORTED';
  page.on('requestfailed', (request) => isLeft(request) || complaints.push(`no answer: ${request.url()}`));
  page.on('response', (answer) => {
    if (answer.status() >= 400 && !refusals.includes(answer.status())) complaints.push(`${answer.status()}: ${answer.url()}`);
  });
  return complaints;
}

function fail(reason) {
  process.stderr.write(`${reason}\n`);
  process.exitCode = 1;
}
