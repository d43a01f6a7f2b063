// How a person uses a page: with a mouse, or with keys alone. A story that is told with either says what is used, and not
// how. What Tab does not reach is an error, as is a place that does not show that it has the focus.

import { expect } from './house.mjs';
import { press, reach } from './keyboard.mjs';

const MOST_CHOICES = 40;

export function hands(page, kind) {
  return kind === 'keyboard' ? keys(page) : mouse();
}

function mouse() {
  return {
    press: (target) => target.click(),
    tick: (target) => target.check(),
    type: (target, text) => target.fill(text),
  };
}

function keys(page) {
  return {
    press: (target) => press(page, target),
    tick: (target) => tick(page, target),
    type: async (target, text) => {
      await reach(page, target);
      await page.keyboard.press('Control+A');
      await page.keyboard.type(text);
    },
  };
}

/** Tab reaches one choice of a group, and arrows go from one to the next. */
async function tick(page, target) {
  await target.waitFor();
  if (await target.isChecked()) return;
  if ((await target.getAttribute('type')) === 'checkbox') {
    await reach(page, target);
    await page.keyboard.press('Space');
    return;
  }
  const name = await target.getAttribute('name');
  const chosen = page.locator(`input[name="${name}"]:checked`);
  await reach(page, (await chosen.count()) ? chosen : page.locator(`input[name="${name}"]`).first());
  await page.keyboard.press('Space');
  for (let step = 0; step < MOST_CHOICES && !(await target.isChecked()); step += 1) {
    await page.keyboard.press('ArrowDown');
  }
  expect(await target.isChecked(), `${target} cannot be chosen by keys`);
}
