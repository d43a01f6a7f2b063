// What a person without a mouse does on the EHR's week. Everything here is a key that is pressed; a place that Tab does
// not reach, or that does not show that it has the focus, is an error.

import { expect } from './house.mjs';

const LONGEST_WAY = 120;

/** Tabs to an element and makes sure that one sees where one is. */
export async function reach(page, target) {
  for (let step = 0; step < LONGEST_WAY; step += 1) {
    if (await target.evaluate((element) => element === document.activeElement)) {
      const visible = await target.evaluate(
        (element) => element.matches(':focus-visible') && getComputedStyle(element).outlineStyle !== 'none',
      );
      expect(visible, `${target} does not show that it has the focus`);
      return;
    }
    await page.keyboard.press('Tab');
  }
  throw new Error(`${target} cannot be reached by Tab`);
}

export async function press(page, target, key = 'Enter') {
  await reach(page, target);
  await page.keyboard.press(key);
}

/** Types `2026-12-14T10:20` into a field of date and time, part by part. */
export async function typeStart(page, field, start) {
  await reach(page, field);
  const [year, month, day, hour, minute] = start.split(/[-T:]/);
  await page.keyboard.type(`${month}${day}${year}`);
  // A year may have six digits, so that the field waits for more.
  await page.keyboard.press('ArrowRight');
  const twelve = String(hour % 12 || 12).padStart(2, '0');
  await page.keyboard.type(`${twelve}${minute}${hour < 12 ? 'A' : 'P'}`);
  expect((await field.inputValue()) === start, `${start} was typed, and ${await field.inputValue()} stands there`);
}

/** Goes so many weeks on, from the clinician's current week. */
export async function goOn(page, weeks) {
  for (let week = 0; week < weeks; week += 1) {
    const before = page.url();
    await press(page, page.getByRole('link', { name: 'Next week' }));
    await page.waitForURL((url) => url.href !== before);
  }
}

/** Opens the card of an appointment and returns it. */
export async function openCard(page, client) {
  await press(page, page.getByRole('button', { name: client }));
  const card = page.getByRole('dialog', { name: client });
  await card.waitFor();
  return card;
}

/** Waits until the page says this. */
export async function told(page, words) {
  await page.getByRole('status').filter({ hasText: words }).waitFor();
}
