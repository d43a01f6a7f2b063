// What every browser story shares: a browser, a page that remembers what went wrong on it, and checks that name what
// they found. It knows no page of Daybook.

import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import path from 'node:path';

// Generous, since machines are busy: nothing is timed with them.
const STORY_LIMIT_MS = 300_000;
const ACTION_LIMIT_MS = 60_000;
const MOST_LOOKS = 240;
const PAUSE_MS = 250;
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
 * leads to refusals, `refusals` says which statuses they have; `foreseen` holds words of other complaints that belong to it. A test that passes `script: 'off'` switches scripts off;
 * one that passes `sites: '*.test'` has those hosts on this machine, over TLS whose certificate proves nothing, in a
 * browser that blocks the cookies of third parties.
 */
export async function story(tell, { refusals = [], foreseen = [] } = {}) {
  const told = JSON.parse(process.argv[2]);
  const limit = setTimeout(() => fail(`the story took more than ${STORY_LIMIT_MS} ms`), STORY_LIMIT_MS);
  const { browser, page, profile } = await open(told);
  try {
    page.setDefaultTimeout(ACTION_LIMIT_MS);
    const heard = listen(page.context(), refusals);
    const result = await tell(page, told);
    const complaints = heard.filter((complaint) => !foreseen.some((words) => complaint.includes(words)));
    expect(complaints.length === 0, `the page complains:\n${complaints.join('\n')}`);
    if (result !== undefined) process.stdout.write(result);
  } catch (error) {
    fail(error.stack);
  } finally {
    clearTimeout(limit);
    await browser.close();
    // A process of the browser may still be writing there.
    if (profile) rmSync(profile, { recursive: true, force: true, maxRetries: 20, retryDelay: 100 });
  }
}

export function expect(condition, otherwise) {
  if (!condition) throw new Error(otherwise);
}

/** Asks again and again until it is so. What it asks brings the page up to date where nothing else does. */
export async function eventually(page, what, is_so) {
  for (let look = 0; look < MOST_LOOKS; look += 1) {
    if (await is_so()) return;
    await page.waitForTimeout(PAUSE_MS);
  }
  throw new Error(`it never came to this: ${what}`);
}

/** A module that `cargo xtask tools` has installed. */
export const tools = createRequire(path.join(process.env.DAYBOOK_TEST_TOOLS, 'node', 'package.json'));

async function open({ script, sites }) {
  const { chromium } = tools('playwright-core');
  const program = {
    executablePath: process.env.DAYBOOK_TEST_CHROMIUM,
    // Chromium's own sandbox refuses to be run by root.
    chromiumSandbox: process.getuid?.() !== 0,
    args: FLAGS,
  };
  const shown = { locale: 'en-US', viewport: SIZES.desktop, javaScriptEnabled: script !== 'off' };
  if (sites) return open_strict(chromium, { ...program, ...shown }, sites);
  const browser = await chromium.launch(program);
  return { browser, page: await browser.newPage(shown) };
}

/** Only a profile can hold what a person sets in the browser's settings. */
async function open_strict(chromium, options, sites) {
  const profile = mkdtempSync(path.join(tmpdir(), 'daybook-browser-'));
  const blocked = { profile: { cookie_controls_mode: 1, block_third_party_cookies: true } };
  mkdirSync(path.join(profile, 'Default'));
  writeFileSync(path.join(profile, 'Default', 'Preferences'), JSON.stringify(blocked));
  const args = [...options.args, `--host-resolver-rules=MAP ${sites} 127.0.0.1`];
  const browser = await chromium.launchPersistentContext(profile, { ...options, args, ignoreHTTPSErrors: true });
  return { browser, page: browser.pages()[0] ?? (await browser.newPage()), profile };
}

/** Errors in the console, exceptions, and requests that failed or were refused, in every window of the story. */
function listen(windows, refusals) {
  const complaints = [];
  const isExpected = (text) => refusals.some((status) => text.includes(`with a status of ${status}`));
  windows.on('console', (message) => {
    const isFault = ['error', 'warning'].includes(message.type()) && !isExpected(message.text());
    if (isFault) complaints.push(`console: ${message.text()}`);
  });
  windows.on('weberror', (fault) => complaints.push(`exception: ${fault.error().message}`));
  // What a page was still asking for when its reader went on is no fault.
  const isLeft = (request) => request.failure()?.errorText === 'net::ERR_ABORTED';
  windows.on('requestfailed', (request) => isLeft(request) || complaints.push(`no answer: ${request.url()}`));
  windows.on('response', (answer) => {
    if (answer.status() >= 400 && !refusals.includes(answer.status())) complaints.push(`${answer.status()}: ${answer.url()}`);
  });
  return complaints;
}

function fail(reason) {
  process.stderr.write(`${reason}\n`);
  process.exitCode = 1;
}
