// A page, looked at in both colour schemes, on a desk and on a phone: what axe finds, whether it scrolls sideways, and whether
// words are squeezed into a column of letters.
// With `DAYBOOK_PICTURES` set to a folder, a picture of each is left there.

import { readFileSync } from 'node:fs';
import path from 'node:path';

import { SIZES, expect, tools } from './house.mjs';

const AXE = readFileSync(tools.resolve('axe-core/axe.min.js'), 'utf8');

/** What is wrong with the page as it stands, in words. */
export async function looked_at(page, name) {
  const faults = [];
  for (const colorScheme of ['light', 'dark']) {
    for (const [size, viewport] of Object.entries(SIZES)) {
      await page.emulateMedia({ colorScheme });
      await page.setViewportSize(viewport);
      await picture(page, `${name}-${colorScheme}-${size}`);
      const found = [...(await violations(page)), ...(await sideways(page)), ...(await squeezed(page))];
      faults.push(...found.map((fault) => `${name}, ${colorScheme}, ${size}: ${fault}`));
    }
  }
  return faults;
}

async function violations(page) {
  // Handed over as the browser's own tools do it, so that the page's content policy stays in force.
  if (await page.evaluate(() => !('axe' in globalThis))) await page.evaluate(AXE);
  const { violations: found, passes } = await page.evaluate(() => axe.run());
  expect(passes.length > 0, 'axe has looked at nothing');
  return found.flatMap(({ id, help, nodes }) => nodes.map(({ target }) => `${id} (${help}) at ${target.join(' ')}`));
}

async function sideways(page) {
  const { wide, seen } = await page.evaluate(() => ({
    wide: document.scrollingElement.scrollWidth,
    seen: document.documentElement.clientWidth,
  }));
  return wide > seen ? [`${wide} pixels wide where ${seen} are seen`] : [];
}

/** Words that stand on far more lines than they have words were broken for want of room. An address may take two. */
async function squeezed(page) {
  return page.evaluate(() => {
    const texts = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
    const found = [];
    while (texts.nextNode()) {
      const words = texts.currentNode.data.trim().split(/\s+/);
      const around = document.createRange();
      around.selectNodeContents(texts.currentNode);
      const lines = new Set([...around.getClientRects()].map(({ top }) => Math.round(top))).size;
      if (lines > 2 * words.length) found.push(`“${words.join(' ')}” stands on ${lines} lines`);
    }
    return found;
  });
}

async function picture(page, name) {
  const folder = process.env.DAYBOOK_PICTURES;
  if (folder) await page.screenshot({ path: path.join(folder, `${name}.png`), fullPage: true });
}
