// How somebody comes to be signed in, whichever calendar is theirs: its tile, then the provider's own page, or a password on
// ours. It is the same at the top of a window and in a frame; where the page is shown is for the story to know.

import { expect } from './house.mjs';

const TILES = {
  Google: 'Google Calendar',
  Outlook: 'Outlook / Microsoft 365',
  Apple: 'Apple Calendar (iCloud)',
  CalDAV: 'Another calendar (CalDAV)',
};

export function is_by_password(provider) {
  return ['Apple', 'CalDAV'].includes(provider);
}

export async function choose_calendar(me, page, { provider }) {
  await me.tick(page.getByRole('radio', { name: TILES[provider] }));
  await me.tick(page.getByRole('radio', { name: 'Both ways' }));
  await me.press(page.getByRole('button', { name: 'Continue to sign in' }));
}

/** From our page to where it leads when all goes well. */
export async function sign_in(me, page, told) {
  await page.getByRole('heading', { name: 'Connect your calendar', level: 1 }).waitFor();
  if (is_by_password(told.provider)) {
    await expect_words_for(page, told);
    await type_login(me, page, told);
  } else {
    await answer(me, page, told, 'Allow');
  }
}

/** Apple's server is filled in only where Apple was chosen. */
async function expect_words_for(page, { provider }) {
  const filled = await address(page).inputValue();
  expect(filled === (provider === 'Apple' ? 'https://caldav.icloud.com' : ''), `“${filled}” is filled in`);
  await page.getByText(/app-specific password/).first().waitFor();
}

function address(page) {
  return page.getByLabel('Address of the calendar server');
}

export async function type_login(me, page, { server, user, password }) {
  await me.type(address(page), server);
  await me.type(page.getByLabel('User name'), user);
  await me.type(page.getByLabel('Password'), password);
  await me.press(page.getByRole('button', { name: 'Sign in' }));
}

/** What they say to the provider's question. */
export async function answer(me, page, { provider, account }, word) {
  await me.press(page.getByRole('button', { name: `Continue to ${provider}` }));
  await me.press(page.getByRole('link', { name: account }));
  await me.press(page.getByRole('button', { name: word }));
}
