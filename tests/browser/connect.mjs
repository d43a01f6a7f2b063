// A newcomer connects a calendar from the start page, by keyboard alone: our page, the provider's, and back. First they
// change their mind, or leave a box unticked where the provider shows boxes; the way on from there is one link.

import { expect, story } from './house.mjs';
import { press, reach } from './keyboard.mjs';

await story(async (page, { url, provider, account, clinician }) => {
  await page.goto(url);
  await page.getByLabel('Clinician').selectOption({ label: clinician });
  await press(page, page.getByRole('button', { name: `Sandbox ${provider}` }));
  await page.getByRole('heading', { name: 'Connect your calendar', level: 1 }).waitFor();
  expect((await page.locator('dl').innerText()).includes('demo'), 'our page does not name the practice');
  await press(page, page.getByRole('button', { name: `Continue to ${provider}` }));
  await choose(page, account);
  if (provider === 'Google') {
    await leave_the_boxes_empty(page);
    await stopped(page, url, provider, account, 'Allow');
  } else {
    await stopped(page, url, provider, account, 'Cancel');
  }
  await press(page, page.getByRole('button', { name: 'Allow' }));
  await page.getByRole('heading', { name: `Connected as ${account}` }).waitFor();
}, { refusals: [422] });

async function choose(page, account) {
  await press(page, page.getByRole('link', { name: account }));
  await page.getByRole('button', { name: 'Allow' }).waitFor();
}

async function leave_the_boxes_empty(page) {
  for (const box of await page.getByRole('checkbox').all()) {
    await reach(page, box);
    await page.keyboard.press('Space');
  }
}

/** Ends on a page that says so and leads on; and on from there to the consent again. */
async function stopped(page, url, provider, account, by) {
  const answered = page.waitForResponse((answer) => answer.url().startsWith(`${url}/oauth/`));
  await press(page, page.getByRole('button', { name: by }));
  expect((await answered).status() === 422, 'a stopped sign-in is no success');
  expect((await page.getByRole('heading', { level: 1 }).innerText()) !== '', 'the page does not say what happened');
  await press(page, page.getByRole('main').getByRole('link').first());
  await press(page, page.getByRole('button', { name: `Continue to ${provider}` }));
  await choose(page, account);
}
