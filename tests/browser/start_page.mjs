// The start page leads to the sandbox EHR and gives, by one click, the whole command that connects a calendar.
// Prints that command; whether it works is for the test to try.

import { expect, story } from './house.mjs';

await story(async (page, { url }) => {
  await page.goto(url);
  const command = page.locator('#command');
  await command.click({ position: { x: 5, y: 5 } });
  const selected = await page.evaluate(() => getSelection().toString());
  expect(selected.trim() === (await command.innerText()).trim(), `a click selects only: ${selected}`);

  await page.getByRole('link', { name: 'Open the sandbox EHR' }).click();
  await page.getByRole('heading', { name: 'Dr. Maya Okafor', level: 1 }).waitFor();
  return selected;
});
